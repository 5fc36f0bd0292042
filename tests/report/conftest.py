"""Tables to look at, their pages, and one browser for all tests that look at them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

MEASURES = '''
from attrs import frozen

from tablehost import Build, ItemFailed, Run, View, hookimpl


@frozen
class Options:
    """Measure made-up clips."""

    seed: int = 1
    """Of the numbers."""
    clips: int = 60
    """How many."""


@frozen
class Row:
    clip: str
    score: float
    size: float | None
    kind: str


def name(number: int) -> str:
    return f"clip{number:03}"


def measure(number: int, options: Options) -> Row:
    if number % 20 == 7:
        raise ItemFailed("damaged", "frame 3")
    score = (number * 7919 + options.seed * 31) % 101 / 7
    size = None if number % 10 == 3 else score * 2 + number % 5 + options.seed
    return Row(name(number), score, size, ("film", "phone", "<b>game</b>")[number % 3])


@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa

    rows = list(run.map(measure, range(options.clips), key=name, settings=options))
    table = {
        "clip": [row.clip for row in rows],
        "score": [row.score for row in rows],
        "size": [row.size for row in rows],
        "kind": [row.kind for row in rows],
        "codec": ["h264"] * len(rows),
        "empty": pa.nulls(len(rows), pa.float64()),
    }
    view = View(label="score", group="kind", unit={"size": "px"}, describe={"size": "of a clip"})
    return Build(pa.table(table), key=("clip",), view=view)
'''


@pytest.fixture(scope="session")
def measured(new_project: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Make two tables of the same columns, once; of both some items failed."""
    made = new_project(tmp_path_factory.mktemp("measured"))
    made.write("measures.py", MEASURES)
    for seed, name in ((1, "one"), (4, "other")):
        command = ("run", "./measures.py", "--seed", seed, "--workers", 0, "--out")
        assert made.run(*command, f"{name}.parquet").code == 1
    return made


@pytest.fixture(scope="session")
def page_of(measured: Any) -> Callable[..., Path]:
    """Give what writes a page, and its place."""

    def write(*tokens: object) -> Path:
        ended = measured.run("report", *tokens)
        assert ended.code == 0, ended.err
        return Path(measured.path / ended.out.split(maxsplit=1)[1].strip())

    return write


@pytest.fixture(scope="session")
def one(page_of: Callable[..., Path]) -> Path:
    """Write the page of a table against another one."""
    return page_of("one.parquet", "--against", "other.parquet")


@pytest.fixture(scope="session")
def folder(page_of: Callable[..., Path]) -> Path:
    """Write the pages of a folder."""
    return page_of(".", "--out", "pages")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start a real browser, once."""
    api = pytest.importorskip(
        "playwright.sync_api",
        reason="pages are not looked at in a browser; for that, pip install playwright",
    )
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("pages are not looked at in a browser; for that, apt-get install chromium")
    with api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def look(browser: Any) -> Iterator[Callable[..., Any]]:
    """Give what opens a page; at the end, it has asked for nothing and said nothing."""
    contexts, noise = [], []

    def open_page(path: Path, **options: Any) -> Any:
        context = browser.new_context(offline=True, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on("request", lambda request: noise.append(request.url))
        page.noise = noise
        page.goto(path.as_uri())
        noise.remove(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert noise == []
