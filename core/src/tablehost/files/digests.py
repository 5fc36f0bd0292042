"""What a value and a file are known by."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from pathlib import Path

from attrs import field, frozen

from tablehost.contract.errors import TablehostError

QUIET_NS = 2_000_000_000
"""A file touched less than this before it was looked at may change again unseen."""


def json_digest(value: object) -> str:
    """Digest a value by its canonical JSON: sorted keys, no spaces, UTF-8, no NaN.

    Args:
        value: anything that JSON can say.

    Returns:
        A sha256 in hexadecimal.

    Raises:
        TypeError: JSON cannot say it.
        ValueError: it holds NaN or an infinity.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@frozen
class FileDigest:
    """What a file's content is known by."""

    sha256: str
    bytes: int


def file_digest(path: Path) -> FileDigest:
    """Read a file to its end and digest what was read.

    Args:
        path: the file.

    Returns:
        The sha256 and the number of bytes read.
    """
    with path.open("rb", buffering=0) as file:
        digest = hashlib.file_digest(file, "sha256")
        return FileDigest(digest.hexdigest(), file.tell())


State = tuple[int, int, int, int, int]
"""What a file looks like from outside: device, inode, bytes, and in nanoseconds mtime and ctime.

Two equal ones mean, in practice, equal content. It is a plain tuple since a folder has many: the
garbage collector does not follow tuples of numbers.
"""

state_of: Callable[[os.stat_result], State] = attrgetter(
    "st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns"
)


def is_settled(state: State, seen_ns: int) -> bool:
    """Tell whether a file had been left alone for two seconds when it was looked at.

    Clocks of file systems tick as seldom as every two seconds: a file changed twice within a tick
    looks the same from outside.

    Args:
        state: of the file.
        seen_ns: when it was looked at, or a little before.
    """
    _, _, _, mtime_ns, ctime_ns = state
    return seen_ns - max(mtime_ns, ctime_ns) >= QUIET_NS


@frozen
class Signature:
    """The state of a file, and when it was looked at.

    Args:
        state: what it looks like from outside.
        seen_ns: when this was looked at; not compared.
    """

    state: State
    seen_ns: int = field(eq=False)

    @classmethod
    def of(cls, path: Path) -> Signature:
        """Look at a file; a link is followed, since its target is what gets read."""
        seen_ns = time.time_ns()
        return cls(state_of(path.stat()), seen_ns)

    @property
    def size(self) -> int:
        """Return the file's bytes."""
        _, _, size, _, _ = self.state
        return size


class ChangedWhileRead(TablehostError):
    """A file was not the same after it was read as before."""


def unchanged_digest(path: Path, state: State) -> FileDigest:
    """Digest a file that looks the same before and after.

    Args:
        path: the file.
        state: what it is to look like.

    Raises:
        ChangedWhileRead: it changed, was replaced or vanished.
    """
    with suppress(FileNotFoundError):
        if state_of(path.stat()) == state:  # else it may be a FIFO by now, which has no end
            digest = file_digest(path)
            _, _, size, _, _ = after = state_of(path.stat())
            if after == state and digest.bytes == size:
                return digest
    msg = f"{path} changed while it was read"
    raise ChangedWhileRead(msg)


@frozen
class ReadInput:
    """A file that an item read, with the digest of what it read."""

    path: str
    sha256: str
    bytes: int
