r"""Digests of files, of folders and of values, and a cache that spares a second reading.

- A *file* has its sha256.
- A *folder* has in-toto's dirHash1: the sha256 over the lines `sha256␠␠relative/path\n` in the
  order of the path's bytes. It is what this prints, run inside the folder:

      find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum -- | sha256sum

  As GNU coreutils do, a line whose path holds a backslash, a newline or a carriage return begins
  with a backslash, and these three are written `\\`, `\n` and `\r`.
- A *value* has the sha256 of its canonical JSON.

Paths are text as `os.fsdecode` makes it, so a name that is not UTF-8 keeps its bytes.
"""

from __future__ import annotations

import fcntl
import fnmatch
import gzip
import hashlib
import json
import logging
import os
import re
import sqlite3
import stat
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import field, frozen
from platformdirs import user_cache_dir

from tablehost.errors import ManifestError, TablehostError, UsageError

log = logging.getLogger("tablehost")

QUIET_NS = 2_000_000_000
"""A file touched less than this before it was looked at may change again unseen."""


class ChangedWhileRead(TablehostError):
    """A file was not the same after it was read as before."""


# ---------------------------------------------------------------------------- values and files


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


def file_digest(path: str | os.PathLike[str]) -> FileDigest:
    """Read a file to its end and digest what was read.

    Args:
        path: the file.

    Returns:
        The sha256 and the number of bytes read.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        digest = hashlib.file_digest(file, "sha256")
        return FileDigest(digest.hexdigest(), file.tell())


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
    def of(cls, path: str | os.PathLike[str]) -> Signature:
        """Look at a file; a link is followed, since its target is what gets read.

        Args:
            path: the file.

        Returns:
            Its signature now.
        """
        return cls.from_stat(os.stat(path))  # noqa: PTH116

    @classmethod
    def from_stat(cls, seen: os.stat_result) -> Signature:
        """Make a signature of what `os.stat` or `os.fstat` returned just now.

        Args:
            seen: the result.

        Returns:
            The signature.
        """
        return cls(
            seen.st_dev,
            seen.st_ino,
            seen.st_size,
            seen.st_mtime_ns,
            seen.st_ctime_ns,
            time.time_ns(),
        )

    @property
    def settled(self) -> bool:
        """Whether the file had been left alone for two seconds when it was looked at.

        Clocks of file systems tick as seldom as every two seconds: a file changed twice within a
        tick looks the same from outside.
        """
        return self.seen_ns - max(self.mtime_ns, self.ctime_ns) >= QUIET_NS


def hash_file(path: str | os.PathLike[str], cache: StatCache | None = None) -> FileDigest:
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
    before = os.stat(path)  # noqa: PTH116
    if not stat.S_ISREG(before.st_mode):
        msg = f"{os.fsdecode(path)} is not a regular file"
        raise UsageError(msg)
    signature = Signature.from_stat(before)
    known = cache.get(signature) if cache is not None else None
    if known is not None:
        return FileDigest(known, signature.size)
    digest = file_digest(path)
    try:
        unchanged = Signature.of(path) == signature and digest.bytes == signature.size
    except FileNotFoundError:
        unchanged = False
    if not unchanged:
        msg = f"{os.fsdecode(path)} changed while it was read"
        raise ChangedWhileRead(msg)
    if cache is not None:
        cache.put_many([(signature, digest.sha256)])
    return digest


# ------------------------------------------------------------------------------------- folders

_ESCAPES = {b"\\": rb"\\", b"\n": rb"\n", b"\r": rb"\r"}
_UNESCAPES = {escaped: plain for plain, escaped in _ESCAPES.items()}
_LINE = re.compile(rb"(\\?)([0-9a-f]{64})  (.+)", re.DOTALL)


def walk_files(folder: str | os.PathLike[str], patterns: Sequence[str] = ("**/*",)) -> list[str]:
    """List the regular files of a folder that match any of the patterns.

    A pattern is as for `pathlib`, relative to the folder: `*.mp4` looks at the folder itself,
    `**/*.mp4` also below it. Links are neither listed nor followed, and a folder that cannot be
    read is an error, never an empty one.

    Args:
        folder: where to look.
        patterns: what to look for.

    Returns:
        Relative paths with `/`, in the order of their bytes.

    Raises:
        OSError: a folder cannot be read.
    """
    found: list[str] = []
    start = frozenset(
        tuple(part for part in pattern.split("/") if part not in {"", "."}) for pattern in patterns
    ) - {()}
    todo = [(os.fspath(folder), "", start)]
    while todo:
        here, prefix, tails = todo.pop()
        tails = frozenset(t for tail in tails for t in _unfold(tail))
        final = [_matcher(tail[0]) for tail in tails if len(tail) == 1]
        inner = [(tail, _matcher(tail[0])) for tail in tails if len(tail) > 1 or tail[0] == "**"]
        with os.scandir(here) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_file(follow_symlinks=False):
                    if any(match is None or match(name) for match in final):
                        found.append(prefix + name)
                elif inner and entry.is_dir(follow_symlinks=False):
                    below = frozenset(
                        tail if tail[0] == "**" else tail[1:]
                        for tail, match in inner
                        if match is None or match(name)
                    )
                    if below:
                        todo.append((entry.path, f"{prefix}{name}/", below))
    found.sort(key=os.fsencode)
    return found


def _unfold(tail: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the pattern and, as `**` may stand for no folder at all, the pattern without it."""
    yield tail
    while len(tail) > 1 and tail[0] == "**":
        tail = tail[1:]
        yield tail


