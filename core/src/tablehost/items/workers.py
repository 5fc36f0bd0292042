"""Where work runs: processes of this machine, each with a pipe of its own.

Workers are spawned, never forked. No lock and no queue is shared, so that a worker which is
killed, even an idle one, costs its own item and no other; docs/adr has what the pools of pebble,
loky and the standard library do then. Every worker leads a process group: what it started ends
with it, and it ends with the host.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any, Self

from attrs import define, field

from tablehost.contract.build import Failure
from tablehost.contract.errors import BrokenBuilder, TablehostError
from tablehost.items.task import CodeChanged, Outcome, Task, Work
from tablehost.items.worker import Unloadable, serve

# A worker gets more than one item at a time only while these are short and small: then the pipe's
# latency would count, and neither side can ever block the other on a full pipe.
_AHEAD_SECONDS = 0.02
_AHEAD_ITEMS = 64
_AHEAD_BYTES = 32_768

# What has ended is looked at this often, however slowly items are listed.
_FEEDING_SECONDS = 0.05

# Between the end of a worker's pipe and the end of its process.
_DYING_SECONDS = 5

# Workers may be killed while they start; a machine that lets none start is reported.
_MOST_STILLBORN = 10


class NoWorkers(TablehostError):
    """This machine does not let workers start."""


class Workers:
    """A fixed number of processes that survive each other's death.

    Args:
        count: how many.
    """

    hosts = ()

    def __init__(self, count: int) -> None:
        self.count = count
        self._context = multiprocessing.get_context("spawn")
        self._crew: list[_Worker] = []
        self._stillborn = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End every worker and everything that it started, at once."""
        for worker in self._crew:
            worker.kill()
        self._crew.clear()

    def interrupt(self) -> None:
        """Kill the items that are under way; another thread than that of `run` may call this."""
        for worker in [*self._crew]:
            worker.signal()

    def run(self, work: Work, tasks: Iterator[Task]) -> Iterator[list[Outcome]]:
        """Yield the outcomes of all tasks, in the order in which they end, as they come in.

        Raises:
            BrokenBuilder: a worker cannot even load the function.
            CodeChanged: a worker has loaded other code than that of the work.
        """
        waiting: deque[Task] = deque()
        mean = 1.0  # seconds that an item takes
        while True:
            began, wait_for = time.monotonic(), None
            while waiting or (waiting := deque(islice(tasks, 1))):
                worker = self._free(_ahead(mean))
                if worker is None:
                    break
                worker.send(waiting.popleft(), work)
                if time.monotonic() - began > _FEEDING_SECONDS:
                    wait_for = 0  # items are listed slowly: only look what has ended meanwhile
                    break
            if not any(worker.tasks for worker in self._crew):
                break
            ended: list[Outcome] = []
            for worker in self._ready(wait_for):
                for outcome in worker.receive():
                    mean += 0.1 * ((outcome.seconds or 0) - mean)
                    ended.append(outcome)
                if worker.dead:
                    self._crew.remove(worker)
                    self._count_stillborn(worker)
                    killed, unstarted = worker.bury()
                    ended += killed
                    waiting.extend(unstarted)
            yield ended

    def _free(self, ahead: int) -> _Worker | None:
        """Return the worker with the least to do, starting one where one is missing."""
        idle = next((worker for worker in self._crew if not worker.tasks), None)
        if idle and not idle.has_died():
            return idle
        if idle:  # it was killed while it had nothing to do: no item may fail for that
            self._crew.remove(idle)
            self._count_stillborn(idle)
            idle.kill()
        if len(self._crew) < self.count:
            worker = _Worker.start(self._context)
            self._crew.append(worker)
            return worker
        least = min(self._crew, key=lambda worker: len(worker.tasks))
        return least if len(least.tasks) < ahead and least.has_room else None

    def _count_stillborn(self, worker: _Worker) -> None:
        self._stillborn = 0 if worker.ready else self._stillborn + 1
        if self._stillborn > _MOST_STILLBORN:
            msg = "worker processes are killed while they start; is there memory for --workers?"
            raise NoWorkers(msg)

    def _ready(self, seconds: float | None) -> list[_Worker]:
        ready = set(wait([worker.pipe for worker in self._crew], seconds))
        return [worker for worker in self._crew if worker.pipe in ready]


@define(eq=False)
class _Worker:
    """One process, from the host's side."""

    process: Any
    pipe: Connection
    tasks: deque[tuple[Task, int]] = field(factory=deque)
    sent: int = 0  # bytes of these
    work: Work | None = None
    ready: bool = False
    dead: bool = False

    @classmethod
    def start(cls, context: Any) -> _Worker:
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs,), daemon=True)
        # A terminal's Ctrl-C goes to workers too, and finds them before they ignore it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return cls(process, ours)

    @property
    def has_room(self) -> bool:
        return self.sent < _AHEAD_BYTES

    def send(self, task: Task, work: Work) -> None:
        message = ForkingPickler.dumps(task)
        self.tasks.append((task, len(message)))
        self.sent += len(message)
        with contextlib.suppress(OSError):  # it died; `receive` finds out and hands the task on
            if self.work is not work:
                self.pipe.send(work)
                self.work = work
            self.pipe.send_bytes(message)

    def receive(self) -> Iterator[Outcome]:
        """Yield what has arrived; an end of the pipe marks the worker as dead."""
        try:
            while self.pipe.poll():
                message = self.pipe.recv()
                if isinstance(message, Unloadable):
                    raise BrokenBuilder(message.why)
                if isinstance(message, CodeChanged):
                    raise message
                if message is None:
                    self.ready = True
                    continue
                _, size = self.tasks.popleft()
                self.sent -= size
                yield message
        except (EOFError, OSError):
            self.dead = True

    def has_died(self) -> bool:
        """Return whether an idle worker is gone; it can have sent only that it is ready."""
        for _ in self.receive():
            pass
        return self.dead

    def bury(self) -> tuple[list[Outcome], list[Task]]:
        """Return the outcome of the item that the worker died of, and the items it never began."""
        self.process.join(_DYING_SECONDS)
        self.kill()
        how = _exit_text(self.process.exitcode)
        if not self.ready and self.process.exitcode != -signal.SIGKILL:
            msg = f"a worker process ended before it could start ({how})"
            raise BrokenBuilder(msg)
        if not self.ready or not self.tasks:
            return [], [task for task, _ in self.tasks]
        died_of, *unstarted = [task for task, _ in self.tasks]
        failure = Failure(died_of.key, "worker-killed", how)
        return [Outcome(died_of.key, died_of.identity, failure=failure)], unstarted

    def signal(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def kill(self) -> None:
        self.signal()
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _ahead(mean: float) -> int:
    """Return how many items to hand a worker at a time, from the seconds that one takes."""
    return max(1, min(_AHEAD_ITEMS, int(_AHEAD_SECONDS / max(mean, 1e-6))))


def _exit_text(code: int | None) -> str:
    if code is not None and code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"exit code {code}"
