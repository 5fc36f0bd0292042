"""Batches of items for an engine: how large they are, and what becomes of those that are lost."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from itertools import islice

from tablehost.contract.build import Failure
from tablehost.items.remote_batch import Done
from tablehost.items.task import Outcome, Task

_MOST_ITEMS = 256
_MOST_BYTES = 1 << 20  # of a batch, or of its results
_BATCH_SECONDS = 2.0
_BATCHES_A_SECOND = 100  # that a scheduler and this host take without effort
_LISTING_SECONDS = 0.05  # a batch is sent as it is where items are listed slowly


class Batches:
    """Cuts tasks into batches that grow with their pace, and knows which were lost.

    Args:
        tasks: those that are to do.
    """

    def __init__(self, tasks: Iterator[Task]) -> None:
        self._tasks = tasks
        self._again: deque[list[Task]] = deque()
        self._suspects: deque[Task] = deque()
        self._suspected: set[str] = set()
        self._size = 1

    def next(self, *, alone: bool) -> list[Task]:
        """Return a batch, or an empty one where there is none now.

        Args:
            alone: whether no other is under way: only then an item is tried that was lost before.
        """
        if self._again:
            return self._again.popleft()
        batch, began, size = list[Task](), time.monotonic(), 0
        for task in islice(self._tasks, self._size):
            batch.append(task)
            size += len(task.item)
            if size > _MOST_BYTES or time.monotonic() - began > _LISTING_SECONDS:
                break
        if not batch and alone and self._suspects:
            return [self._suspects.popleft()]
        return batch

    def note_pace(self, done: Done, size: int, slots: int) -> None:
        """Let batches grow to two seconds, or longer where there are many slots."""
        seconds = max(_BATCH_SECONDS, slots / _BATCHES_A_SECOND)
        count = max(1, len(done.outcomes))
        fit = min(seconds * count / max(done.seconds, 1e-6), _MOST_BYTES * count / size)
        self._size = max(1, min(2 * self._size, _MOST_ITEMS, int(fit)))

    def give_back(self, batch: list[Task]) -> None:
        """Take a batch that a worker cannot do."""
        self._again.append(batch)

    def lost(self, batch: list[Task], error: Exception) -> Iterator[Outcome]:
        """Take a lost batch, and yield the failure of an item that was lost alone.

        With a worker everything is lost that was on it. So items of a lost batch are tried once
        more at the end, one at a time: what is lost then has ended the worker itself.
        """
        how = f"the worker of the engine was lost: {type(error).__name__}"
        for task in batch:
            if task.key in self._suspected:
                failure = Failure(task.key, "worker-killed", how)
                yield Outcome(task.key, task.identity, failure=failure)
            else:
                self._suspects.append(task)
                self._suspected.add(task.key)
