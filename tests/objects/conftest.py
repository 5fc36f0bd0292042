"""A server of objects for each module, and a project whose environment has its address."""

from collections.abc import Iterator

import pytest
from object_store import MISSING, Store, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Store]:
    for name in ("moto", "obstore"):
        pytest.importorskip(name, reason=MISSING)
    with serving() as store:
        yield store


@pytest.fixture
def store(server: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.forget()
    yield server
    server.refuse.clear()
    server.before, server.without_etag = None, False
