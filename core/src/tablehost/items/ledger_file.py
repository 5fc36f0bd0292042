"""The ledger's file: its format, opening it, and what to do with one that cannot be used."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from tablehost.contract.build import Session
from tablehost.contract.errors import TablehostError
from tablehost.files.names import beside

FORMAT = 1
_log = logging.getLogger("tablehost")
_APPLICATION = 0x7AB1E057

_SCHEMA = """
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
);
"""


class LedgerError(TablehostError):
    """The ledger cannot be used."""


def is_damaged(path: Path) -> str | None:
    """Say why an existing file is no ledger that this version can use, or return None."""
    if not path.exists():
        return None
    try:
        db = sqlite3.connect(path)
        try:
            application = db.execute("PRAGMA application_id").fetchone()[0]
            found = db.execute("PRAGMA user_version").fetchone()[0]
            tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
            check = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            db.close()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return str(error)
    if not tables:
        return None  # a kill came before its first transaction
    if application != _APPLICATION:
        return "it is not a ledger of tablehost"
    if found != FORMAT:
        return f"it has format {found}, and this version of tablehost reads {FORMAT}"
    if missing := {"recipes", "items", "failures", "sessions"} - tables:
        check = f"it has no {', '.join(sorted(missing))}"
    return None if check == "ok" else check


def set_aside(path: Path, suffix: str, why: str) -> None:
    """Put a ledger that is not to be used out of the way, under another name, and say so."""
    kept = beside(path, f".{suffix}")
    for part in ("", "-wal", "-shm"):  # what SQLite keeps beside it belongs to it
        if (piece := beside(path, part)).exists():
            piece.rename(beside(kept, part))
    _log.warning("%s; it is kept as %s, and a new one is begun", why, kept.name)


def open_file(path: Path) -> sqlite3.Connection:
    """Open a ledger for writing, making it where there is none.

    Raises:
        LedgerError: it cannot be used.
    """
    try:
        db = sqlite3.connect(path)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        if db.execute("PRAGMA user_version").fetchone()[0] == 0:
            db.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA application_id = {_APPLICATION};"
                f" PRAGMA user_version = {FORMAT}; COMMIT;"
            )
    except sqlite3.Error as error:
        with suppress(UnboundLocalError):
            db.close()
        msg = f"the ledger {path} cannot be used: {error}"
        raise LedgerError(msg) from error
    return db


def sessions_in(db: sqlite3.Connection) -> tuple[Session, ...]:
    """Return the sessions that a ledger knows, oldest first."""
    rows: Iterable[tuple[str, str, str, int, int, int, str]] = db.execute(
        "SELECT run_id, started_at, finished_at, ok, failed, workers, outcome FROM sessions"
        " ORDER BY rowid"
    )
    return tuple(Session(*row) for row in rows)


@frozen
class Progress:
    """What a ledger tells about its latest session, for `tablehost show`."""

    session: Session
    total: int
    done: int
    failed: int
    last_activity: str


def progress_of(path: Path) -> Progress | None:
    """Read how far the latest session of an output came, without writing anything.

    Args:
        path: `<out>.ledger`.

    Returns:
        None where there is no ledger or it holds no session.

    Raises:
        LedgerError: the file is no ledger.
    """
    if not path.is_file():
        return None
    try:
        # Without a log beside it nobody writes, and SQLite need not put one there to read.
        how = "mode=ro" if beside(path, "-wal").exists() else "immutable=1"
        db = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)
        try:
            row = db.execute(
                "SELECT run_id, total, done_before + ok, failed, last_activity FROM sessions"
                " ORDER BY rowid DESC LIMIT 1"
            ).fetchone()
            latest = {session.run_id: session for session in sessions_in(db)}
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        msg = f"{path} is not a readable ledger: {error}"
        raise LedgerError(msg) from error
    return Progress(latest[row[0]], *row[1:]) if row else None
