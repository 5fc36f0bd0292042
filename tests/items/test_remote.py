"""The seam of engines: a standard executor does the work of `run.map`."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from attrs import evolve, frozen

from tablehost.items.batches import Batches
from tablehost.items.remote import EngineLost, Remote, on_any_worker
from tablehost.items.remote_batch import Done, end_run
from tablehost.items.task import Task, Work
from tablehost.items.workers import Workers


@frozen
class Double:
    number: int


def double(number: int, settings: None) -> Double:
    return Double(2 * number)


def tasks(count):
    return (Task(f"{number:03d}", pickle.dumps(number)) for number in range(count))


def done(outcomes):
    return sorted((one.key, one.result) for some in outcomes for one in some)


class Counting(ThreadPoolExecutor):
    """Counts how many batches are under way at most."""

    def __init__(self, slots):
        super().__init__(slots)
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def submit(self, *batch):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        future = super().submit(*batch)
        future.add_done_callback(self.ended)
        return future

    def ended(self, _):
        with self.lock:
            self.now -= 1


def test_a_standard_executor_gives_the_results_of_our_workers():
    work = Work.of(double, None, None)
    with Workers(1) as workers:
        expected = done(workers.run(work, tasks(40)))
    with Counting(1) as executor:
        pool = Remote(executor, lambda: {"": 1}, end=end_run)
        assert done(pool.run(work, tasks(40))) == expected
        pool.stop()
    assert executor.most == 2  # twice its slots
    (host,) = pool.hosts
    assert host.items == 40


@pytest.mark.long
def test_an_executor_of_processes_does_too():
    work = Work.of(double, None, None)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        pool = Remote(executor, lambda: {"": 2})
        assert [key for key, _ in done(pool.run(work, tasks(40)))] == [
            f"{n:03d}" for n in range(40)
        ]


def test_batches_grow_with_the_pace_and_with_the_slots():
    def grown(seconds, slots, *, size=100):
        batches = Batches(tasks(100_000))
        for _ in range(12):
            batch = batches.next(alone=False)
            batches.note_pace(Done(batch, seconds * len(batch), "", {}), size * len(batch), slots)
        return len(batches.next(alone=False))

    assert grown(13, 1) == 1
    assert grown(0.1, 1) in range(16, 21)
    assert grown(0.1, 1000) in range(64, 101)
    assert grown(0.0001, 1) == 256
    assert grown(0.0001, 1, size=1 << 17) == 8


def test_items_that_were_lost_are_tried_alone_at_the_end():
    batches = Batches(tasks(3))
    first, second = batches.next(alone=True), batches.next(alone=False)
    assert list(batches.lost(first, RuntimeError())) == []
    assert list(batches.lost(second, RuntimeError())) == []
    assert [one.key for one in batches.next(alone=True)] == ["002"]
    assert batches.next(alone=False) == []
    again = batches.next(alone=True)
    assert [one.key for one in again] == ["000"]
    (failed,) = batches.lost(again, RuntimeError())
    assert failed.failure.reason == "worker-killed"
    assert [one.key for one in batches.next(alone=True)] == ["001"]
    assert batches.next(alone=True) == []


def test_what_a_worker_has_done_is_kept_where_it_is_the_last_and_lacks_a_file(tmp_path):
    file = tmp_path / "clip"
    file.write_text("on this host only")
    *others, last = tasks(4)
    last = evolve(last, paths=(file,))

    def elsewhere(run, sent, batch):
        if last.key not in {task.key for task in pickle.loads(batch)}:  # noqa: S301  # ours
            return on_any_worker(run, sent, batch)
        hidden = file.rename(tmp_path / "hidden")
        try:
            return on_any_worker(run, sent, batch)
        finally:
            hidden.rename(file)

    kept = []
    with ThreadPoolExecutor(1) as executor:
        pool = Remote(executor, lambda: {"": 1}, submitted=elsewhere, end=end_run)
        with pytest.raises(EngineLost, match="clip is missing there, and is here"):
            kept.extend(
                one.key
                for some in pool.run(Work.of(double, None, None), iter([*others, last]))
                for one in some
            )
        pool.stop()
    assert sorted(kept) == [one.key for one in others]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "has no attribute 'connect'"),
        ("def connect():\n    raise OSError('not here')\n", "OSError: not here"),
        (None, "does not exist"),
    ],
)
def test_the_file_of_an_engine_that_does_not_connect(squares, source, said):
    if source is not None:
        squares.write("engine.py", source)
    ended = squares.run("run", "./squares.py", "--out", "t.parquet", "--scheduler", "./engine.py")
    assert ended.code == 2
    assert said in ended.err
    assert "--scheduler: engine.py" in ended.err
    assert not Path(squares.path / "t.parquet.ledger").exists()
