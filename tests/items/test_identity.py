"""What makes an item another one: its values, and every file that it reads."""

import re
import shlex
import shutil
import sqlite3
from contextlib import closing

import pyarrow.parquet as pq
import pytest

JOBS = '''
import csv, dataclasses, datetime, decimal, enum
from pathlib import Path
from typing import Any, NamedTuple
import attrs
from attrs import frozen
from tablehost import Build, InputDir, InputFile, Run, hookimpl

@frozen
class Options:
    """Scale the sizes of files by factors of a list, against a reference."""
    jobs: InputFile
    """CSV of name, factor and reference."""
    corpus: InputDir
    """Folder of the files."""

@frozen
class Job:
    path: Path
    factor: float
    reference: Path | None = None

@frozen
class Scaled:
    name: str
    size: float

@frozen
class Doubled:
    name: str
    size: float

def note(text):
    with Path("worked-on").open("a") as file:
        file.write(f"{text}\\n")

def scale(job: Job, settings: None) -> Scaled:
    note(job.path.stem)
    size = len(job.path.read_text()) * job.factor
    for path in sorted(job.reference.rglob("*")) if job.reference else ():
        size += len(path.read_text()) if path.is_file() else 0
    if job.reference and job.reference.is_file():
        size += len(job.reference.read_text())
    return Scaled(job.path.stem, size)

def double(row: Scaled, settings: None) -> Doubled:
    note(f"double-{row.name}")
    return Doubled(row.name, 2 * row.size)

def files(job: Job):
    return (job.path, job.reference) if job.reference else job.path

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    with options.jobs.open() as file:
        jobs = [
            Job(options.corpus / name, float(factor), options.corpus / more if more else None)
            for name, factor, more in csv.reader(file)
        ]
    found = run.map(scale, jobs, key=lambda job: job.path.stem, input=files)
    rows = list(run.map(double, found, key=lambda row: row.name))
    return pa.table({"name": [r.name for r in rows], "size": [r.size for r in rows]})
'''
RUN = ("run", "./jobs.py", "--jobs", "jobs.csv", "--corpus", "corpus", "--out", "t.parquet")
RUN += ("--workers", 0)


@pytest.fixture
def jobs(project):
    """Give a project of two files, the second with a reference, of which a table was made."""
    project.write("jobs.py", JOBS)
    project.write("jobs.csv", "a.txt,1,\nb.txt,2,more.ref\n")
    for name, text in {"a.txt": "aaa", "b.txt": "bbbb", "more.ref": "12345"}.items():
        project.write(f"corpus/{name}", text)
    assert project.run(*RUN).code == 0
    assert sizes(project) == {"a": 6, "b": 26}
    return project


def sizes(project):
    rows = pq.read_table(project.path / "t.parquet").to_pylist()
    return {row["name"]: row["size"] for row in rows}


@pytest.mark.outcome("The item is done again, and every map over its result; no other is.")
def test_an_item_whose_values_change_is_done_again(jobs, worked_on):
    worked_on()
    jobs.write("jobs.csv", "a.txt,3,\nb.txt,2,more.ref\n")
    assert jobs.run(*RUN).code == 0
    assert sizes(jobs) == {"a": 18, "b": 26}
    assert worked_on() == ["a", "double-a"]
    jobs.write("jobs.csv", "a.txt,1,\nb.txt,2,more.ref\n")
    assert jobs.run(*RUN).code == 0
    assert sizes(jobs) == {"a": 6, "b": 26}
    assert worked_on() == []


@pytest.mark.outcome("Noticed by `why` and `verify`; what `why` prints leads to `current`.")
def test_the_second_file_of_an_item_is_an_input_like_the_first(jobs, worked_on):
    worked_on()
    described = jobs.manifest("t.parquet")["run_provenance"]["inputs"]["corpus"]
    assert described["files"] == 3
    assert "dir_hash1" in described
    assert jobs.run("why", "t.parquet").code == 0
    jobs.write("corpus/more.ref", "123")
    assert jobs.run("verify", "t.parquet", "--inputs", "full").code == 1
    asked = jobs.run("why", "t.parquet")
    assert asked.code == 1
    assert "changed more.ref" in asked.out
    (line,) = re.findall(r"to refresh +tablehost (.*)", asked.out)
    assert jobs.run(*shlex.split(line), "--workers", 0).code == 0
    assert sizes(jobs) == {"a": 6, "b": 22}
    assert worked_on() == ["b", "double-b"]
    assert jobs.run("why", "t.parquet").code == 0


