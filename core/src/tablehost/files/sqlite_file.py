"""SQLite files of a known format: open them, and distinguish damage from other trouble."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from attrs import frozen

from tablehost.files.names import beside

ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file may raise; the second where SQLite quotes damaged text."""

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_NOTADB}


class Damaged(sqlite3.DatabaseError):
    """A SQLite file has another format or content than what was written."""


def is_damage(error: Exception) -> bool:
    """Return whether an error means damage, not a locked file, missing rights or a failing disk.

    Args:
        error: one of `ERRORS`.
    """
    code = getattr(error, "sqlite_errorcode", None)  # only SQLite's own errors have one
    return code is None or code & 0xFF in _DAMAGE or code == sqlite3.SQLITE_IOERR_SHORT_READ


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
            sqlite3.Error, UnicodeDecodeError: it cannot be used; `is_damage` says whether it is
                damaged.
        """
        db = sqlite3.connect(path, timeout=20, isolation_level="IMMEDIATE", check_same_thread=False)
        try:
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
        except BaseException:
            db.close()
            raise
        return db

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
