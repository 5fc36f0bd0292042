"""The lock of an output: one run at a time."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tablehost.commit.output import Output
from tablehost.console.text import utc_now
from tablehost.contract.errors import UsageError

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


@contextmanager
def locked(output: Output, *, must: bool = True) -> Iterator[None]:
    """Hold the output's lock.

    Args:
        output: to lock.
        must: refuse a file system that has no locks, instead of going on without one.

    Raises:
        UsageError: another run holds it, or it cannot be had.
    """
    while True:
        descriptor = _open_lock(output)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 4096).decode(errors="replace")
            os.close(descriptor)
            raise UsageError(_busy(output, holder)) from None
        except OSError as error:
            if must or error.errno not in _NO_LOCKS:
                if os.fstat(descriptor).st_size == 0:  # without a note it is of no other run
                    output.lock.unlink(missing_ok=True)
                os.close(descriptor)
                raise UsageError(_unlockable(output, error)) from error
        if _is_still(output.lock, descriptor):
            break
        os.close(descriptor)  # its holder removed it between our open and our lock
    try:
        note = {"pid": os.getpid(), "host": socket.gethostname(), "since": utc_now()}
        with suppress(OSError):  # it is for the message of another run only
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(note).encode())
        yield
    finally:
        with suppress(OSError):  # the next run takes it as it is
            output.lock.unlink()
        os.close(descriptor)


def _open_lock(output: Output) -> int:
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(output.lock, flags, 0o644)
    except OSError as error:
        if output.lock.is_symlink():
            msg = f"{output.lock} is a symbolic link; nothing was touched"
            raise UsageError(msg) from error
        raise UsageError(_unlockable(output, error)) from error


def _unlockable(output: Output, error: OSError) -> str:
    """Return why there is no lock, and what to do; whose file it is, where that matters."""
    if error.errno in _NO_LOCKS:
        return (
            f"{output.lock.absolute().parent} is on a file system without locks "
            f"({error.strerror}): a second run on {output.table} would not be noticed; build "
            "elsewhere, or see to it yourself and give `run` --no-lock"
        )
    remedy = "wait for its run to end, or build another --out"
    with suppress(OSError):
        owner = os.lstat(output.lock).st_uid
        if owner != os.geteuid():
            return f"{output.lock} is of user id {owner} ({error.strerror}); {remedy}"
    return f"{output.lock} cannot be made or locked: {error.strerror}; build another --out"


def _busy(output: Output, holder: str) -> str:
    try:
        note = json.loads(holder)
        who = f"process {note['pid']} on {note['host']} since {note['since']}"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return f"{output.table} is being built by {who}; wait for it to end, or build another --out"


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
