"""What a cluster does to a run that takes longer: hosts that differ, and what is lost."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from small_builders import SIZES

import tablehost

pytest.importorskip(
    "distributed", reason="the tests of --scheduler are left out: pip install 'tablehost[dask]'"
)
pytestmark = pytest.mark.long

as_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"),
    reason="a host without the mount is left out: it takes root and unshare",
)
TO_CLUSTER = ("run", "./squares.py", "--out", "t.parquet", "--scheduler")
# Items that end their parent as well, as the end of a container out of memory does.
POISON = '''
import os, signal
from pathlib import Path
from attrs import frozen
from tablehost import Build, Run, hookimpl

@frozen
class Options:
    """Square numbers, of which some are poison."""
    poison: tuple[int, ...] = ()
    """They kill the worker of the engine."""

@frozen
class Square:
    square: int

def square(number: int, settings: Options) -> Square:
    if number in settings.poison:
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    return Square(number**2)

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    found = run.map(square, range(40), key=lambda n: f"{n:02d}", settings=options)
    return Build(pa.table({"square": [one.square for one in found]}), inputs="none")
'''
# Items of a package that is installed, with a tool that may be changed before the first one.
DOUBLE = '''
from attrs import frozen
from tablehost import Build, Run, Tool, Tuning, hookimpl
from doubling import double

@frozen
class Options:
    """Double numbers."""
    tool: Tool
    """Its content decides a result."""
    change: Tuning[bool] = False
    """Change the tool before the first item."""

@frozen
class Settings:
    tool: Tool

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    def items():
        if options.change:
            options.tool.write_text("changed")
        yield from range(5)
    found = run.map(double, items(), key=str, settings=Settings(options.tool))
    return Build(pa.table({"double": [one.number for one in found]}), inputs="none")
'''
DOUBLING = """
from attrs import frozen

@frozen
class Double:
    number: int

def double(number, settings) -> Double:
    return Double(2 * number)