@pytest.mark.outcome("Nothing is done again.")
def test_a_corpus_that_moved_costs_nothing(jobs, worked_on):
    worked_on()
    shutil.move(jobs.path / "corpus", jobs.path / "elsewhere")
    moved = ["elsewhere" if word == "corpus" else word for word in RUN]
    ended = jobs.run(*moved)
    assert ended.code == 0, ended.err
    assert worked_on() == []
    described = jobs.manifest("t.parquet")["run_provenance"]["inputs"]["corpus"]
    assert described["path"] == "elsewhere"


@pytest.mark.outcome("A file that is added, changed or gone in it: the item is done again.")
def test_a_folder_is_an_input_by_all_its_files(jobs, worked_on):
    jobs.write("jobs.csv", "a.txt,1,\nb.txt,2,sub\n")
    jobs.write("corpus/sub/deep/x", "12")
    expected = {"12": 20, "123": 22}
    for text, size in expected.items():
        jobs.write("corpus/sub/deep/x", text)
        assert jobs.run(*RUN).code == 0
        assert sizes(jobs)["b"] == size
        worked_on()
    jobs.write("corpus/sub/y", "1")
    assert jobs.run(*RUN).code == 0
    assert sizes(jobs)["b"] == 24
    assert worked_on() == ["b", "double-b"]
    (jobs.path / "corpus/sub/y").unlink()
    assert jobs.run(*RUN).code == 0
    assert worked_on() == []
    described = jobs.manifest("t.parquet")["run_provenance"]["inputs"]["corpus"]
    assert described["files"] == 3


@pytest.mark.outcome("Each map is counted; an item is counted once.")
def test_every_map_has_its_counts(jobs):
    run = jobs.manifest("t.parquet")["run"]
    counts = ("function", "total", "done_before", "ok", "failed")
    assert [tuple(one[name] for name in counts) for one in run["maps"]] == [
        ("jobs:scale", 2, 0, 2, 0),
        ("jobs:double", 2, 0, 2, 0),
    ]
    assert run["items"]["total"] == 2


SLOWLY = """
def slowly(jobs):
    import time
    for job in jobs:
        time.sleep(0.1)
        yield job
        Path("corpus/c.txt").write_text("22")
"""


@pytest.mark.outcome("Exit 2: nothing is written, and what was done is kept.")
def test_a_file_that_two_items_read_and_that_changed_between_them_ends_the_run(jobs):
    jobs.write("jobs.csv", "a.txt,1,c.txt\nb.txt,2,c.txt\n")
    jobs.write("corpus/c.txt", "1")
    source = (jobs.path / "jobs.py").read_text()
    source = source.replace("run.map(scale, jobs,", "run.map(scale, slowly(jobs),")
    jobs.write("jobs.py", f"{source}\n{SLOWLY}")
    before = jobs.digest("t.parquet")
    ended = jobs.run(*RUN, "--keep-items")
    assert ended.code == 2, ended.err
    assert "corpus/c.txt changed while the table was built; nothing was written" in ended.err
    assert jobs.digest("t.parquet") == before
    assert jobs.run(*RUN, "--keep-items").code == 0
    assert sizes(jobs) == {"a": 10, "b": 20}


def test_a_finished_row_says_how_long_it_took_and_where(jobs):
    with closing(sqlite3.connect(jobs.path / "t.parquet.ledger")) as db:
        rows = db.execute("SELECT seconds, worker, code FROM items").fetchall()
    assert len(rows) == 4
    assert all(0 <= seconds < 10 and ":" in worker for seconds, worker, _ in rows)


SETTINGS = '''
from pathlib import Path
from attrs import frozen
from tablehost import InputFile, Run, hookimpl

@frozen
class Options:
    """Read files that the settings name."""
    model: tuple[InputFile, ...]
    """Files."""

@frozen
class Settings:
    model: tuple[InputFile, ...]

@frozen
class Row:
    text: str

def work(item: int, settings: Settings) -> Row:
    return Row(settings.model[0].read_text())

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    found = run.map(work, [1], key=str, settings=Settings(options.model))
    return pa.table({"text": [row.text for row in found]})
'''


@pytest.mark.outcome("By content, also in a tuple; exit 3 for a Path without a role.")
def test_files_in_settings_count_by_content(project):
    run = "run ./one.py --model m.txt --out t.parquet --workers 0 --overwrite".split()
    project.write("one.py", SETTINGS)
    for text in ("one", "two"):
        project.write("m.txt", text)
        assert project.run(*run).code == 0
        assert pq.read_table(project.path / "t.parquet")["text"].to_pylist() == [text]
    before, _, after = SETTINGS.rpartition("tuple[InputFile, ...]")
    project.write("one.py", f"{before}tuple[Path, ...]{after}")
    ended = project.run(*run)
    assert ended.code == 3, ended.err
    assert "settings field model of Settings is a bare Path; make it InputFile or" in ended.err
