"""A worker process: take an item, check its file, work, answer."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import os
import pickle
import select
import signal
import stat
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from attrs import frozen

from tablehost.contract.build import Failure
from tablehost.contract.errors import ItemFailed
from tablehost.files.digests import FileDigest, Signature, file_digest
from tablehost.items.checking import Checksum


@frozen
class Work:
    """The function of a map, as a worker finds it.

    Args:
        module: the function's module.
        qualname: its name in the module.
        file: the builder's file where the module is not installed.
        settings: what is passed beside every item, pickled: its class may be defined in `file`.
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
        known: input digests for which the ledger has a result already.
        checksum: what a list of checksums says of the file, if anything.
    """

    key: str
    item: Any
    path: Path | None = None
    signature: Signature | None = None
    sha256: str | None = None
    known: frozenset[str] = frozenset()
    checksum: Checksum | None = None


@frozen
class Outcome:
    """The end of a task: a result, a failure, or neither if the ledger has the result already."""

    key: str
    result: str | None = None
    failure: Failure | None = None
    sha256: str = ""
    size: int | None = None
    signature: Signature | None = None
    checksum: Checksum | None = None


@frozen
class Unloadable:
    """Sent by a worker that cannot load the function."""

    why: str


def serve(pipe: Connection) -> None:
    """Answer tasks until the pipe ends: the life of a worker."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # the host has blocked it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a line that is printed must not end with us
        sys.stdout.reconfigure(line_buffering=True)
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
                except BaseException as error:  # noqa: BLE001  # sent to the host, which ends the run
                    name = f"{message.module}.{message.qualname}"
                    pipe.send(Unloadable(f"{name} cannot be loaded by a worker: {error!r}"))
                    return
            else:
                assert function is not None  # noqa: S101  # the host sends the work first
                outcome = attempt(function, message, settings)
                pipe.send((outcome, time.perf_counter() - began))


def _end_with_host(descriptor: int) -> None:
    """Wait until the host's end of the pipe is gone, then end this worker and its children."""
    watch = select.poll()
    watch.register(descriptor, 0)  # POLLHUP is always reported
    watch.poll()
    os.killpg(0, signal.SIGKILL)


def load_work(work: Work) -> tuple[Callable[[Any, Any], Any], Any]:
    """Return the item function and its settings.

    The function's module is imported by name, or from the builder's file.
    """
    if work.file is not None:
        from tablehost.builders.builder import load_module  # only builders of one file

        load_module(work.file)
    found: Any = importlib.import_module(work.module)
    for part in work.qualname.split("."):
        found = getattr(found, part)
    return found, pickle.loads(work.settings)  # noqa: S301  # the host's own


def attempt(function: Callable[[Any, Any], Any], task: Task, settings: Any) -> Outcome:
    """Run one item: check its file, hash it, work, and look whether the file is still the same."""
    from tablehost.items.results import encode  # not for the start of a worker

    sha256, size, before, checksum = "", None, None, None

    def ended(*, result: str | None = None, failure: Failure | None = None) -> Outcome:
        return Outcome(task.key, result, failure, sha256, size, before, checksum)

    try:
        if task.path is not None:
            before = _regular(task.path)
            found = _digest(task, before)
            sha256, size = found.sha256, found.bytes
            if task.checksum is not None:
                checksum = task.checksum.seen(found)
                checksum.check()
            if sha256 in task.known:
                return ended()
        result = encode(function(task.item, settings))
    except ItemFailed as error:
        failure = Failure(task.key, error.reason, error.detail)
    except Exception as error:  # noqa: BLE001  # a builder's item may raise anything
        logging.getLogger("tablehost").debug("%s", traceback.format_exc())
        failure = Failure(task.key, "error", f"{type(error).__name__}: {error}")
    else:
        if not _has_changed(task.path, before):
            return ended(result=result)
        failure = Failure(task.key, "changed-while-read", "the file changed while it was read")
    if failure.reason != "changed-while-read" and _has_changed(task.path, before):
        failure = Failure(task.key, "changed-while-read", f"{failure.reason}: {failure.detail}")
    return ended(failure=failure)


def _regular(path: Path) -> Signature:
    try:
        status = path.stat()
    except OSError as error:
        if path.is_symlink():
            detail = f"it is a symbolic link to {path.readlink()}: {error.strerror}"
            raise ItemFailed("dangling-link", detail) from error
        raise ItemFailed("vanished", error.strerror or str(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise ItemFailed("not-a-regular-file", f"it is {_kind(status.st_mode)}")
    return Signature.of(path)


def _kind(mode: int) -> str:
    names = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO"}
    return names.get(stat.S_IFMT(mode), "a device or socket")


def _digest(task: Task, signature: Signature) -> FileDigest:
    own = task.checksum.own if task.checksum else None
    both = task.checksum is None or own is not None
    if task.sha256 is not None and both and task.signature == signature:
        return FileDigest(task.sha256, signature.size, own)
    assert task.path is not None  # noqa: S101  # the caller looked
    try:
        return file_digest(task.path, task.checksum.other if task.checksum else None)
    except OSError as error:
        raise ItemFailed("unreadable", error.strerror or str(error)) from error


def _has_changed(path: Path | None, before: Signature | None) -> bool:
    if path is None or before is None:
        return False
    try:
        return Signature.of(path) != before
    except OSError:
        return True
