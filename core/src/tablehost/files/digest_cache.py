"""A cache that spares a second reading of files that have not been touched since."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import struct
import threading
import zlib
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Self, TypeVar

from platformdirs import user_cache_dir

from tablehost.contract.errors import UsageError
from tablehost.files.digests import FileDigest, Signature, State, is_settled, unchanged_digest

T = TypeVar("T")
log = logging.getLogger("tablehost")

_VERSION = 1
_CREATE = (
    "CREATE TABLE file (device INTEGER, inode INTEGER, size INTEGER, mtime INTEGER, "
    "ctime INTEGER, sha256 BLOB, proof INTEGER, PRIMARY KEY (device, inode)) WITHOUT ROWID"
)
_INSERT = "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)"
_AT_ONCE = 500
_SIGN = 2**63
_BROKEN = (sqlite3.Error, UnicodeDecodeError)  # the second: SQLite quotes what it cannot make out
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_NOTADB}


def hash_file(path: Path, cache: StatCache | None = None) -> FileDigest:
    """Digest a regular file, from the cache if it is known there.

    Args:
        path: the file.
        cache: where to look first, and to remember.

    Returns:
        Its digest.

    Raises:
        ChangedWhileRead: it changed, was replaced or vanished meanwhile.
        UsageError: it is no regular file.
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
    """Remember the sha256 of files that have not been touched since.

    It stands in `TABLEHOST_CACHE_DIR`, else in the user's cache folder. Several processes and
    threads may use it at once. It is a convenience: when it is damaged it is set aside and begun
    anew, and when its folder cannot be written the work goes on without it; both are said once.

    Args:
        folder: where to keep it, in place of the usual one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        chosen = folder or os.environ.get("TABLEHOST_CACHE_DIR") or user_cache_dir("tablehost")
        self.path = Path(chosen) / "digests.sqlite"
        self._lock = threading.RLock()
        self._inode: int | None = None
        self._connection: sqlite3.Connection | None = None
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; afterwards nothing is known any more."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def get(self, signature: Signature) -> str | None:
        """Look a file up.

        Args:
            signature: how the file looks now.

        Returns:
            Its sha256, or None where it must be read.
        """
        return self.get_many([signature.state], signature.seen_ns).get(signature.state)

    def get_many(self, states: Iterable[State], seen_ns: int) -> dict[State, str]:
        """Look many files up at once.

        Args:
            states: how the files look now.
            seen_ns: when they were looked at.

        Returns:
            The sha256 of those that are known.
        """
        found: dict[State, str] = {}
        settled = iter([state for state in states if is_settled(state, seen_ns)])
        while some := list(islice(settled, _AT_ONCE)):
            found.update(self._guarded(partial(_look_up, some)) or {})
        return found

    def put_many(self, entries: Iterable[tuple[Signature, str]]) -> None:
        """Remember files, except those touched within two seconds before they were looked at.

        Args:
            entries: the signature from before the file was read, and the sha256 of what was read.
        """
        rows = [
            _row(_key(seen.state), bytes.fromhex(sha256))
            for seen, sha256 in entries
            if is_settled(seen.state, seen.seen_ns)
        ]
        if rows:
            self._guarded(lambda connection: _enter(connection, rows))

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Work with the file, if there is one; what goes wrong with it ends here."""
        with self._lock:
            if self._connection is None:
                return None
            try:
                return work(self._connection)
            except _BROKEN as error:
                self.close()
                if _is_damage(error):
                    self._open(damage=error)
                else:
                    self._give_up(error)
            return None

    def _open(self, damage: Exception | None = None) -> None:
        """Open the file, or set it aside and begin anew; one process at a time."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with Path(f"{self.path}.lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                # another process may have begun anew already
                if damage is not None and self.path.stat().st_ino == self._inode:
                    self._set_aside(damage)
                try:
                    self._connection = _connect(self.path)
                except _BROKEN as error:
                    if not _is_damage(error):
                        raise
                    self._set_aside(error)
                    self._connection = _connect(self.path)
                self._inode = self.path.stat().st_ino
        except (OSError, *_BROKEN) as error:
            self._give_up(error)

    def _set_aside(self, damage: Exception) -> None:
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = Path(f"{self.path}.damaged-{now}")
        for suffix in ("-wal", "-shm", ""):  # the journal goes first: it must not meet a new file
            old = Path(f"{self.path}{suffix}")
            if old.exists():
                old.rename(f"{aside}{suffix}")
        log.warning(
            "the cache of file digests could not be used (%s); it is now %s, a new one is begun",
            damage,
            aside,
        )

    def _give_up(self, error: Exception) -> None:
        log.warning("files are hashed without a cache: %s cannot be used (%s)", self.path, error)
        self.close()


class _Damage(sqlite3.DatabaseError):
    """The cache holds something that it cannot have been given."""


def _is_damage(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", None)  # only SQLite's own errors have one
    return code is None or code & 0xFF in _DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=20, isolation_level="IMMEDIATE", check_same_thread=False
    )
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN; {_CREATE}; PRAGMA user_version = {_VERSION}; COMMIT")
    elif version != _VERSION:
        msg = f"it has version {version}, this tablehost writes version {_VERSION}"
        raise _Damage(msg)
    connection.execute("PRAGMA synchronous = NORMAL")


def _look_up(some: list[State], connection: sqlite3.Connection) -> dict[State, str]:
    keys = {_key(one): one for one in some}
    devices = sorted({key[0] for key in keys})
    rows = connection.execute(
        "SELECT device, inode, size, mtime, ctime, sha256, proof FROM file"  # marks only
        f" WHERE device IN ({_marks(devices)}) AND inode IN ({_marks(some)})",
        [*devices, *(key[1] for key in keys)],
    )
    found = {}
    for device, inode, size, mtime, ctime, digest, proof in rows:
        key = (device, inode, size, mtime, ctime)
        if key in keys:
            found[keys[key]] = _proven(key, digest, proof)
    return found


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))


def _proven(key: State, digest: object, proof: int) -> str:
    """Return an entry's digest; a flipped bit on the disk must not get into a manifest."""
    if not isinstance(digest, bytes) or _proof(key, digest) != proof:
        msg = "an entry does not match its checksum"
        raise _Damage(msg)
    return digest.hex()


def _enter(connection: sqlite3.Connection, rows: list[tuple[int | bytes, ...]]) -> None:
    with connection:
        connection.executemany(_INSERT, rows)


def _row(key: State, digest: bytes) -> tuple[int | bytes, ...]:
    return (*key, digest, _proof(key, digest))


def _proof(key: State, digest: bytes) -> int:
    """Checksum an entry."""
    return zlib.crc32(struct.pack("<5q", *key) + digest)


def _key(state: State) -> State:
    """Return a state in SQLite's integers, which have a sign."""
    device, inode, size, mtime_ns, ctime_ns = state
    if device >= _SIGN or inode >= _SIGN:
        device, inode = (one - 2 * _SIGN if one >= _SIGN else one for one in (device, inode))
    return device, inode, size, mtime_ns, ctime_ns
