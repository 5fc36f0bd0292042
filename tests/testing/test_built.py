"""What builder authors test with: the real host, called from a test."""

import pyarrow.parquet as pq
import pytest

from tablehost import Refused
from tablehost.testing import build

BUILDER = """
from attrs import frozen
from tablehost import Refused, Run, hookimpl

@frozen
class Options:
    \"\"\"Count.\"\"\"
    rows: int = 2
    \"\"\"Rows to make.\"\"\"

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    if not options.rows:
        raise Refused(["no rows"])
    return pa.table({"n": range(options.rows)})
"""


@pytest.fixture
def builder(tmp_path, monkeypatch, request):
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(tmp_path / ".cache"))
    path = tmp_path / f"{request.node.name}.py"  # a module of its own
    path.write_text(BUILDER)
    return path


def test_a_built_table_is_read_back_with_its_manifest(builder, tmp_path):
    out = tmp_path / "t.parquet"
    built = build(builder, out, rows=3)
    assert built.table.equals(pq.read_table(out))
    assert built.manifest["table"]["rows"] == built.landed.rows == 3
    assert built.manifest["run_provenance"]["args_from"]["rows"] == "flag"


def test_a_builder_that_declines_raises_what_the_command_line_reports(builder, tmp_path):
    with pytest.raises(Refused, match="no rows"):
        build(builder, tmp_path / "t.parquet", rows=0)
    assert not (tmp_path / "t.parquet").exists()
