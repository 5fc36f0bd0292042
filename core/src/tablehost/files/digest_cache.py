"""A cache of file digests, so that a file that has not been touched since is not read again."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import struct
import threading
import zlib
from collections.abc import Callable, Collection, Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Self, TypeVar

from platformdirs import user_cache_dir

from tablehost.contract.errors import UsageError
from tablehost.files.digests import FileDigest, Signature, State, is_settled, unchanged_digest
from tablehost.files.names import LOCK_SUFFIX, beside
from tablehost.files.sqlite_file import Damaged, SqliteFormat, damage_recognised, pieces

T = TypeVar("T")
log = logging.getLogger("tablehost")

_FORMAT = SqliteFormat(
    application=0,  # as every cache has had it
    version=1,
    schema="CREATE TABLE file (device INTEGER, inode INTEGER, size INTEGER, mtime INTEGER, "
    "ctime INTEGER, sha256 BLOB, proof INTEGER, PRIMARY KEY (device, inode)) WITHOUT ROWID",
)
_AT_ONCE = 500
_SIGN = 2**63


def hash_file(path: Path, cache: StatCache | None = None) -> FileDigest:
    """Digest a regular file, from the cache if it is known there.

    Args:
        path: the file.
        cache: looked up first, and added to.

    Returns:
        Its digest.

    Raises:
        ChangedWhileRead: it changed, was replaced or vanished meanwhile.
        UsageError: it is not a regular file.
    """
    before = Signature.of(path)
    if not path.is_file():
        msg = f"{path} is not a regular file"
        raise UsageError(msg)
    known = cache.get(before) if cache is not None else None
    if known is not None:
        return FileDigest(known, before.size)
    digest = unchanged_digest(path, before.state)
    if cache is not None:
        cache.put_many([(before, digest.sha256)])
    return digest


class StatCache:
    """Remember the digests of files that have not been touched since.

    It is in `TABLEHOST_CACHE_DIR`, else in the user's cache folder. Several processes and threads
    may use it at once. A damaged one is deleted and begun anew, and without a writable folder the
    work goes on without a cache; either is reported once.

    Args:
        folder: where to keep it, in place of the usual one.
        algorithm: of the digests; each has a file of its own.
    """

    def __init__(self, folder: Path | None = None, algorithm: str = "sha256") -> None:
        chosen = folder or os.environ.get("TABLEHOST_CACHE_DIR") or user_cache_dir("tablehost")
        kind = "" if algorithm == "sha256" else f"-{algorithm}"
        self.path = Path(chosen) / f"digests{kind}.sqlite"
        self._lock = threading.RLock()
        self._inode: int | None = None
        self._connection: sqlite3.Connection | None = None
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; afterwards no digest is known."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def get(self, signature: Signature) -> str | None:
        """Look a file up.

        Args:
            signature: of the file now.

        Returns:
            Its digest, or None where it must be read.
        """
        return self.get_many([signature.state], signature.seen_ns).get(signature.state)

    def get_many(self, states: Iterable[State], seen_ns: int) -> dict[State, str]:
        """Look many files up at once.

        Args:
            states: of the files now.
            seen_ns: when they were observed.

        Returns:
            The digests of those that are known.
        """
        found: dict[State, str] = {}
        each = dict.fromkeys(states)  # two names may be one file
        settled = iter([state for state in each if is_settled(state, seen_ns)])
        while some := list(islice(settled, _AT_ONCE)):
            found.update(self._guarded(partial(_look_up, some)) or {})
        return found

    def put_many(self, entries: Iterable[tuple[Signature, str]]) -> None:
        """Remember files, except those touched within two seconds before they were observed.

        Args:
            entries: the signature from before the file was read, and the digest of what was read.
        """
        settled = [
            (_key(seen.state), bytes.fromhex(digest))
            for seen, digest in entries
            if is_settled(seen.state, seen.seen_ns)
        ]
        if settled:
            self._guarded(partial(_insert, settled))

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Work with the file, if there is one; its errors end here."""
        with self._lock:
            if self._connection is None:
                return None
            try:
                with damage_recognised():
                    return work(self._connection)
            except Damaged as damage:
                self.close()
                self._open(damage)
            except sqlite3.Error as error:
                self._give_up(error)
            return None

    def _open(self, damage: Damaged | None = None) -> None:
        """Open the file, or delete it and begin anew; one process at a time."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with beside(self.path, LOCK_SUFFIX).open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                # another process may have begun anew already
                if damage is not None and self.path.stat().st_ino == self._inode:
                    self._delete(damage)
                try:
                    self._connection = _FORMAT.connect(self.path)
                except Damaged as error:
                    self._delete(error)
                    self._connection = _FORMAT.connect(self.path)
                self._inode = self.path.stat().st_ino
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def _delete(self, damage: Damaged) -> None:
        for piece in pieces(self.path):
            piece.unlink(missing_ok=True)
        log.warning(
            "the cache of file digests %s was damaged (%s); it was deleted and a new one is begun",
            self.path,
            damage,
        )

    def _give_up(self, error: Exception) -> None:
        log.warning("files are hashed without a cache: %s cannot be used (%s)", self.path, error)
        self.close()


def _look_up(some: list[State], connection: sqlite3.Connection) -> dict[State, str]:
    keys = {_key(one): one for one in some}
    devices = sorted({key[0] for key in keys})
    rows = connection.execute(
        "SELECT device, inode, size, mtime, ctime, sha256, proof FROM file"  # marks only
        f" WHERE device IN ({_marks(devices)}) AND inode IN ({_marks(some)})",
        [*devices, *(key[1] for key in keys)],
    )
    found = {}
    for *state, digest, checksum in rows:
        key: State = tuple(state)
        if key in keys:
            # a flipped bit on the disk must not get into a manifest
            if not isinstance(digest, bytes) or _checksum(key, digest) != checksum:
                msg = "an entry does not match its checksum"
                raise Damaged(msg)
            found[keys[key]] = digest.hex()
    return found


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))


def _insert(entries: list[tuple[State, bytes]], connection: sqlite3.Connection) -> None:
    rows = ((*key, digest, _checksum(key, digest)) for key, digest in entries)
    with connection:
        connection.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def _checksum(key: State, digest: bytes) -> int:
    return zlib.crc32(struct.pack("<5q", *key) + digest)


def _key(state: State) -> State:
    """Return a state in SQLite's integers, which have a sign."""
    device, inode, size, mtime_ns, ctime_ns = state
    if device >= _SIGN or inode >= _SIGN:
        device, inode = (one - 2 * _SIGN if one >= _SIGN else one for one in (device, inode))
    return device, inode, size, mtime_ns, ctime_ns
