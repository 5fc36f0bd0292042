"""Every kind of option comes back from the manifest as it was given, from wherever it was given."""

import hashlib

import pytest

ECHO = '''
from pathlib import Path
from typing import Literal
from attrs import frozen
from tablehost import Gate, InputFile, Labelled, Run, ScratchDir, Tool, Tuning, hookimpl

@frozen
class Options:
    """Put every option in a row of its own."""
    files: tuple[Labelled[InputFile], ...]
    """Labelled files."""
    model: Tool | str = "own"
    """A file or a name."""
    other: Tool | str = "own"
    """A file or a name."""
    rest: Gate[tuple[Path, ...]] = ()
    """More files."""
    numbers: tuple[int, ...] = (1, 2)
    """Whole numbers."""
    ratio: float = 0.5
    """A number."""
    way: Literal["one", "two"] = "one"
    """One of two."""
    most: int | None = None
    """A number, or none."""
    flag: bool = True
    """Yes or no."""
    scratch: ScratchDir | None = None
    """For files that are not kept."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    (run.scratch / "x").touch()
    files = [f"{one.label} {one.value.read_text()}" for one in options.files]
    tools = (options.model, options.other)
    tools = [one if isinstance(one, str) else one.read_text() for one in tools]
    rest = [one.read_text() for one in options.rest]
    plain = map(repr, (options.numbers, options.ratio, options.way, options.most, options.flag))
    return pa.table({"value": [*files, *tools, *rest, *plain]})
'''


@pytest.fixture
def echo(bench):
    """Build a table in a folder below that of its files."""
    (bench.path / "echo.py").write_text(ECHO)
    for name in ("a=b", "c", "model", "rest"):
        (bench.path / name).write_text(f"text of {name}")
    for name in ("sub", "fast"):
        (bench.path / name).mkdir()
    files = ("--files", "x y=../a=b", "--files", f"z={bench.path}/c")
    tools = ("--model", "../model", "--other", "c", "--scratch", "../fast")
    plain = ("--rest", "../rest", "--numbers", "7", "--ratio", "1", "--way", "two", "--no-flag")
    out = ("--out", bench.path / "t.parquet")
    ended = bench.tablehost("run", "../echo.py", *files, *tools, *plain, *out, cwd="sub")
    assert ended.code == 0, ended.err
    return bench


def test_paths_are_taken_from_the_folder_of_the_run_and_names_are_no_paths(echo):
    (echo.path / "fast").rmdir()
    assert echo.replay("t.parquet")["verdict"] == "reproduced-bytes"
    assert echo.replay("../t.parquet", cwd="sub")["verdict"] == "reproduced-bytes"


def test_moved_files_of_any_role_are_found_by_the_map(echo):
    (echo.path / "new").mkdir()
    for name in ("a=b", "model", "rest", "echo.py"):
        (echo.path / name).rename(echo.path / "new" / name)
    moved = [f"--map={name}=new/{name}" for name in ("model", "rest", "echo.py")]
    moved.append(f"--map=c={echo.path}/c")
    assert echo.replay("t.parquet", *moved)["verdict"] == "cannot"
    found = echo.replay("t.parquet", *moved, f"--map={echo.path}=new")
    assert found["verdict"] == "reproduced-bytes", found["why"]


def test_a_tool_with_other_content_is_named_and_not_run(echo):
    (echo.path / "model").write_text("another text")
    found = echo.replay("t.parquet")
    assert found["verdict"] == "environment-changed"
    sha256 = hashlib.sha256(b"another text").hexdigest()
    said = f"tool model model (sha256 {sha256}) is not the recorded one, so that it is not run"
    assert found["why"] == [said]


BOUND = '''
from typing import Annotated
from attrs import frozen
from tablehost import Build, Run, Was, hookimpl

@frozen
class Options:
    """Put a number in a table."""
    lower: int = 1
    """A number."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    return Build(pa.table({"bound": [options.lower]}), inputs="none")
'''


def test_an_option_that_was_renamed_is_replayed_and_refreshed_by_its_new_name(bench, monkeypatch):
    bench.install(monkeypatch, "bound", BOUND)
    bench.build("bound", "--lower", 7, "--out", "t.parquet")
    renamed = BOUND.replace("options.lower", "options.low")
    renamed = renamed.replace("lower: int", 'low: Annotated[int, Was("lower")]')
    bench.install(monkeypatch, "bound", renamed)
    ended = bench.tablehost("replay", "t.parquet")
    assert ended.out.startswith("reproduced-bytes"), ended
    assert "--lower is named --low now" in ended.err
    script = bench.tablehost("replay", "t.parquet", "--script").out
    assert "--low 7" in script
    (answer,) = bench.tablehost("why", "t.parquet", "--json").json["tables"]
    assert [reason["kind"] for reason in answer["reasons"]] == ["code-changed"]
    assert "--lower is named --low now" in answer["notes"]
    (command,) = answer["refresh"]["commands"]
    assert command[:5] == ["tablehost", "run", "bound", "--low", "7"]
    bench.build(*command[2:])
    assert bench.tablehost("why", "t.parquet").code == 0
