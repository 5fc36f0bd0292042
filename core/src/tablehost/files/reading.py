"""Open what others wrote: regular files only, and no more of them than is asked for."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import nullcontext, suppress
from functools import cache
from io import FileIO
from pathlib import Path
from tempfile import TemporaryFile

from tablehost.objects.path import ObjectPath

_OF_THE_KERNEL = "made by the kernel"
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path) -> FileIO:
    """Open a regular file to be read; nothing else is waited for, or read without an end.

    Args:
        path: the file; a link is followed, an object of a store is fetched first.

    Raises:
        OSError: it cannot be opened, or is not a regular file.
    """
    if isinstance(path, ObjectPath):
        return _fetched(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO has no writer
    try:
        status = os.fstat(descriptor)
        _refuse(path, irregular(status) or _unsized(descriptor, status))
        os.set_blocking(descriptor, True)  # the function's only form
        return FileIO(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path, at_most: int) -> bytes:
    """Read a regular file.

    Args:
        path: the file; a link is followed.
        at_most: the bytes that it may have.

    Raises:
        OSError: it cannot be read, is not a regular file, or is larger.
    """
    listed = path.stat().st_size if isinstance(path, ObjectPath) else 0
    with open_regular(path) if listed <= at_most else nullcontext() as file:
        size = os.fstat(file.fileno()).st_size if file else listed
        content = b"" if file is None or size > at_most else _read(file, at_most + 1)
        if max(size, len(content)) > at_most:
            why = f"it has more than {at_most} bytes, the most that are read of such a file"
            raise OSError(errno.EFBIG, why, str(path))
        return content


def check_regular(path: Path) -> None:
    """Check that a file that a library opens by its path is a regular one.

    Raises:
        OSError: it is not there, or is not a regular file.
    """
    _refuse(path, irregular(path.stat()))


def irregular(status: os.stat_result) -> str | None:
    """Return what a file is that is not a regular one: `a FIFO`; None for a regular file."""
    if status.st_dev in _kernels_devices():
        return _OF_THE_KERNEL
    return (
        None if stat.S_ISREG(status.st_mode) else _KINDS.get(stat.S_IFMT(status.st_mode), "a link")
    )


def check_walkable(path: Path | str, status: os.stat_result) -> None:
    """Check that a folder is not one of the kernel's, whose files come and go and lead everywhere.

    Raises:
        OSError: it is.
    """
    if status.st_dev in _kernels_devices():
        raise OSError(errno.EINVAL, f"it is {_OF_THE_KERNEL}", str(path))


def _fetched(path: ObjectPath) -> FileIO:
    """Return a file without a name that has the content of an object."""
    with TemporaryFile("w+b", buffering=0) as file:
        for piece in path.chunks():
            file.write(piece)
        file.seek(0)
        return FileIO(os.dup(file.fileno()))


def _refuse(path: Path, what: str | None) -> None:
    if what is not None:
        raise OSError(errno.EINVAL, f"it is {what}, not a regular file", str(path))


def _read(file: FileIO, size: int) -> bytes:
    """Read until the end, or until there is enough."""
    pieces = []
    while size > 0 and (piece := file.read(min(size, 1 << 24))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _unsized(descriptor: int, status: os.stat_result) -> str | None:
    """Return what a file is that has content and no size: it may have no end."""
    if status.st_size:
        return None
    try:
        return _OF_THE_KERNEL if os.read(descriptor, 1) else None
    except BlockingIOError:
        return _OF_THE_KERNEL


@cache
def _kernels_devices() -> frozenset[int]:
    found = set()
    for folder in ("/proc", "/sys"):
        with suppress(OSError):
            found.add(os.stat(folder).st_dev)  # noqa: PTH116  # all that is needed
    return frozenset(found)
