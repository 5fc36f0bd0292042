"""SQLite files of a known format: open them, and distinguish damage from other trouble."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from tablehost.files.names import beside

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_NOTADB}


class Damaged(sqlite3.DatabaseError):
    """A SQLite file has another format or content than what was written."""


@contextmanager
def damage_recognised() -> Iterator[None]:
    """Raise `Damaged` for errors that mean damage, not a locked file, missing rights or a bad disk.

    Raises:
        Damaged: the file is damaged.
        sqlite3.Error: it cannot be used for another reason.
    """
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the second: SQLite quotes damaged text
        code = getattr(error, "sqlite_errorcode", None)  # only SQLite's own errors have one
        if code not in {None, sqlite3.SQLITE_IOERR_SHORT_READ} and code & 0xFF not in _DAMAGE:
            raise
        raise Damaged(str(error)) from error


@frozen(kw_only=True)
class SqliteFormat:
    """A format of SQLite files.

    Args:
        application: its `application_id`.
        version: its `user_version`.
        schema: the statements that make its tables.
    """

    application: int
    version: int
    schema: str

    def connect(self, path: Path) -> sqlite3.Connection:
        """Open a file for writing, and make its tables where it is new or empty.

        Args:
            path: the file.

        Raises:
            Damaged: it is damaged, or of another format.
            sqlite3.Error: it cannot be used for another reason.
        """
        db = sqlite3.connect(path, timeout=20, isolation_level="IMMEDIATE", check_same_thread=False)
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    @damage_recognised()
    def _prepare(self, db: sqlite3.Connection) -> None:
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
        if tables:
            self._check(db, tables)
        else:  # it is new, or a kill came before its first transaction
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(
                f"BEGIN; {self.schema}; PRAGMA application_id = {self.application};"
                f" PRAGMA user_version = {self.version}; COMMIT"
            )
        db.execute("PRAGMA synchronous = NORMAL")

    def _check(self, db: sqlite3.Connection, tables: set[str]) -> None:
        application = db.execute("PRAGMA application_id").fetchone()[0]
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if application != self.application:
            msg = "it was not written by tablehost"
            raise Damaged(msg)
        if version != self.version:
            msg = f"it has format {version}, and this version of tablehost reads {self.version}"
            raise Damaged(msg)
        if missing := set(re.findall(r"CREATE TABLE (\w+)", self.schema)) - tables:
            msg = f"it has no table {', '.join(sorted(missing))}"
            raise Damaged(msg)


def pieces(path: Path) -> list[Path]:
    """Return a SQLite file and what SQLite keeps beside it.

    The journal comes first, so that no kill while they are moved leaves it beside a new file.
    """
    return [beside(path, suffix) for suffix in ("-wal", "-shm", "")]