"""


@pytest.fixture
def doubles(project):
    project.write("double.py", DOUBLE)
    project.write("here/doubling/__init__.py", DOUBLING)
    project.write("tool", "as it was")
    project.path.joinpath("tool").chmod(0o755)
    return project


def doubled(project, cluster, *options):
    """Run the builder of an installed package on a cluster."""
    run = ("run", "./double.py", "--tool", "./tool", "--out", "t.parquet", *options)
    env = {"PYTHONPATH": str(project.path / "here")}
    return project.process(*run, "--scheduler", cluster.address, env=env)


@pytest.mark.outcome("Only that item fails; what was lost with it is done again.")
def test_items_that_kill_the_worker_of_the_engine_too(project, cluster):
    project.write("poison.py", POISON)
    cluster.worker("--nanny")
    cluster.worker("--nanny")
    run = ("run", "./poison.py", "--poison", 7, "--poison", 8, "--out", "t.parquet")
    done = project.run(*run, "--scheduler", cluster.address)
    assert done.code == 1, done.err
    section = project.manifest("t.parquet")["run"]
    assert [one["key"] for one in section["failures"]] == ["07", "08"]
    assert section["failures"][0]["reason"] == "worker-killed"
    assert section["items"]["ok"] == 38


@pytest.mark.outcome("Its items are done by others once `worker-ttl` is over; no item fails.")
def test_a_worker_that_is_stopped(squares, cluster, when):
    first = cluster.worker()
    cluster.worker()
    when(5, lambda: os.kill(first.pid, signal.SIGSTOP))
    done = squares.run(*TO_CLUSTER, cluster.address, "--count", 30, "--slow", 0.1)
    assert done.code == 0, done.err


@pytest.mark.outcome("What it works on ends with it: the slots are free for the next run.")
def test_ctrl_c_while_a_cluster_works(squares, cluster, when):
    cluster.worker()
    run = (*TO_CLUSTER, cluster.address, "--count", 4, "--slow", 20)
    interrupted = squares.start(*run)
    when(1, lambda: interrupted.send_signal(signal.SIGINT))
    _, err = interrupted.communicate(timeout=30)
    assert interrupted.returncode == 130, err
    began = time.monotonic()
    done = squares.run(*TO_CLUSTER, cluster.address, "--count", 4, "--fresh", "--slow", 0.01)
    assert done.code == 0, done.err
    assert time.monotonic() - began < 6


@pytest.mark.outcome("Exit 130 with one line; nothing is left of the cluster.")
def test_ctrl_c_at_a_terminal_while_local_workers_work(squares, when):
    run = (*TO_CLUSTER, "local:2", "--count", 4, "--slow", 20)
    interrupted = squares.start(*run, start_new_session=True)
    when(2, lambda: os.killpg(interrupted.pid, signal.SIGINT))
    _, err = interrupted.communicate(timeout=60)
    assert interrupted.returncode == 130, err
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("tablehost: stopped by SIGINT")


@pytest.mark.outcome("It is checked, and works from then on.")
def test_a_worker_that_joins_late(squares, cluster, when):
    cluster.worker()
    when(3, cluster.worker)
    done = squares.run(*TO_CLUSTER, cluster.address, "--count", 60, "--slow", 0.15)
    assert done.code == 0, done.err
    (host,) = squares.manifest("t.parquet")["run_provenance"]["hosts"]
    assert host["workers"] == 2


@pytest.mark.outcome("The items wait, and the run says so.")
def test_a_cluster_without_a_worker(squares, cluster):
    waiting = squares.start(*TO_CLUSTER, cluster.address)
    assert "--scheduler has no worker now; the items wait for one" in waiting.stderr.readline()
    cluster.worker()
    _, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, err


@as_root
@pytest.mark.outcome("It is not used; no item fails.")
def test_a_host_without_the_mount(project, cluster):
    project.write("sizes.py", SIZES)
    for number in range(40):
        project.write(f"folder/{number:02d}", "x" * number)
    folder = project.path / "folder"
    hidden = f'mount -t tmpfs none {folder} && exec "$@"'
    cluster.worker(before=("unshare", "-m", "sh", "-c", hidden, "sh"))
    cluster.worker()
    run = ("run", "./sizes.py", "--folder", "folder", "--out", "t.parquet")
    done = project.run(*run, "--scheduler", cluster.address, env={"PACE": "0.05"})
    assert done.code == 0, done.err
    assert project.manifest("t.parquet")["run"]["items"]["ok"] == 40
    assert f"{folder}/" in done.err
    assert "is missing there, and is here" in done.err


@as_root
@pytest.mark.outcome("Exit 2; the line names the host and the file.")
def test_no_host_has_the_mount(project, cluster):
    project.write("sizes.py", SIZES)
    project.write("folder/a", "a")
    hidden = f'mount -t tmpfs none {project.path / "folder"} && exec "$@"'
    cluster.worker(before=("unshare", "-m", "sh", "-c", hidden, "sh"))
    run = ("run", "./sizes.py", "--folder", "folder", "--out", "t.parquet")
    done = project.run(*run, "--scheduler", cluster.address)
    assert done.code == 2
    assert "no worker of --scheduler is left, so no table was written" in done.err
    assert f"{os.uname().nodename}: {project.path}/folder/a is missing there" in done.err


@pytest.mark.outcome("It is not used, and named with both digests; exit 2 where none is left.")
def test_a_host_with_other_code_of_the_builder(doubles, cluster):
    doubles.write("there/doubling/__init__.py", DOUBLING + "\n# another\n")
    cluster.worker(PYTHONPATH=str(doubles.path / "there"))
    done = doubled(doubles, cluster)
    assert done.code == 2
    here, there = (doubles.digest(f"{one}/doubling/__init__.py")[:12] for one in ("here", "there"))
    said = f"module doubling/__init__.py is {there} there and {here} here"
    assert f"finished items are kept: {os.uname().nodename}: {said}" in done.err
    cluster.worker(PYTHONPATH=str(doubles.path / "here"))
    began = time.monotonic()
    done = doubled(doubles, cluster)
    assert done.code == 0, done.err
    assert time.monotonic() - began < 20  # batches do not come back to the refused worker


@pytest.mark.outcome("It is not used, and named with both digests.")
def test_a_host_without_the_code_of_the_builder(doubles, cluster):
    cluster.worker()
    done = doubled(doubles, cluster)
    assert done.code == 2
    assert "module doubling/__init__.py is missing there and" in done.err


@pytest.mark.outcome("It is not used, and named with both digests.")
def test_a_host_with_another_tool(doubles, cluster):
    cluster.worker(PYTHONPATH=str(doubles.path / "here"))
    assert doubled(doubles, cluster).code == 0
    done = doubled(doubles, cluster, "--fresh", "--overwrite", "--change")
    assert done.code == 2
    assert f"file {doubles.path}/tool is {doubles.digest('tool')[:12]} there and" in done.err


@pytest.mark.outcome("It is not used, and named with both versions.")
def test_a_host_with_another_tablehost(squares, cluster):
    folder = Path(tablehost.__file__).parent
    shutil.copytree(folder, squares.path / "other/tablehost")
    with (squares.path / "other/tablehost/split.py").open("a") as file:
        file.write("# another\n")
    cluster.worker(PYTHONPATH=str(squares.path / "other"))
    done = squares.run(*TO_CLUSTER, cluster.address)
    assert done.code == 2
    assert "tablehost is 1.0.0 " in done.err


@pytest.mark.outcome("It is not used, and named.")
def test_a_host_without_tablehost(squares, cluster):
    squares.write("without/tablehost/__init__.py", "raise ImportError('No module named tablehost')")
    cluster.worker(PYTHONPATH=str(squares.path / "without"))
    done = squares.run(*TO_CLUSTER, cluster.address)
    assert done.code == 2
    assert f"{os.uname().nodename}: tablehost cannot be imported there" in done.err


@pytest.mark.outcome("It is not used, although what is on its disk is the same.")
def test_a_worker_that_has_loaded_an_earlier_tablehost(squares, cluster):
    folder = Path(tablehost.__file__).parent
    own = squares.path / "own/tablehost"
    shutil.copytree(folder, own)
    env = {"PYTHONPATH": str(own.parent)}
    cluster.worker(**env)
    assert squares.process(*TO_CLUSTER, cluster.address, env=env).code == 0
    with (own / "split.py").open("a") as file:
        file.write("# another\n")
    done = squares.process(*TO_CLUSTER, cluster.address, "--fresh", "--overwrite", env=env)
    assert done.code == 2
    assert "another since this worker was started" in done.err
