"""The lock of an output: one run at a time; and what readers do while its holder commits."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tablehost.commit import commit
from tablehost.commit.intent import Pending
from tablehost.commit.output import Output
from tablehost.console.text import utc_now
from tablehost.contract.errors import TablehostError, UsageError

PATIENCE = 30
"""Seconds that a reader waits for a commit, and reads a pair again that is replaced."""
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
_LOOKED_AT = 0.3  # seconds: readers that look at a lock have it for a moment
_INTERVAL = 0.02


class Committing(TablehostError):
    """A run has been at its commit for longer than a reader waits."""


@contextmanager
def locked(output: Output, *, must: bool = True) -> Iterator[None]:
    """Hold the output's lock.

    Args:
        output: to lock.
        must: refuse a file system that has no locks, instead of going on without one.

    Raises:
        UsageError: another run holds it, or it cannot be had.
    """
    until = time.monotonic() + _LOOKED_AT
    while True:
        descriptor = _open_lock(output)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = _holder(descriptor)
            os.close(descriptor)
            if time.monotonic() > until:
                msg = f"{output.table} is being built by {who}; wait for it to end, or build "
                msg += "another --out"
                raise UsageError(msg) from None
            time.sleep(_INTERVAL)
            continue
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
        descriptor = os.open(output.lock, flags, 0o644)
    except OSError as error:
        if output.lock.is_symlink():
            msg = f"{output.lock} is a symbolic link; nothing was touched"
            raise UsageError(msg) from error
        raise UsageError(_unlockable(output, error)) from error
    if os.fstat(descriptor).st_nlink > 1:
        os.close(descriptor)
        msg = f"{output.lock} has another name too (a hard link), which is a file that a run "
        msg += "would overwrite; nothing was touched: remove it"
        raise UsageError(msg)
    return descriptor


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


def cut_off(output: Output, patience: float = PATIENCE) -> Pending | None:
    """Return a commit that was cut off; wait for one whose run is still at it.

    Where the file system has no locks, none is waited for.

    Args:
        output: which is only read.
        patience: how many seconds to wait.

    Raises:
        TornCommit: there is a note of one that cannot be read.
        Committing: it takes longer.
    """
    until = time.monotonic() + patience
    while (pending := commit.pending(output)) is not None:
        who = held_by(output)
        if who is None:
            # if it is no longer there, it ended between the two looks
            now = commit.pending(output)
            if now is None or now.run_id == pending.run_id:
                return now
        elif time.monotonic() > until:
            msg = f"{output.table} is being replaced by {who}, run {pending.run_id}, which takes "
            msg += "long; ask again when it has ended"
            raise Committing(msg)
        else:
            time.sleep(_INTERVAL)
    return None


def held_by(output: Output) -> str | None:
    """Return who holds the lock, or None where it is free."""
    try:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(output.lock, flags)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(descriptor)
    except OSError:
        return None
    else:
        return None
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    """Return who wrote into a lock that it has it."""
    try:
        note = json.loads(os.read(descriptor, 4096))
        return f"process {note['pid']} on {note['host']} since {note['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
