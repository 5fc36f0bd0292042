"""What a builder is handed: scratch, progress, a log and `run.map`."""

import os

import pyarrow.parquet as pq
import pytest


@pytest.mark.outcome("Nothing is left, however the run ends.")
@pytest.mark.parametrize(
    ("lines", "code"),
    [("return table", 0), ("raise ValueError", 3), ("raise Refused(['no'])", 2)],
)
def test_scratch_is_private_and_always_goes_away(project, build, lines, code):
    use = "(run.scratch / 'big').write_text('x')\nassert run.scratch.is_dir()\n"
    ended = build(use + lines)
    assert ended.code == code, ended.err
    assert not any("scratch" in path.name for path in project.path.rglob("*"))


DEEP = """
import os
here = os.open(run.scratch, os.O_RDONLY)
for _ in range(1200):
    os.mkdir("folder", dir_fd=here)
    os.close(os.open("file", os.O_CREAT, dir_fd=here))
    below = os.open("folder", os.O_RDONLY, dir_fd=here)
    os.close(here)
    here = below
os.symlink(os.getcwd(), "outside", dir_fd=here)
END
return table
"""


@pytest.mark.outcome("Removed, and what a link in it leads to is not.")
@pytest.mark.parametrize("killed", [False, True])
def test_scratch_of_more_folders_than_a_path_can_name_goes_away(project, build, killed):
    ended = build(DEEP.replace("END", "os.kill(os.getpid(), 9)" if killed else ""), apart=True)
    assert ended.code == (-9 if killed else 0), ended.err
    if killed:
        ended = build("return table", apart=True)
        assert ended.code == 0, ended.err
    assert ended.err.count("Traceback") == 0
    assert not (project.path / ".t.parquet.scratch").exists()
    assert (project.path / "b.py").exists()


@pytest.mark.outcome("Nothing is left.")
def test_the_scratch_of_a_killed_run_is_removed_by_the_next(project, build):
    build("(run.scratch / 'big').write_text('x')\nimport os\nos.kill(os.getpid(), 9)", apart=True)
    assert list(project.path.glob(".t.parquet.scratch/*"))
    build("assert not list(run.scratch.iterdir())\nreturn table")
    assert not (project.path / ".t.parquet.scratch").exists()
    assert (project.path / "t.parquet").exists()


def test_progress_and_log_of_a_builder_are_shown(build):
    lines = """with run.progress(2, "files") as step:
    step()
    step(0, 1)
run.log.info("looked at %s", "a\\x1b[31m")
return table"""
    ended = build(lines)
    assert "files: 1 of 2 done, 1 failed" in ended.err
    assert "tablehost: looked at a\\x1b[31m" in ended.err


MAPS = {
    "lambda item, settings: item": "run.map was given a lambda; give it a function that is defined",
    "functools.partial(of_item, settings=1)": "run.map was given a partial; give it a function",
    "of_item": "of_item(item) is called as of_item(item, settings); let it take both",
    "inner": "must be defined at module level",
    "wrapped": "two must be defined at module level, under this name in b",
    "unannotated": "unannotated must annotate its return value",
    "returns_int": "must annotate its return value with the attrs class",
    "misspelt": "cannot be resolved: name 'Rwo' is not defined",
}


@pytest.mark.outcome("Exit 3: what it must be.")
@pytest.mark.parametrize("function", MAPS)
def test_a_function_that_no_worker_could_run_is_refused_before_any_work(project, build, function):
    helpers = """
import attrs, functools
@attrs.frozen
class Row:
    n: int
def two(item, settings) -> Row: return Row(2)
@functools.wraps(two)
def wrapped(item, settings) -> Row: return Row(5)
def unannotated(item, settings): return Row(1)
def returns_int(item, settings) -> int: return 1
def of_item(item) -> Row: return Row(1)
def misspelt(item, settings) -> "Rwo": return Row(1)
"""
    lines = f"""import functools
def inner(item, settings) -> Row: ...
return run.map({function}, [1], key=str)"""
    ended = build(lines, describe=helpers)
    assert ended.code == 3, ended.err
    assert MAPS[function] in ended.err
    assert "builder b (" in ended.err


