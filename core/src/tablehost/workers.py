"""Where work runs: processes of this machine, each with a pipe of its own.

Workers are spawned, never forked. No lock and no queue is shared, so that a worker which is
killed, even an idle one, costs its own item and no other. (The process pools of pebble and the
standard library share a lock between workers and lose all of them.) Every worker leads a process
group: what it started ends with it, and it ends with the host.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import multiprocessing
import os
import pickle
import select
import signal
import stat
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, Self

from attrs import define, field, frozen

from tablehost.build import Failure
from tablehost.digests import ChangedWhileRead, Signature, file_digest
from tablehost.errors import BrokenBuilder, ItemFailed

# A worker gets more than one item at a time only while these are short and small: then the pipe's
# latency would count, and neither side can ever block the other on a full pipe.
_AHEAD_SECONDS = 0.02
_AHEAD_ITEMS = 64
_AHEAD_BYTES = 32_768

# Between the end of a worker's pipe and the end of its process.
_DYING_SECONDS = 5


@frozen
class Work:
    """The function of a map, as a worker finds it.

    Args:
        module: the function's module.
        qualname: its name in the module.
        file: the builder's file where the module is not installed.
        settings: what is passed beside every item, pickled: its class may stand in `file`.
    """

    module: str
    qualname: str
    file: Path | None
    settings: bytes

    @classmethod
    def of(cls, function: Callable[..., Any], file: Path | None, settings: Any) -> Work:
        """Describe a function and its settings."""
        return cls(function.__module__, function.__qualname__, file, pickle.dumps(settings))


@frozen
class Task:
    """One item on its way to a worker.

    Args:
        key: its name.
        item: what the function is called with.
        path: the file that it reads, if any.
        signature: with `sha256`: the file's state when its digest was taken.
        sha256: the file's digest where the stat cache knew it.
        known: digests under which the ledger has a result already.
    """

    key: str
    item: Any
    path: Path | None = None
    signature: Signature | None = None
    sha256: str | None = None
    known: frozenset[str] = frozenset()


@frozen
class Outcome:
    """What became of a task: a result, a failure, or neither where the ledger has it already."""

    key: str
    result: str | None = None
    failure: Failure | None = None
    sha256: str = ""
    size: int | None = None
    signature: Signature | None = None


class Workers:
    """A fixed number of processes that survive each other's death.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._context = multiprocessing.get_context("spawn")
        self._crew: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(self, work: Work, tasks: Iterator[Task]) -> Iterator[list[Outcome]]:
        """Yield the outcomes of all tasks, in the order in which they end, as they come in.

        Raises:
            BrokenBuilder: a worker cannot even load the function.
        """
        again: deque[Task] = deque()
        source = _chain(again, tasks)
        exhausted = False
        pace = _Pace()
        while True:
            while not exhausted and (worker := self._free(pace.ahead)):
                task = next(source, None)
                if task is None:
                    exhausted = True
                    break
                worker.send(task, work)
            if not any(worker.tasks for worker in self._crew):
                break
            ended: list[Outcome] = []
            for worker in self._ready():
                for outcome, seconds in worker.receive():
                    pace.note(seconds)
                    ended.append(outcome)
                if worker.dead:
                    self._crew.remove(worker)
                    killed, unstarted = worker.bury()
                    ended += killed
                    again.extend(unstarted)
                    exhausted = exhausted and not again
            yield ended

    def stop(self) -> None:
        """End every worker and everything that it started, at once."""
        for worker in self._crew:
            worker.kill()
        self._crew.clear()

    def _free(self, ahead: int) -> _Worker | None:
        """Return the worker with the least to do, starting one where one is missing."""
        idle = next((worker for worker in self._crew if not worker.tasks), None)
        if idle:
            return idle
        if len(self._crew) < self.count:
            worker = _Worker.start(self._context)
            self._crew.append(worker)
            return worker
        least = min(self._crew, key=lambda worker: len(worker.tasks))
        return least if len(least.tasks) < ahead and least.has_room else None

    def _ready(self) -> list[_Worker]:
        ready = set(wait([worker.pipe for worker in self._crew]))
        return [worker for worker in self._crew if worker.pipe in ready]


@define(eq=False)
class _Worker:
    """One process, from the host's side."""

    process: Any
    pipe: Connection
    tasks: deque[tuple[Task, int]] = field(factory=deque)
    work: Work | None = None
    ready: bool = False
    dead: bool = False

    @classmethod
    def start(cls, context: Any) -> _Worker:
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours)

    @property
    def has_room(self) -> bool:
        return sum(size for _, size in self.tasks) < _AHEAD_BYTES

    def send(self, task: Task, work: Work) -> None:
        try:
            message = ForkingPickler.dumps(task)
        except Exception as error:  # whatever a builder's own class raises when it is pickled
            msg = f"item {task.key!r} cannot be sent to a worker: {error}; items must be picklable"
            raise BrokenBuilder(msg) from error
        self.tasks.append((task, len(message)))
        with contextlib.suppress(OSError):  # it died; `receive` finds out and hands the task on
            if self.work is not work:
                self.pipe.send(work)
                self.work = work
            self.pipe.send_bytes(message)

    def receive(self) -> Iterator[tuple[Outcome, float]]:
        """Yield what has arrived; an end of the pipe marks the worker as dead."""
        try:
            while self.pipe.poll():
                message = self.pipe.recv()
                if isinstance(message, _Unloadable):
                    raise BrokenBuilder(message.why)
                if message is None:
                    self.ready = True
                    continue
                self.tasks.popleft()
                yield message
        except (EOFError, OSError):
            self.dead = True

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
        return [Outcome(died_of.key, failure=failure, sha256=died_of.sha256 or "")], unstarted

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.pipe.close()


