"""Write and read what the host keeps beside a table: whole or not at all, through no link."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import suppress
from io import BufferedReader, BufferedWriter
from pathlib import Path

from tablehost.files.names import staging_name


def create(path: Path) -> BufferedWriter:
    """Open a new file for writing; what stood in its place is removed, a link not followed."""
    with suppress(FileNotFoundError):
        path.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o666), "wb")


def open_own(path: Path) -> BufferedReader:
    """Open a file for reading that the host has written.

    Raises:
        OSError: it is not there, or is a link or another thing than a regular file.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO has no end
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # before `fdopen`, which refuses a folder
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def own_digest(path: Path) -> str | None:
    """Return the sha256 of a file that the host has written; None where it is not there."""
    try:
        file = open_own(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.EINVAL, errno.ENXIO):
            return None
        raise
    with file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a small file, whole or not at all, and on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = staging_name(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        with create(staged) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    except BaseException:
        with suppress(OSError):
            staged.unlink()
        raise
    sync(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder beside a table, unless it is there.

    Raises:
        OSError: it cannot be made, or a link is in its place.
    """
    path.mkdir(exist_ok=True)
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def sync(path: Path) -> None:
    """Flush a file or folder from the system's cache to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