def _matcher(part: str) -> Callable[[str], object] | None:
    return None if part in {"*", "**"} else re.compile(fnmatch.translate(part)).match


def listing_lines(entries: Iterable[tuple[str | bytes, str]]) -> Iterator[bytes]:
    """Write files and digests as `sha256sum` does, in the order of the paths' bytes.

    Args:
        entries: relative path and sha256 of every file.

    Yields:
        One line a file, with its newline.
    """
    for path, sha256 in sorted((os.fsencode(path), sha256) for path, sha256 in entries):
        escaped = re.sub(rb"[\\\n\r]", lambda found: _ESCAPES[found[0]], path)
        mark = b"\\" if escaped != path else b""
        yield b"%b%b  %b\n" % (mark, sha256.encode("ascii"), escaped)


def dir_hash1(entries: Iterable[tuple[str | bytes, str]]) -> str:
    """Digest a folder by in-toto's dirHash1.

    Args:
        entries: relative path and sha256 of every file in it.

    Returns:
        A sha256 in hexadecimal.
    """
    digest = hashlib.sha256()
    for line in listing_lines(entries):
        digest.update(line)
    return digest.hexdigest()


def write_listing(
    path: str | os.PathLike[str], entries: Iterable[tuple[str | bytes, str]]
) -> FileDigest:
    """Keep a folder's files and digests in a gzipped `sha256sum -c` file.

    The same entries make the same bytes, and the sha256 of the unzipped file is the folder's
    dirHash1.

    Args:
        path: the file to write.
        entries: relative path and sha256 of every file.

    Returns:
        The digest of the file written.
    """
    with (
        Path(path).open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as zipped,
    ):
        zipped.writelines(listing_lines(entries))
    return file_digest(path)


