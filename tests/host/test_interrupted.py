import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pexpect
import psutil
import pyarrow.parquet as pq
import pytest

RUN = ("run", "./squares.py", "--out", "t.parquet")


@pytest.fixture
def started(squares):
    """Start a run and wait until it works on some items."""
    processes = []

    def start(*tokens, lines=3, new_group=False):
        process = squares.start(*RUN, *tokens, start_new_session=new_group)
        processes.append(process)
        deadline = time.monotonic() + 60
        path = squares.path / "worked-on"
        while not path.exists() or len(path.read_text().split()) < lines:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def children_of(process):
    return psutil.Process(process.pid).children(recursive=True)


def finished(path):
    """Name the items that a ledger has."""
    if not path.exists():
        return set()
    with closing(sqlite3.connect(path)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'items'").fetchone():
            return set()
        return {row[0] for row in db.execute("SELECT key FROM items")}


@pytest.mark.outcome("It fails as `worker-killed`; the others are rows.")
def test_a_killed_worker_costs_its_own_item_and_no_other(squares, worked_on):
    ended = squares.run(*RUN, "--count", 40, "--kill", 3, "--kill", 11, "--workers", 2)
    failures = squares.manifest("t.parquet")["run"]["failures"]
    assert ended.code == 1
    assert [(one["key"], one["reason"]) for one in failures] == [
        ("0003", "worker-killed"),
        ("0011", "worker-killed"),
    ]
    assert failures[0]["detail"] == "ended by SIGKILL"
    assert pq.read_table(squares.path / "t.parquet").num_rows == 38
    assert sorted(worked_on()) == [f"{number:04d}" for number in range(40)]


@pytest.mark.outcome("Exit 1: every item failed.")
def test_items_that_kill_every_worker_leave_no_table_and_no_hang(squares):
    tokens = [token for number in range(5) for token in ("--kill", number)]
    ended = squares.run(*RUN, *tokens)
    assert ended.code == 1
    assert "every item failed (5)" in ended.err
    assert "t.parquet" not in squares.files()


@pytest.mark.outcome("Every item is worked on; at most the one it held fails.")
def test_a_stopped_worker_that_is_killed_costs_at_most_the_item_that_it_held(
    started, squares, worked_on
):
    process = started("--count", 8, "--slow", 0.3, "--workers", 2, lines=2)
    for child in children_of(process)[:1]:
        child.suspend()
        child.kill()
    process.communicate()
    failed = squares.manifest("t.parquet")["run"]["failures"]
    assert len(failed) <= 1
    assert sorted(set(worked_on())) == [f"{number:04d}" for number in range(8)]


@pytest.mark.outcome("Exit 130; finished items are kept, at most those at work are lost.")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_a_run_in_order(started, squares, worked_on, number):
    process = started("--count", 200, "--slow", 0.05)
    children = children_of(process)
    process.send_signal(number)
    began = time.monotonic()
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert f"stopped by {number.name}; finished items are kept, and the same command goes" in err
    assert "Traceback" not in err
    assert time.monotonic() - began < 3
    assert psutil.wait_procs(children, timeout=2)[1] == []
    assert squares.files() == {"squares.py", "worked-on", "t.parquet.ledger"}
    done, tried = finished(squares.path / "t.parquet.ledger"), set(worked_on())
    assert done
    assert len(tried - done) <= os.cpu_count()
    shown = squares.run("show", "t.parquet").out
    assert f"{len(done)} done, 0 failed, {200 - len(done)} pending" in shown
    assert squares.run(*RUN, "--count", 200).code == 0
    assert not done & set(worked_on())


@pytest.mark.outcome("It goes on to its end.")
def test_a_run_under_nohup_outlives_its_terminal(squares):
    command = ["nohup", sys.executable, "-m", "tablehost", *RUN, "--count", "20", "--slow", "0.1"]
    process = subprocess.Popen(
        command,
        cwd=squares.path,
        env=squares.environment | squares.without_pandas,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (squares.path / "worked-on").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGHUP)
    assert process.wait(60) == 0
    assert squares.manifest("t.parquet")["run"]["status"] == "complete"


@pytest.mark.outcome("Exit 130.")
def test_a_terminal_that_goes_away_ends_its_run_in_order(squares):
    command = f"{sys.executable} -m tablehost {' '.join(RUN)} --count 200 --slow 0.05"
    environment = squares.environment | squares.without_pandas
    child = pexpect.spawn(command, cwd=squares.path, env=environment)
    deadline = time.monotonic() + 60
    while len(finished(squares.path / "t.parquet.ledger")) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.close(child.child_fd)  # the kernel sends SIGHUP, and every write to the terminal fails
    _, status = os.waitpid(child.pid, 0)
    child.terminated = child.closed = True
    assert os.waitstatus_to_exitcode(status) == 130
    assert squares.run(*RUN, "--count", 200).code == 0


@pytest.mark.outcome("The status is interrupted.")
def test_with_json_an_interrupted_run_reports_it_as_json(started):
    process = started("--count", 200, "--slow", 0.05, "--json")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert '"status": "interrupted"' in out
    assert all(line.startswith("{") for line in err.splitlines())


@pytest.mark.outcome("Exit 130; no process is left.")
def test_a_second_signal_ends_a_run_at_once(squares, started):
    process = started("--count", 200, "--slow", 30, lines=1)
    children = children_of(process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=5)
    assert process.returncode == 130
    assert psutil.wait_procs(children, timeout=2)[1] == []
    assert squares.run("clean", "t.parquet", "--yes").code == 0


@pytest.mark.outcome("Exit 130 and one line.")
def test_a_terminals_ctrl_c_reaches_the_workers_too_and_still_ends_in_order(squares, started):
    process = started("--count", 200, "--slow", 0.05, "--quiet", new_group=True)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert len(err.splitlines()) == 1


@pytest.mark.outcome("No process is left.")
def test_the_workers_of_a_killed_host_end_with_it(squares, started):
    process = started("--count", 200, "--slow", 30, lines=1)
    children = children_of(process)
    assert children
    process.kill()
    process.communicate()
    assert psutil.wait_procs(children, timeout=2)[1] == []
    assert squares.run("clean", "t.parquet", "--yes").code == 0


@pytest.mark.outcome("6 kills, 25 in `make faults`; no finished item is worked on again.")
@pytest.mark.parametrize("kills", [6, pytest.param(25, marks=pytest.mark.long)])
def test_a_host_killed_at_many_instants_ends_with_the_same_bytes(squares, worked_on, kills):
    wanted = squares.run("run", "./squares.py", "--out", "calm.parquet", "--count", 300)
    assert wanted.code == 0
    worked_on()
    chance = random.Random(20260521)
    command = (*RUN, "--count", 300, "--slow", 0.02, "--backwards")
    ledger = squares.path / "t.parquet.ledger"
    for _ in range(kills):
        done = finished(ledger)
        process = squares.start(*command)
        time.sleep(chance.uniform(0.3, 1.3))
        process.kill()
        process.communicate()
        assert not done & set(worked_on()), "a finished item was done again"
        table, manifest = squares.path / "t.parquet", squares.path / "t.parquet.manifest.json"
        assert manifest.exists() or not table.exists()
    done = finished(ledger)
    assert squares.run(*RUN, "--count", 300).code == 0
    assert not done & set(worked_on())
    assert squares.digest("t.parquet") == squares.digest("calm.parquet")
    items = squares.manifest("t.parquet")["run"]["items"]
    assert items["total"] == items["done_before"] + items["ok"] == 300
