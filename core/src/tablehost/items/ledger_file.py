"""The ledger's file: its format, how it is opened, and how a damaged one is set aside."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from attrs import frozen

from tablehost.contract.build import Session
from tablehost.contract.errors import TablehostError
from tablehost.files.names import beside
from tablehost.files.sqlite_file import Damaged, SqliteFormat, damage_recognised, pieces

_log = logging.getLogger("tablehost")
_SESSION = "run_id, started_at, finished_at, ok, failed, workers, outcome"

_FORMAT = SqliteFormat(
    application=0x7AB1E057,
    version=1,
    schema="""
CREATE TABLE recipes (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, text TEXT NOT NULL);
CREATE TABLE items (
    recipe INTEGER NOT NULL, key TEXT NOT NULL, input TEXT NOT NULL, result TEXT NOT NULL,
    checksum INTEGER NOT NULL, run_id TEXT NOT NULL, ended_at TEXT NOT NULL,
    PRIMARY KEY (recipe, key, input)
) WITHOUT ROWID;
CREATE TABLE failures (
    recipe INTEGER NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    run_id TEXT NOT NULL, ended_at TEXT NOT NULL, PRIMARY KEY (recipe, key)
) WITHOUT ROWID;
CREATE TABLE sessions (
    run_id TEXT PRIMARY KEY, started_at TEXT NOT NULL, finished_at TEXT, total INTEGER NOT NULL,
    done_before INTEGER NOT NULL, ok INTEGER NOT NULL, failed INTEGER NOT NULL,
    workers INTEGER NOT NULL, outcome TEXT, last_activity TEXT NOT NULL
)""",
)


class LedgerError(TablehostError):
    """The ledger cannot be used."""


def is_damaged(path: Path) -> str | None:
    """Return why an existing file is not a ledger that this version can use, or None.

    Raises:
        LedgerError: it cannot be used, although it may be undamaged: locked, unreadable, ...
    """
    if not path.exists():
        return None
    try:
        with damage_recognised(), closing(_FORMAT.connect(path)) as db:
            check: str = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except Damaged as damage:
        return str(damage)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    return None if check == "ok" else check


def set_aside(path: Path, suffix: str, why: str) -> None:
    """Rename a ledger that is not to be used, and say so."""
    kept = beside(path, f".{suffix}")
    for old, new in zip(pieces(path), pieces(kept), strict=True):
        if old.exists():
            old.rename(new)
    _log.warning("%s; it is kept as %s, and a new one is begun", why, kept.name)


def open_file(path: Path) -> sqlite3.Connection:
    """Open a ledger for writing, making it where there is none.

    Raises:
        LedgerError: it cannot be used.
    """
    try:
        return _FORMAT.connect(path)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> LedgerError:
    return LedgerError(f"the ledger {path} cannot be used: {error}")


def sessions_in(db: sqlite3.Connection) -> tuple[Session, ...]:
    """Return the sessions in a ledger, oldest first."""
    rows = db.execute(f"SELECT {_SESSION} FROM sessions ORDER BY rowid")
    return tuple(Session(*row) for row in rows)


@frozen
class Progress:
    """How far the latest session of a ledger came, for `tablehost show`."""

    session: Session
    total: int
    done: int
    failed: int
    last_activity: str


def progress_of(path: Path) -> Progress | None:
    """Read how far the latest session of an output came, without writing.

    Args:
        path: `<out>.ledger`.

    Returns:
        None where there is no ledger or it has no session.

    Raises:
        LedgerError: the file is not a ledger.
    """
    if not path.is_file():
        return None
    try:
        # Without a write-ahead log there is no writer, and SQLite need not make one to read.
        how = "mode=ro" if beside(path, "-wal").exists() else "immutable=1"
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as db:
            row = db.execute(
                f"SELECT {_SESSION}, total, done_before + ok, failed, last_activity FROM sessions"
                " ORDER BY rowid DESC LIMIT 1"
            ).fetchone()
    except sqlite3.DatabaseError as error:
        msg = f"{path} is not a readable ledger: {error}"
        raise LedgerError(msg) from error
    return Progress(Session(*row[:7]), *row[7:]) if row else None
