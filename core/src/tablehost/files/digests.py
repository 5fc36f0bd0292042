"""Digests of JSON values and files."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import Protocol

from attrs import field, frozen

from tablehost.contract.errors import TablehostError
from tablehost.files.reading import open_regular
from tablehost.objects.errors import Replaced
from tablehost.objects.path import ObjectPath

QUIET_NS = 2_000_000_000
"""A file touched less than this before it was observed may change again unnoticed."""

_READ_AT_ONCE = 1 << 18


def json_digest(value: object) -> str:
    """Digest a value by its canonical JSON: sorted keys, no spaces, UTF-8, no NaN.

    Args:
        value: anything that JSON can represent.

    Returns:
        A sha256 in hexadecimal.

    Raises:
        TypeError: JSON cannot represent it.
        ValueError: it contains NaN or an infinity.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@frozen
class FileDigest:
    """The digest and size of a file.

    Args:
        sha256: of its bytes.
        bytes: how many there are.
        other: the digest of another algorithm, where one was asked for.
    """

    sha256: str
    bytes: int
    other: str | None = None


def file_digest(path: Path, other: str | None = None) -> FileDigest:
    """Read a file to its end and digest the bytes read.

    Args:
        path: the file.
        other: an algorithm whose digest is made in the same reading.

    Returns:
        The digests and the number of bytes read.

    Raises:
        OSError: it cannot be read, or is not a regular file.
    """
    with open_regular(path) as file:
        if other is None:
            digest = hashlib.file_digest(file, "sha256")
            return FileDigest(digest.hexdigest(), file.tell())
        hashers = [hashlib.new(name, usedforsecurity=False) for name in ("sha256", other)]
        buffer = memoryview(bytearray(_READ_AT_ONCE))
        while size := file.readinto(buffer):
            for hasher in hashers:
                hasher.update(buffer[:size])
        sha256, wanted = (hasher.hexdigest() for hasher in hashers)
        return FileDigest(sha256, file.tell(), wanted)


State = tuple[int, int, int, int, int]
"""A file's device, inode, size in bytes, and in nanoseconds mtime and ctime.

Equal states mean, in practice, equal content. It is a plain tuple since a folder has many: the
garbage collector does not follow tuples of numbers.
"""

state_of: Callable[[os.stat_result], State] = attrgetter(
    "st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns"
)


def is_settled(state: State, seen_ns: int) -> bool:
    """Return whether a file had not been touched for two seconds when it was observed.

    Clocks of file systems may tick only every two seconds: a file changed twice within a tick has
    the same state.

    Args:
        state: of the file.
        seen_ns: when it was observed, or a little before.
    """
    _, _, _, mtime_ns, ctime_ns = state
    return seen_ns - max(mtime_ns, ctime_ns) >= QUIET_NS


@frozen
class Signature:
    """The state of a file, and when it was observed.

    Args:
        state: of the file.
        seen_ns: when it was observed; not compared.
    """

    state: State
    seen_ns: int = field(eq=False)

    @classmethod
    def of(cls, path: Path) -> Signature:
        """Observe a file; a link is followed, since its target is read."""
        seen_ns = time.time_ns()
        return cls(state_of(path.stat()), seen_ns)

    @property
    def size(self) -> int:
        """Return the file's size in bytes."""
        _, _, size, _, _ = self.state
        return size


Keep = Callable[[bytes], object]
"""What is done with each piece of an object that is fetched, such as to write it to a file."""


class ChangedWhileRead(TablehostError):
    """A file changed while it was read."""


def unchanged_digest(
    path: Path, state: State, other: str | None = None, keep: Keep | None = None
) -> FileDigest:
    """Digest a file whose state is the same before and after.

    Args:
        path: the file.
        state: that it must have.
        other: an algorithm whose digest is made in the same reading.
        keep: called with each piece of an object of a store.

    Raises:
        ChangedWhileRead: it changed, was replaced or vanished.
    """
    if isinstance(path, ObjectPath):
        return _fetched_digest(path, state, other, keep)
    with suppress(FileNotFoundError):
        if state_of(path.stat()) == state:  # else it may be a FIFO by now, which has no end
            digest = file_digest(path, other)
            _, _, size, _, _ = after = state_of(path.stat())
            if after == state and digest.bytes == size:
                return digest
    msg = f"{path} changed while it was read"
    raise ChangedWhileRead(msg)


def _fetched_digest(
    path: ObjectPath, state: State, other: str | None, keep: Keep | None
) -> FileDigest:
    """Fetch an object once, and digest what comes."""
    hashers = [hashlib.new(name, usedforsecurity=False) for name in ("sha256", other) if name]
    size = 0
    try:
        for piece in path.chunks(state):
            size += len(piece)
            for hasher in hashers:
                hasher.update(piece)
            if keep is not None:
                keep(piece)
    except Replaced as replaced:
        raise ChangedWhileRead(replaced.problems) from None
    _, _, listed, _, _ = state
    if size != listed:
        msg = f"{path} has {listed} bytes, and {size} came"
        raise ChangedWhileRead(msg)
    sha256, *others = (hasher.hexdigest() for hasher in hashers)
    return FileDigest(sha256, size, *others)


@frozen
class ReadInput:
    """A file that an item read, with the digest of the bytes read."""

    path: str
    sha256: str
    bytes: int


class ReadInputs(Protocol):
    """The files that items read."""

    def __iter__(self) -> Iterator[ReadInput]:
        """Yield them ordered by path; one that was read with different content twice or more."""

    def __contains__(self, path: object) -> bool:
        """Return whether a path was read."""
