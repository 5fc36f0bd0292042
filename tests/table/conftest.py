"""What the units of the core stand on."""

import pytest

from tablehost.table import statistics
from tablehost.table import summary as columns


@pytest.fixture
def out(tmp_path):
    return tmp_path / "t.parquet"


@pytest.fixture(scope="module")
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "BLOCK", 4)
        patch.setattr(columns, "ROWS_AT_ONCE", 4)
        yield
