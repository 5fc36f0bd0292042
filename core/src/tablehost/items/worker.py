"""A worker process: take an item, work, answer."""

from __future__ import annotations

import io
import os
import select
import signal
import sys
import threading
from multiprocessing.connection import Connection

from attrs import frozen

from tablehost.items.attempt import LoadedWork, attempt, load_work
from tablehost.items.task import CodeChanged, Work


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
    try:
        _answer(pipe)
    except EOFError:
        pass
    except CodeChanged as changed:
        pipe.send(changed)


def _answer(pipe: Connection) -> None:
    work: LoadedWork | None = None
    while True:
        message = pipe.recv()
        if isinstance(message, Work):
            try:
                work = load_work(message)
            except CodeChanged:
                raise
            except BaseException as error:  # noqa: BLE001  # sent to the host, which ends the run
                name = f"{message.module}.{message.qualname}"
                pipe.send(Unloadable(f"{name} cannot be loaded by a worker: {error!r}"))
                return
        else:
            assert work is not None  # noqa: S101  # the host sends the work first
            pipe.send(attempt(work, message))


def _end_with_host(descriptor: int) -> None:
    """Wait until the host's end of the pipe is gone, then end this worker and its children."""
    watch = select.poll()
    watch.register(descriptor, 0)  # POLLHUP is always reported
    watch.poll()
    os.killpg(0, signal.SIGKILL)