ITEMS = {
    "run.map(work, [Mutable(1)], key=repr)": (
        3,
        "item class Mutable can be changed; decorate",
    ),
    "run.map(work, ['a'], key=str, settings=Mutable(1))": (
        3,
        "settings class Mutable can be changed",
    ),
    "run.map(work, (x for x in run.map(work, ['a'], key=str)), key=repr)": (0, ""),
    "run.map(work, nested(run, work), key=str)": (3, "run.map was called while another map lists"),
    "run.map(work, ['a', 'a'], key=str)": (3, "two items have the key 'a'"),
    "run.map(work, [1], key=int)": (3, "a key is a string"),
    "run.map(work, [lambda: 1], key=repr)": (
        3,
        "of the type function, whose value is not known; give run.map identity=",
    ),
    "run.map(work, [Job()], key=repr)": (
        3,
        "cannot be sent to a worker: not picklable; it must be",
    ),
    "run.map(work, ['a'], key=str, settings=Job())": (
        3,
        "settings of work cannot be sent to a wor",
    ),
    "run.map(work, ['a'], key=str, settings=Holds(len))": (
        3,
        "settings field held of Holds is <built-in function len>, which no recipe can hold",
    ),
    "run.map(work, ['a'], key=str, settings={})": (3, "must be an attrs instance, not dict"),
    "run.map(wrong, ['a'], key=str)": (1, "wrong-result: Row, got 3 (int)"),
    "run.map(huge, ['a'], key=str)": (1, r"wrong-result: field n: int, got b'\xff' (bytes)"),
    "run.map(exits, ['a'], key=str)": (1, "worker-killed: exit code 3"),
    "run.map(work, [], key=str)": (0, ""),
    "run.map(work, (x for x in 'ab'), key=str)": (0, ""),
    "run.map(bad_item(), ['a'], key=str)": (3, "NameError"),
}


@pytest.mark.outcome("Exit 3, or the item fails; no traceback.")
@pytest.mark.parametrize("call", ITEMS)
def test_items_that_cannot_be_worked_on_are_named(project, build, call):
    helpers = """
import attrs
@attrs.frozen
class Row:
    n: int
def work(item: str, settings: None) -> Row: return Row(1)
def wrong(item: str, settings: None) -> Row: return 3
def huge(item: str, settings: None) -> Row: return Row(b'\\xff')
def exits(item: str, settings: None) -> Row: raise SystemExit(3)
def nested(run, work): yield from map(repr, run.map(work, ['a'], key=str))
@attrs.define
class Mutable:
    n: int
@attrs.frozen
class Holds:
    held: object
@attrs.frozen
class Job:
    n: int = 1
    def __reduce__(self): raise TypeError("not picklable")
"""
    ended = build(f"list({call})\nreturn table", describe=helpers)
    code, said = ITEMS[call]
    assert ended.code == code, ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err


SAYS = """
import subprocess
from attrs import frozen
from tablehost import Run, Tool, hookimpl

@frozen
class Options:
    \"\"\"Note what a program says.\"\"\"
    tools: tuple[Tool, ...]
    \"\"\"Programs.\"\"\"

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    said = [subprocess.run([one], capture_output=True, text=True).stdout for one in options.tools]
    return pa.table({"said": said})
"""


@pytest.mark.outcome("The file that was given is run, whose digest is recorded.")
def test_a_tool_is_never_a_program_of_the_search_path_that_has_its_name(project):
    (project.path / "says.py").write_text(SAYS)
    for folder in ("", "elsewhere"):
        (project.path / folder).mkdir(exist_ok=True)
        program = project.path / folder / "speak"
        program.write_text(f"#!/bin/sh\necho {folder or 'here'}\n")
        program.chmod(0o755)
    path = os.pathsep.join([str(project.path / "elsewhere"), os.environ["PATH"]])
    words = ("run", "./says.py", "--tools", "./speak", "--out", "t.parquet")
    ended = project.run(*words, env={"PATH": path})
    assert ended.code == 0, ended.err
    assert pq.read_table(project.path / "t.parquet")["said"].to_pylist() == ["here\n"]