@define
class _Pace:
    """How many items to hand a worker ahead, from how long they take."""

    mean: float = 1.0

    def note(self, seconds: float) -> None:
        self.mean += 0.1 * (seconds - self.mean)

    @property
    def ahead(self) -> int:
        return max(1, min(_AHEAD_ITEMS, int(_AHEAD_SECONDS / max(self.mean, 1e-6))))


@frozen
class _Unloadable:
    """A worker's word that it cannot load the function."""

    why: str


def _chain(first: deque[Task], then: Iterator[Task]) -> Iterator[Task]:
    while True:
        if first:
            yield first.popleft()
            continue
        task = next(then, None)
        if task is None:
            if first:
                continue
            return
        yield task


def _exit_text(code: int | None) -> str:
    if code is not None and code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"exit code {code}"


def _serve(pipe: Connection) -> None:
    """Answer tasks until the pipe ends: the life of a worker."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_host, args=(pipe.fileno(),), daemon=True).start()
    pipe.send(None)
    function, settings = None, None
    with contextlib.suppress(EOFError):
        while True:
            message = pipe.recv()
            began = time.perf_counter()
            if isinstance(message, Work):
                try:
                    function, settings = load_work(message)
                except BaseException as error:  # noqa: BLE001  # said to the host, which ends the run
                    name = f"{message.module}.{message.qualname}"
                    pipe.send(_Unloadable(f"{name} cannot be loaded by a worker: {error!r}"))
                    return
            else:
                assert function is not None  # noqa: S101  # the host sends the work first
                outcome = attempt(function, message, settings)
                pipe.send((outcome, time.perf_counter() - began))


def _end_with_host(descriptor: int) -> None:
    """Wait until the host's end of the pipe is gone, then end this worker and its children."""
    watch = select.poll()
    watch.register(descriptor, 0)  # POLLHUP is always told
    watch.poll()
    os.killpg(0, signal.SIGKILL)


def load_work(work: Work) -> tuple[Callable[[Any, Any], Any], Any]:
    """Return the item function and its settings.

    The function's module is imported by name, or from the builder's file.
    """
    if work.file is not None:
        from tablehost.plugins import load_module  # noqa: PLC0415  # only builders of one file

        load_module(work.file)
    found: Any = importlib.import_module(work.module)
    for part in work.qualname.split("."):
        found = getattr(found, part)
    return found, pickle.loads(work.settings)  # noqa: S301  # the host's own


def attempt(function: Callable[[Any, Any], Any], task: Task, settings: Any) -> Outcome:
    """Run one item: check its file, hash it, work, and look whether the file is still the same."""
    from tablehost.results import encode  # noqa: PLC0415  # cattrs, which the host has loaded late

    sha256, size, before = "", None, None
    try:
        if task.path is not None:
            before = _regular(task.path)
            sha256, size = _digest(task, before)
            if sha256 in task.known:
                return Outcome(task.key, sha256=sha256, size=size, signature=before)
        result = encode(function(task.item, settings))
        if task.path is not None:
            _unchanged(task.path, before)
    except ItemFailed as error:
        failure = Failure(task.key, error.reason, error.detail)
    except Exception as error:  # noqa: BLE001  # a builder's item may raise anything
        logging.getLogger("tablehost").debug("%s", traceback.format_exc())
        failure = Failure(task.key, "error", f"{type(error).__name__}: {error}")
    else:
        return Outcome(task.key, result=result, sha256=sha256, size=size, signature=before)
    if failure.reason != "changed-while-read" and _has_changed(task.path, before):
        failure = Failure(task.key, "changed-while-read", f"{failure.reason}: {failure.detail}")
    return Outcome(task.key, failure=failure, sha256=sha256, size=size, signature=before)


def _regular(path: Path) -> Signature:
    try:
        status = os.lstat(path)
    except OSError as error:
        raise ItemFailed("vanished", error.strerror or str(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise ItemFailed("not-a-regular-file", f"it is {_kind(status.st_mode)}")
    return Signature.of(path)


def _kind(mode: int) -> str:
    names = {stat.S_IFLNK: "a symbolic link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO"}
    return names.get(stat.S_IFMT(mode), "a device or socket")


def _digest(task: Task, signature: Signature) -> tuple[str, int]:
    if task.sha256 is not None and task.signature == signature:
        return task.sha256, signature.size
    assert task.path is not None  # noqa: S101  # the caller looked
    try:
        found = file_digest(task.path)
    except OSError as error:
        raise ItemFailed("unreadable", error.strerror or str(error)) from error
    return found.sha256, found.bytes


def _unchanged(path: Path, before: Signature | None) -> None:
    if _has_changed(path, before):
        raise ItemFailed("changed-while-read", "the file changed while it was read")


def _has_changed(path: Path | None, before: Signature | None) -> bool:
    if path is None or before is None:
        return False
    try:
        return Signature.of(path) != before
    except (OSError, ChangedWhileRead):
        return True
