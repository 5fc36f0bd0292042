"""What a value and a file are known by."""

from __future__ import annotations

import hashlib
import json
import os
import time
from operator import attrgetter
from pathlib import Path

from attrs import field, frozen

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


_LOOKED_AT = attrgetter("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")


@frozen
class Signature:
    """What a file looks like from outside; two equal ones mean, in practice, equal content.

    Args:
        device: of the file system.
        inode: in that file system.
        size: in bytes.
        mtime_ns: when the content changed.
        ctime_ns: when anything changed; no program can set it.
        seen_ns: when this was looked at; not compared.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    seen_ns: int = field(default=0, eq=False)

    @classmethod
    def of(cls, path: Path) -> Signature:
        """Look at a file; a link is followed, since its target is what gets read."""
        return cls.from_stat(path.stat())

    @classmethod
    def from_stat(cls, seen: os.stat_result) -> Signature:
        """Return what a look at a file has found just now."""
        device, inode, size, mtime_ns, ctime_ns = _LOOKED_AT(seen)
        return cls(device, inode, size, mtime_ns, ctime_ns, time.time_ns())

    @property
    def settled(self) -> bool:
        """Whether the file had been left alone for two seconds when it was looked at.

        Clocks of file systems tick as seldom as every two seconds: a file changed twice within a
        tick looks the same from outside.
        """
        return self.seen_ns - max(self.mtime_ns, self.ctime_ns) >= QUIET_NS
