"""Items that are listed while others are worked on, and work in the host's own process."""

import os

import pyarrow.parquet as pq
import pytest

SLOWLY = '''
import os, sys, time
from pathlib import Path
from attrs import frozen
from tablehost import ItemFailed, Run, Tuning, hookimpl

@frozen
class Options:
    """List numbers one after the other."""
    twice: Tuning[bool] = False
    """List the first one again."""

@frozen
class Row:
    number: int
    process: int

def work(number: int, settings: None) -> Row:
    with Path("worked-on").open("a") as file:
        file.write(f"{number}\\n")
    print("working on", number)
    if number == 3:
        raise ItemFailed("odd", "three")
    if number == 4:
        sys.exit(7)
    return Row(number, os.getpid())

def slowly(options: Options):
    for number in range(3):
        time.sleep(0.06)
        yield number
        until = time.monotonic() + 20
        while str(number) not in Path("worked-on").read_text().split():
            assert time.monotonic() < until, "nothing is worked on before all is listed"
            time.sleep(0.01)
    if options.twice:
        yield 0

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    Path("worked-on").touch()
    found = list(run.map(work, ITEMS, key=str))
    return pa.table({"number": [r.number for r in found], "process": [r.process for r in found]})
'''


@pytest.mark.outcome("Each is worked on before the next is listed.")
@pytest.mark.parametrize("workers", [0, 1])
def test_work_starts_while_items_are_listed(project, workers):
    source = SLOWLY.replace("ITEMS", "slowly(options)")
    if not workers:  # nothing can be worked on here while an item is listed
        source = source.replace("while str(number)", "while False and str(number)")
    project.write("slowly.py", source)
    ended = project.run("run", "./slowly.py", "--out", "t.parquet", "--workers", workers)
    assert ended.code == 0, ended.err
    assert pq.read_table(project.path / "t.parquet")["number"].to_pylist() == [0, 1, 2]


@pytest.mark.outcome("Exit 3 as soon as it is listed; what was done is kept.")
def test_a_key_that_is_listed_twice_ends_the_run_at_once(project, worked_on):
    project.write("slowly.py", SLOWLY.replace("ITEMS", "slowly(options)"))
    run = ("run", "./slowly.py", "--out", "t.parquet", "--workers", 1)
    ended = project.run(*run, "--twice")
    assert ended.code == 3
    assert "two items have the key '0'; a key names one item" in ended.err
    assert worked_on() == ["0", "1", "2"]
    (project.path / "worked-on").write_text("0 1 2")
    assert project.run(*run).code == 0


@pytest.mark.outcome("The same rows and failures as of workers; exit 1.")
def test_without_workers_items_are_done_in_the_process_of_the_host(project):
    project.write("here.py", SLOWLY.replace("ITEMS", "range(6)"))
    ended = project.run("run", "./here.py", "--out", "t.parquet", "--workers", 0)
    assert ended.code == 1, ended.err
    assert ended.out == ""
    assert ended.err.count("working on") == 6
    rows = pq.read_table(project.path / "t.parquet").to_pylist()
    assert [row["number"] for row in rows] == [0, 1, 2, 5]
    assert {row["process"] for row in rows} == {os.getpid()}
    run = project.manifest("t.parquet")
    failures = run["run"]["failures"]
    here = [(one["key"], one["reason"], one["detail"]) for one in failures]
    assert here == [("3", "odd", "three"), ("4", "worker-killed", "exit code 7")]
    assert run["run_provenance"]["sessions"][0]["workers"] == 0
    project.run("run", "./here.py", "--out", "u.parquet", "--workers", 2)
    assert project.manifest("u.parquet")["run"]["failures"] == failures
    there = pq.read_table(project.path / "u.parquet")
    assert there["number"].to_pylist() == [0, 1, 2, 5]
    assert os.getpid() not in there["process"].to_pylist()


TWO_MAPS = '''
from pathlib import Path
from attrs import frozen
from tablehost import Run, hookimpl

@frozen
class Options:
    """Scale numbers by two factors."""
    second: int = 10
    """The second factor."""

@frozen
class Settings:
    factor: int

@frozen
class Row:
    number: int

def scale(number: int, settings: Settings) -> Row:
    with Path("worked-on").open("a") as file:
        file.write(f"{number}*{settings.factor}\\n")
    return Row(number * settings.factor)

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    maps = [run.map(scale, [1, 2], key=str, settings=Settings(n)) for n in (2, options.second)]
    return pa.table({"number": [row.number for rows in maps for row in rows]})
'''


@pytest.mark.outcome("Both are kept; another setting wants `--overwrite`.")
def test_a_function_may_be_mapped_with_several_settings(project, worked_on):
    project.write("two.py", TWO_MAPS)
    run = ("run", "./two.py", "--out", "t.parquet", "--workers", 0)
    assert project.run(*run).code == 0
    assert worked_on() == ["1*2", "2*2", "1*10", "2*10"]
    assert pq.read_table(project.path / "t.parquet")["number"].to_pylist() == [2, 4, 10, 20]
    assert "up to date" in project.run(*run).err
    found = project.manifest("t.parquet")
    assert [one["ok"] for one in found["run"]["maps"]] == [2, 2]
    assert len({one["recipe"] for one in found["run"]["maps"]}) == 2
    assert found["run"]["items"]["total"] == 2
    ended = project.run(*run, "--second", 3)
    assert ended.code == 2
    assert " of two:scale; give another --out" in ended.err
    assert project.run(*run, "--second", 3, "--overwrite").code == 0
    assert worked_on() == ["1*3", "2*3"]
