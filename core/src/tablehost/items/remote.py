"""Where work runs past this machine: on the workers of an engine, behind a standard executor.

The engine moves batches of items, and reports which were lost. On its workers our own processes do
the work, so that an item which kills its process costs itself and no other.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from uuid import uuid4

from attrs import define, evolve, field

from tablehost.contract.errors import Stopped
from tablehost.items.batches import Batches
from tablehost.items.remote_batch import Done, Sent, is_unseen, run_batch
from tablehost.items.task import Outcome, Task, Work
from tablehost.manifest.sections import HostOfItems
from tablehost.objects.path import ObjectPath, is_url

_log = logging.getLogger("tablehost")

_FEEDING_SECONDS = 0.05  # what has ended is looked at this often, however slowly items are listed
_LOOKING_SECONDS = 0.5  # how often it is looked whether the engine is there

Answer = tuple[str, bytes | str]
"""The name of a worker, and what `run_batch` returned there."""


class EngineLost(Stopped):
    """The engine is gone; what is finished is in the ledger."""


def on_any_worker(run: str, sent: bytes, batch: bytes) -> Answer:
    """Work on a batch where the workers of an engine have no names: all are alike."""
    return "", run_batch(run, sent, batch)


class Remote:
    """Hands batches to an engine, as many as it has room for, and takes what comes back.

    Args:
        executor: the engine's.
        slots: returns how many batches each worker does at once, by its name.
        submitted: works on a batch there, and returns the worker's name with it.
        is_there: returns whether the engine is.
        end: ends a map on every worker, by its name.
        close: lets go of the engine.
    """

    def __init__(
        self,
        executor: Executor,
        slots: Callable[[], Mapping[str, int]],
        *,
        submitted: Callable[[str, bytes, bytes], Answer] = on_any_worker,
        is_there: Callable[[], bool] = lambda: True,
        end: Callable[[str], None] = lambda _: None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._executor, self._slots, self._submitted = executor, slots, submitted
        self._is_there, self._end, self._close = is_there, end, close
        self._hosts: dict[str, _Host] = {}
        self._retired: dict[str, str] = {}
        self._under_way: dict[Future[Answer], list[Task]] = {}
        self._ended: SimpleQueue[Future[Answer]] = SimpleQueue()
        self._has_workers = True
        self._run = ""

    @property
    def count(self) -> int:
        """Return how many batches the engine works on at once."""
        return sum(n for name, n in self._slots().items() if name not in self._retired) or 1

    @property
    def hosts(self) -> tuple[HostOfItems, ...]:
        """Return what each host has done."""
        return tuple(self._hosts[name].described(name) for name in sorted(self._hosts))

    @property
    def retired(self) -> Collection[str]:
        """Return the workers that cannot do the work of this map."""
        return self._retired.keys()

    def stop(self) -> None:
        """Take back what has not begun, end what is under way, and let go of the engine."""
        self._end_map()
        self._close()

    def run(self, work: Work, tasks: Iterator[Task]) -> Iterator[list[Outcome]]:
        """Yield the outcomes of all tasks; see `Pool.run`.

        Raises:
            EngineLost: the engine is gone, or none of its workers can do the work.
        """
        sent, batches = pickle.dumps(Sent.of(work)), Batches(tasks)
        self._run = uuid4().hex
        self._retired.clear()
        try:
            while True:
                has_more = self._submit(sent, batches)
                if not self._under_way:
                    return
                ended = self._wait(0 if has_more else _LOOKING_SECONDS)
                for future in sorted(ended, key=_is_lost):  # results first: the engine may be lost
                    yield from self._taken(future, batches)
                if not ended:
                    self._look()
                    yield []
        finally:
            self._end_map()

    def _end_map(self) -> None:
        for future in self._under_way:
            with contextlib.suppress(Exception):  # not every engine can
                future.cancel()
        self._under_way.clear()
        if self._run:
            self._end(self._run)
        self._run = ""

    def _submit(self, sent: bytes, batches: Batches) -> bool:
        """Hand batches to the engine; return whether there may be more at once."""
        room, began = 2 * self.count, time.monotonic()
        while len(self._under_way) < room:
            if not (batch := batches.next(alone=not self._under_way)):
                return False
            try:
                future = self._executor.submit(
                    self._submitted, self._run, sent, pickle.dumps([*map(_sent, batch)])
                )
            except Exception as error:
                raise _lost() from error
            self._under_way[future] = batch
            future.add_done_callback(self._ended.put)
            if time.monotonic() - began > _FEEDING_SECONDS:
                return True
        return False

    def _wait(self, seconds: float) -> list[Future[Answer]]:
        """Wait until a batch has ended, and return all that have."""
        ended = list[Future[Answer]]()
        with contextlib.suppress(Empty):
            ended.append(self._ended.get(timeout=seconds))
            while True:
                ended.append(self._ended.get_nowait())
        return [one for one in ended if one in self._under_way]  # not of an earlier map

    def _look(self) -> None:
        """Look whether the engine is there, and has workers.

        Raises:
            EngineLost: it is not.
        """
        if not self._is_there():
            raise _lost()
        if self._has_workers and not self._slots():
            _log.warning("--scheduler has no worker now; the items wait for one")
        self._has_workers = bool(self._slots())

    def _taken(self, future: Future[Answer], batches: Batches) -> Iterator[list[Outcome]]:
        """Yield the outcomes of a batch; what is to be done again goes back to the others.

        Raises:
            EngineLost: after the outcomes, if there are any.
        """
        batch = self._under_way.pop(future)
        try:
            worker, answer = future.result()
        except Exception as error:  # each engine has its own for a lost worker
            if not self._is_there():
                raise _lost() from error
            yield [*batches.lost(batch, error)]
            return
        if isinstance(answer, str):
            batches.give_back(batch)
            self._retire(worker, answer)
            return
        done: Done = pickle.loads(answer)  # noqa: S301  # of our own workers
        batches.note_pace(done, len(answer), self.count)
        unseen = {one.key for one in done.outcomes if is_unseen(one)}
        hidden = {task.key: task for task in batch if task.key in unseen and _is_seen(task)}
        outcomes = [_received(one) for one in done.outcomes if one.key not in hidden]
        self._hosts.setdefault(done.host, _Host()).note(done, outcomes)
        ended = {one.key for one in outcomes}
        if back := [task for task in batch if task.key not in ended]:
            batches.give_back(back)
        yield outcomes
        if first := next(iter(hidden.values()), None):
            why = f"{done.host}: {first.paths[0].absolute()} is missing there, and is here"
            self._retire(worker, why)

    def _retire(self, worker: str, why: str) -> None:
        """Take notice that a worker gives batches back.

        Raises:
            EngineLost: none is left.
        """
        if worker not in self._retired:
            _log.warning("a worker is not used: %s", why)
            self._retired[worker] = why
        if not self._slots().keys() - self._retired.keys():
            reasons = list(dict.fromkeys(self._retired.values()))
            msg = (
                "no worker of --scheduler is left, so no table was written; finished items are "
                f"kept: {'; '.join(reasons)}"
            )
            raise EngineLost(msg)


@define
class _Host:
    """What one host has done."""

    versions: Mapping[str, str] = field(factory=dict)
    workers: set[str | None] = field(factory=set)
    items: int = 0

    def note(self, done: Done, outcomes: list[Outcome]) -> None:
        self.versions = done.versions
        self.workers |= {one.worker for one in outcomes if one.worker}
        self.items += len(outcomes)

    def described(self, name: str) -> HostOfItems:
        versions = dict(self.versions)
        return HostOfItems(
            host=name, workers=len(self.workers), items=self.items, versions=versions
        )


def _is_lost(future: Future[Answer]) -> bool:
    return future.cancelled() or future.exception() is not None


def _sent(task: Task) -> Task:
    """Return a task without what is known of this host's files only."""
    return evolve(task, digests={})


def _received(outcome: Outcome) -> Outcome:
    """Return an outcome without the state of files of another host, which says nothing of ours."""
    read = (one if is_url(one.path) else evolve(one, signature=None) for one in outcome.read)
    return evolve(outcome, read=tuple(read))


def _is_seen(task: Task) -> bool:
    """Return whether an item's files are there; objects are what they are on every host."""
    return all(not isinstance(path, ObjectPath) and path.exists() for path in task.paths)


def _lost() -> EngineLost:
    return EngineLost(
        "the scheduler was lost, so no table was written; finished items are kept. Give the same "
        "command again, with --scheduler or without"
    )
