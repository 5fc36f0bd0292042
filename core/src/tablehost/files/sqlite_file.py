"""SQLite files of a known format: open them, and distinguish damage from other trouble."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from attrs import field, frozen

from tablehost.files.names import beside

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_LOCKS = Path("/proc/locks")


class Damaged(sqlite3.DatabaseError):
    """A SQLite file has another format or content than what was written."""


class OtherFormat(Damaged):
    """A SQLite file is of another application or version, and may well be intact."""


@contextmanager
def damage_recognised() -> Iterator[None]:
    """Raise `Damaged` for errors that mean damage, not a locked file, missing rights or a bad disk.

    Raises:
        Damaged: the file is damaged.
        sqlite3.Error: it cannot be used for another reason.
    """
    try:
        yield
    except Damaged:
        raise
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the second: SQLite quotes damaged text
        code = getattr(error, "sqlite_errorcode", None)  # only SQLite's own errors have one
        if code is not None and code & 0xFF not in _DAMAGE:
            raise
        raise Damaged(str(error)) from error


@frozen(kw_only=True)
class SqliteFormat:
    """A format of SQLite files.

    Args:
        application: its `application_id`.
        version: its `user_version`.
        schema: the statements that make its tables.
        upgrades: by an earlier version, the statements that make this one of it.
        functions: what they call, by name.
        patience: seconds to wait for a lock that another process holds.
    """

    application: int
    version: int
    schema: str
    upgrades: Mapping[int, str] = field(factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(factory=dict)
    patience: float = 20

    def connect(self, path: Path) -> sqlite3.Connection:
        """Open a file for writing, and make its tables where it is new or empty.

        Args:
            path: the file.

        Raises:
            Damaged: it is damaged, or of another format.
            sqlite3.Error: it cannot be used for another reason.
        """
        db = sqlite3.connect(
            path, timeout=self.patience, isolation_level="IMMEDIATE", check_same_thread=False
        )
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def examine(self, path: Path) -> bool:
        """Read a file as a whole, without writing to it.

        Args:
            path: the file.

        Returns:
            Whether it has tables: a kill may have come before its first transaction.

        Raises:
            Damaged: it is damaged, or of another format.
            sqlite3.Error: it cannot be used for another reason.
        """
        with damage_recognised(), closing(read_only(path, self.patience)) as db:
            version = self._version(db)
            check: str = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if check != "ok":
            raise Damaged(check)
        return version is not None

    @damage_recognised()
    def _prepare(self, db: sqlite3.Connection) -> None:
        version = self._version(db)
        if version is None:
            db.execute("PRAGMA journal_mode = WAL")
            self._change(db, f"{self.schema}; PRAGMA application_id = {self.application}")
        elif version != self.version:
            for name, function in self.functions.items():
                db.create_function(name, -1, function)
            self._change(db, self.upgrades[version])
        db.execute("PRAGMA synchronous = NORMAL")

    def _change(self, db: sqlite3.Connection, statements: str) -> None:
        """Make all of a change of the format, or nothing."""
        db.executescript(
            f"BEGIN IMMEDIATE; {statements}; PRAGMA user_version = {self.version}; COMMIT"
        )

    def _version(self, db: sqlite3.Connection) -> int | None:
        """Return the version of a file's format, or None where it has no tables yet."""
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
        if not tables:
            return None
        application = db.execute("PRAGMA application_id").fetchone()[0]
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        if application != self.application:
            msg = "it was not written by tablehost"
            raise OtherFormat(msg)
        if version != self.version and version not in self.upgrades:
            msg = f"it has format {version}, and this version of tablehost reads {self.version}"
            raise OtherFormat(msg)
        if missing := _made_by(self.schema) - _made_by(self.upgrades.get(version, "")) - tables:
            msg = f"it has no table {', '.join(sorted(missing))}"
            raise Damaged(msg)
        return version


def _made_by(statements: str) -> set[str]:
    return set(re.findall(r"CREATE TABLE (\w+)", statements))


def read_only(path: Path, patience: float = 5) -> sqlite3.Connection:
    """Open a SQLite file without writing to it.

    Args:
        path: the file.
        patience: seconds to wait for a lock that another process holds.
    """
    # Without a write-ahead log there is no writer, and SQLite need not make one to read.
    how = "mode=ro" if beside(path, "-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=patience)


def locked_by(path: Path) -> str:
    """Name the process that keeps others from writing to a SQLite file."""
    states = (piece.stat() for piece in pieces(path) if piece.exists())
    files = {
        f"{os.major(one.st_dev):02x}:{os.minor(one.st_dev):02x}:{one.st_ino}" for one in states
    }
    locks = _LOCKS.read_text().splitlines() if _LOCKS.exists() else []
    for lock in locks:
        mode, process, file = lock.split()[-5:-2]
        if mode == "WRITE" and file in files and int(process) != os.getpid():
            return f"process {process}{_how_it_is(int(process))}"
    return "another process"


def _how_it_is(process: int) -> str:
    try:
        name, _, rest = Path(f"/proc/{process}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:  # it has just ended
        return ""
    return f" ({name}, which is stopped)" if rest.split()[0] in "Tt" else f" ({name})"


def pieces(path: Path) -> list[Path]:
    """Return a SQLite file and what SQLite keeps beside it.

    The journals come first, so that no kill while they are moved leaves one beside a new file.
    """
    return [beside(path, suffix) for suffix in ("-journal", "-wal", "-shm", "")]
