"""The same work on a Dask cluster: the same bytes, also where workers are lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest
from small_builders import SIZES

pytest.importorskip(
    "distributed", reason="the tests of --scheduler are left out: pip install 'tablehost[dask]'"
)
TO_CLUSTER = ("run", "./squares.py", "--out", "t.parquet", "--scheduler")
WHERE = '''
import stat
from pathlib import Path
from attrs import frozen
from tablehost import Build, Run, hookimpl
import beside

@frozen
class Options:
    """Note where the code of items is."""

@frozen
class Item:
    number: int

@frozen
class Place:
    file: str
    mode: str
    named: int

def place(item: Item, settings: None) -> Place:
    folder = Path(__file__).parent
    return Place(__file__, oct(stat.S_IMODE(folder.stat().st_mode)), beside.named(item.number))

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    found = list(run.map(place, [Item(7)], key=lambda item: str(item.number)))
    columns = {name: [getattr(one, name) for one in found] for name in ("file", "mode", "named")}
    return Build(pa.table(columns), inputs="none")
'''
HIDDEN = '''
from attrs import frozen
from tablehost import Build, Run, Secret, hookimpl

@frozen
class Options:
    """Take a secret with the items, or with the settings."""
    token: Secret[str] = ""
    """The secret."""
    in_items: bool = False
    """Whether items have it."""

@frozen
class Settings:
    token: Secret[str] = ""

@frozen
class Item:
    text: str

@frozen
class Length:
    length: int

def measure(item: Item, settings: Settings) -> Length:
    return Length(len(item.text + settings.token))

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    text, kept = (options.token, "") if options.in_items else ("", options.token)
    items, settings = [Item(text)], Settings(kept)
    found = list(run.map(measure, items, key=lambda item: "one", settings=settings))
    return Build(pa.table({"length": [one.length for one in found]}), inputs="none")
'''


def digests_known(project):
    with sqlite3.connect(project.path / ".cache/digests.sqlite") as cache:
        return cache.execute("SELECT count(*) FROM file").fetchone()[0]


@pytest.mark.outcome("The bytes of the table are those of one machine; the manifest has the hosts.")
def test_items_on_a_cluster(squared, shared):
    before = squared.digest("t.parquet")
    done = squared.run(*TO_CLUSTER, shared.address, "--fresh", "--overwrite")
    assert done.code == 0, done.err
    assert f"5 of 5 done, on {os.uname().nodename} 5" in done.err
    assert squared.digest("t.parquet") == before
    provenance = squared.manifest("t.parquet")["run_provenance"]
    (host,) = provenance["hosts"]
    assert host["host"] == os.uname().nodename
    assert (host["items"], host["workers"]) == (5, 1)
    assert host["versions"].keys() == provenance["sessions"][-1]["packages"].keys() | {"python"}


@pytest.mark.outcome("The item fails with the reason `worker-killed`, the others do not.")
def test_an_item_that_kills_its_process_on_a_cluster(squares, shared):
    done = squares.run(*TO_CLUSTER, shared.address, "--kill", 3)
    assert done.code == 1, done.err
    assert squares.manifest("t.parquet")["run"]["failures"] == [
        {"key": "0003", "reason": "worker-killed", "detail": "ended by SIGKILL"}
    ]


@pytest.mark.outcome("It and the modules beside it travel, into a private folder that goes away.")
def test_a_builder_of_one_file_on_a_cluster(project, shared):
    project.write("where.py", WHERE)
    project.write("beside.py", "def named(number):\n    return number + 1\n")
    done = project.run("run", "./where.py", "--out", "t.parquet", "--scheduler", shared.address)
    assert done.code == 0, done.err
    import pyarrow.parquet as pq

    (row,) = pq.read_table(project.path / "t.parquet").to_pylist()
    assert (row["mode"], row["named"]) == ("0o700", 8)
    assert not row["file"].startswith(str(project.path))
    until = time.monotonic() + 5
    while Path(row["file"]).exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not Path(row["file"]).parent.exists()


@pytest.mark.outcome("It stays out of the cache of digests: the file may be another one here.")
def test_the_state_of_a_file_that_another_host_has_read(project, shared):
    project.write("sizes.py", SIZES)
    for name in ("a", "b"):
        os.utime(project.write(f"folder/{name}", name), (1, 1))
    time.sleep(2.1)  # until then no file is taken for unchanged
    run = ("run", "./sizes.py", "--folder", "folder", "--out", "t.parquet")
    assert project.run(*run, "--scheduler", shared.address).code == 0
    assert digests_known(project) == 0
    assert project.run(*run, "--fresh", "--overwrite").code == 0
    assert digests_known(project) == 2


@pytest.mark.parametrize("where", [(), ("--in-items",)], ids=["settings", "items"])
@pytest.mark.outcome("Refused: without TLS it would travel as it is.")
def test_a_secret_on_its_way_to_a_cluster(project, shared, where):
    project.write("hidden.py", HIDDEN)
    run = ("run", "./hidden.py", "--token", "hunter2", "--out", "t.parquet", *where)
    done = project.run(*run, "--scheduler", shared.address)
    assert done.code == 2
    assert "the secret option --token, which --scheduler would send to other hosts" in done.err
    assert "hunter2" not in done.err
    assert not (project.path / "t.parquet").exists()


@pytest.mark.long
@pytest.mark.outcome("Its items are done again by the other one; no item fails.")
def test_a_worker_that_is_killed(squares, shared, when, worked_on):
    when(10, shared.worker().kill)
    done = squares.run(*TO_CLUSTER, shared.address, "--count", 40, "--slow", 0.05)
    assert done.code == 0, done.err
    assert squares.manifest("t.parquet")["run"]["items"]["ok"] == 40
    assert len(worked_on()) < 60


@pytest.mark.long
def test_a_scheduler_that_does_not_answer(squares):
    done = squares.run(*TO_CLUSTER, "tcp://127.0.0.1:9")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "--scheduler tcp://127.0.0.1:9 does not answer" in done.err
    assert squares.files() == {"squares.py"}


def test_a_scheduler_without_dask(squares, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = squares.run(*TO_CLUSTER, "local:1")
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert "--scheduler local:1 needs Dask (" in line
    assert line.endswith(": pip install 'tablehost[dask]'")


@pytest.mark.parametrize("address", ["10.0.0.1:8786", "local:0", "tcp://there", "ray://x:1"])
def test_an_address_that_is_none(squares, address):
    done = squares.run(*TO_CLUSTER, address)
    assert done.code == 2
    assert f"got {address!r}" in done.err


def test_the_address_from_the_environment_and_from_the_configuration(squares):
    run = ("run", "./squares.py", "--out", "t.parquet")
    done = squares.run(*run, env={"TABLEHOST_SCHEDULER": "nowhere"})
    assert "got 'nowhere'" in done.err
    squares.write("tablehost.toml", '[tablehost]\nscheduler = "nothing"\n')
    assert "got 'nothing'" in squares.run(*run).err


def test_dask_is_imported_only_for_a_scheduler(project):
    code = "import sys, tablehost.items.pool as p; p.pool_of(1); print(*sys.modules)"
    assert {"distributed", "dask"} & {*project.python(code).out.split()} == set()


# The last one: from here on there is no cluster.
@pytest.mark.long
@pytest.mark.outcome("Exit 2 with one line within seconds; the same command goes on without it.")
def test_a_scheduler_that_is_killed(squares, shared, when, worked_on):
    when(3, lambda: os.kill(shared.scheduler.pid, signal.SIGKILL))
    began = time.monotonic()
    lost = squares.run(*TO_CLUSTER, shared.address, "--count", 60, "--slow", 0.1)
    assert time.monotonic() - began < 10
    assert lost.code == 2
    (line,) = lost.err.splitlines()
    assert "the scheduler was lost, so no table was written; finished items are kept" in line
    assert squares.files() >= {"t.parquet.ledger"}
    first = worked_on()
    done = squares.run("run", "./squares.py", "--out", "t.parquet", "--count", 60)
    assert done.code == 0, done.err
    assert len(set(first) & set(worked_on())) < 40
    assert squares.manifest("t.parquet")["run"]["items"]["done_before"] > 0