def read_listing(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Read a listing back.

    Args:
        path: a file that `write_listing` wrote.

    Returns:
        Relative path and sha256 of every file.

    Raises:
        ManifestError: it is damaged or something else.
    """
    try:
        with gzip.open(path) as zipped:
            lines = zipped.read().split(b"\n")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        msg = f"the listing {os.fsdecode(path)} is damaged: {error}"
        raise ManifestError(msg) from error
    entries = []
    for number, line in enumerate(lines[:-1], start=1):
        found = _LINE.fullmatch(line)
        if found is None:
            msg = f"the listing {os.fsdecode(path)} is damaged at line {number}"
            raise ManifestError(msg)
        mark, sha256, name = found.groups()
        if mark:
            name = re.sub(rb"\\[\\nr]", lambda escape: _UNESCAPES[escape[0]], name)
        entries.append((os.fsdecode(name), sha256.decode("ascii")))
    if lines[-1]:
        msg = f"the listing {os.fsdecode(path)} ends in the middle of a line"
        raise ManifestError(msg)
    return entries


# ----------------------------------------------------------------------------------- the cache

_VERSION = 1
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_NOTADB}
_AT_ONCE = 500
_Key = tuple[int, int, int, int, int]
_KEY = struct.Struct("<5q")
_CREATE = (
    "CREATE TABLE file (device INTEGER, inode INTEGER, size INTEGER, mtime INTEGER, "
    "ctime INTEGER, sha256 BLOB, proof INTEGER, PRIMARY KEY (device, inode)) WITHOUT ROWID"
)
_SELECT = "SELECT * FROM file WHERE device = ? AND inode IN"
_INSERT = "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)"


class StatCache:
    """Remember the sha256 of files that have not been touched since.

    It stands in `TABLEHOST_CACHE_DIR`, else in the user's cache folder. Several processes and
    threads may use it at once. It is a convenience: when it is damaged it is set aside and begun
    anew, and when its folder cannot be written the work goes on without it; both are said once.

    Args:
        folder: where to keep it, in place of the usual one.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        chosen = folder or os.environ.get("TABLEHOST_CACHE_DIR") or user_cache_dir("tablehost")
        self.path = Path(chosen) / "digests.sqlite"
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._open()
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; afterwards nothing is known any more."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def get(self, signature: Signature) -> str | None:
        """Look one file up.

        Args:
            signature: how the file looks now.

        Returns:
            Its sha256, or None where it must be read.
        """
        return self.get_many([signature])[0]

    def get_many(self, signatures: Sequence[Signature]) -> list[str | None]:
        """Look many files up.

        Args:
            signatures: how the files look now.

        Returns:
            For each, in the same order, its sha256 or None.
        """
        asked = [_key(signature) if signature.settled else None for signature in signatures]
        found: dict[_Key | None, str] = {}
        with self._guarded() as connection:
            if connection is not None:
                found = _known(connection, [key for key in asked if key is not None])
        return [found.get(key) for key in asked]

    def put_many(self, entries: Iterable[tuple[Signature, str]]) -> None:
        """Remember files, except those touched within two seconds before they were looked at.

        Args:
            entries: the signature from before the file was read, and the sha256 of what was read.
        """
        rows = [
            (*key, digest, _proof(key, digest))
            for key, digest in (
                (_key(signature), bytes.fromhex(sha256))
                for signature, sha256 in entries
                if signature.settled
            )
        ]
        if not rows:
            return
        with self._guarded() as connection:
            if connection is not None:
                with connection:
                    connection.executemany(_INSERT, rows)

    @contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection | None]:
        """Hand out the connection; what goes wrong with it ends here."""
        with self._lock:
            try:
                yield self._connection
            except (sqlite3.Error, TypeError) as error:
                try:
                    self._recover(error)
                except (OSError, sqlite3.Error) as second:
                    self._give_up(second)

    def _recover(self, error: Exception) -> None:
        if not _is_damage(error):
            raise error
        self.close()
        self._connection = self._open(suspect=error)

    def _open(self, suspect: Exception | None = None) -> sqlite3.Connection:
        """Open the file, or set it aside and begin anew; one process at a time."""
        with Path(f"{self.path}.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                return self._connect(thorough=suspect is not None)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._set_aside(error)
            return self._connect()

    def _connect(self, *, thorough: bool = False) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=20, isolation_level="IMMEDIATE", check_same_thread=False
        )
        try:
            _prepare(connection)
            if thorough:
                _check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_aside(self, error: Exception) -> None:
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = Path(f"{self.path}.damaged-{now}")
        for suffix in ("-wal", "-shm", ""):  # the journal goes first: it must not meet a new file
            old = Path(f"{self.path}{suffix}")
            if old.exists():
                old.rename(f"{aside}{suffix}")
        log.warning(
            "the cache of file digests could not be used (%s); it is now %s, a new one is begun",
            error,
            aside,
        )

    def _give_up(self, error: Exception) -> None:
        log.warning("files are hashed without a cache: %s cannot be used (%s)", self.path, error)
        self.close()


class _Damage(sqlite3.DatabaseError):
    """The cache holds something that it cannot have been given."""


def _is_damage(error: Exception) -> bool:
    if isinstance(error, (_Damage, TypeError)):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, sqlite3.DatabaseError)
    return code & 0xFF in _DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ


def _known(connection: sqlite3.Connection, keys: Sequence[_Key]) -> dict[_Key | None, str]:
    known: dict[_Key | None, str] = {}
    # many at a time: a statement a file would take most of the time that the cache is to spare
    for start in range(0, len(keys), _AT_ONCE):
        wanted = {key[:2]: key for key in keys[start : start + _AT_ONCE]}
        for device in {device for device, _ in wanted}:
            inodes = [inode for of, inode in wanted if of == device]
            marks = ", ".join("?" * len(inodes))
            for row in connection.execute(f"{_SELECT} ({marks})", (device, *inodes)):
                key = row[:5]
                if wanted[key[:2]] != key:
                    continue
                # a flipped bit on the disk must not become a wrong digest in a manifest
                if _proof(key, row[5]) != row[6]:
                    msg = "an entry does not match its checksum"
                    raise _Damage(msg)
                known[key] = row[5].hex()
    return known


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version == 0 and tables == 0:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(_CREATE)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    elif version != _VERSION:
        msg = f"it has version {version}, this tablehost writes version {_VERSION}"
        raise _Damage(msg)
    connection.execute("PRAGMA synchronous = NORMAL")


def _check(connection: sqlite3.Connection) -> None:
    """Read everything once; slow, so only after something went wrong."""
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise _Damage(verdict)
    for *key, digest, proof in connection.execute("SELECT * FROM file"):
        try:
            sound = _proof(tuple(key), digest) == proof
        except (TypeError, struct.error):
            sound = False
        if not sound:
            msg = "an entry does not match its checksum"
            raise _Damage(msg)


def _proof(key: _Key, digest: bytes) -> int:
    """Checksum an entry."""
    return zlib.crc32(_KEY.pack(*key) + digest)


def _key(signature: Signature) -> _Key:
    """Say a signature in SQLite's integers, which have a sign; inodes have none."""
    return (
        _signed(signature.device),
        _signed(signature.inode),
        signature.size,
        signature.mtime_ns,
        signature.ctime_ns,
    )


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value
