"""Workers that are killed while they have nothing to do."""

from __future__ import annotations

import os
import pickle
import signal
import time
from pathlib import Path

import psutil
import pytest
from attrs import frozen

from tablehost.items.task import Task, Work
from tablehost.items.workers import Workers


@frozen
class Double:
    number: int


def double(number: int, settings: None) -> Double:
    return Double(2 * number)


def has_ended(process):
    """Return whether all threads of a process have ended, and its files are closed with them."""
    threads = list(Path(f"/proc/{process.pid}/task").iterdir())
    return process.status() == psutil.STATUS_ZOMBIE and len(threads) == 1


@pytest.mark.long
@pytest.mark.outcome("No item fails.")
def test_an_idle_worker_that_is_killed_costs_no_item():
    work = Work.of(double, None, None)
    with Workers(2) as workers:
        list(workers.run(work, (Task(str(number), pickle.dumps(number)) for number in range(8))))
        crew = [one for one in psutil.Process().children() if "spawn_main" in str(one.cmdline())]
        assert crew
        for process in crew:
            os.kill(process.pid, signal.SIGKILL)
        while not all(has_ended(one) for one in crew):
            time.sleep(0.01)
        tasks = (Task(str(number), pickle.dumps(number)) for number in range(8))
        ended = [one for some in workers.run(work, tasks) for one in some]
    assert sorted(one.key for one in ended) == [str(number) for number in range(8)]
    assert [one.failure for one in ended if one.failure] == []
