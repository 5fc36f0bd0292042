"""The ledger's file: its format, how it is opened, and how a damaged one is set aside."""

from __future__ import annotations

import json
import logging
import os
import pwd
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from attrs import evolve, frozen

from tablehost.console.text import shell_line
from tablehost.contract.build import Session
from tablehost.contract.errors import TablehostError
from tablehost.files.names import beside
from tablehost.files.sqlite_file import (
    Damaged,
    OtherFormat,
    locked_by,
    pieces,
    read_only,
)
from tablehost.items.ledger_format import FORMAT

_log = logging.getLogger("tablehost")
_SESSION = "run_id, started_at, finished_at, ok, failed, workers, outcome"
_ROOM = "make room for it, and in the folder of temporary files (TMPDIR)"
_RIGHTS = "see to it that this user may read and write it"
_REMEDIES = {
    sqlite3.SQLITE_FULL: _ROOM,
    sqlite3.SQLITE_IOERR: "see whether its disk is full or damaged",
    sqlite3.SQLITE_CANTOPEN: _RIGHTS,
    sqlite3.SQLITE_PERM: _RIGHTS,
    sqlite3.SQLITE_READONLY: _RIGHTS,
}


class LedgerError(TablehostError):
    """The ledger cannot be used."""


def check_owner(path: Path, *, accept: bool) -> None:
    """Check that a ledger is a file of this user's own.

    Args:
        path: `<out>.ledger`, which need not exist.
        accept: whether another user's is taken too.

    Raises:
        LedgerError: it is a link, no regular file, or another user's.
    """
    for piece in pieces(path):
        if not os.path.lexists(piece):
            continue
        status = piece.lstat()
        if stat.S_ISLNK(status.st_mode):
            msg = f"the ledger {piece} is a symbolic link; remove it, or give another --out"
            raise LedgerError(msg)
        if stat.S_ISDIR(status.st_mode):
            msg = (
                f"the ledger {piece} cannot be used: unable to open database file, since it is a "
                "folder; remove it, or give another --out"
            )
            raise LedgerError(msg)
        if not stat.S_ISREG(status.st_mode):
            msg = f"the ledger {piece} is not a regular file; remove it, or give another --out"
            raise LedgerError(msg)
        if status.st_nlink > 1:
            copy = beside(piece, ".copy")
            own = f"{shell_line(['cp', str(piece), str(copy)])} && "
            own += shell_line(["mv", str(copy), str(piece)])
            msg = (
                f"the ledger {piece} has another name too (a hard link, as `cp -al` makes it), "
                f"which would be written as well; make it a file of its own: {own}"
            )
            raise LedgerError(msg)
        if status.st_uid != os.geteuid() and not accept:
            msg = (
                f"the ledger {piece} belongs to the user {user_name(status.st_uid)}, and its rows "
                f"would become those of {user_name(os.geteuid())}; take them with --accept-ledger, "
                "or give another --out"
            )
            raise LedgerError(msg)


@frozen
class Lost:
    """Why a ledger has no finished items: it is missing, empty or damaged."""

    how: str
    damaged: bool = False


def lost(path: Path) -> Lost | None:
    """Return why a ledger has no finished items, or None where it may have some.

    Raises:
        LedgerError: it cannot be used, although it may be undamaged: locked, unreadable, ...
    """
    if not path.exists():
        return Lost("is gone")
    try:
        return None if FORMAT.examine(path) else Lost("is empty")
    except OtherFormat as other:
        msg = (
            f"the ledger {path} cannot be used: {other}; it was left as it is: move it away, or "
            "give another --out"
        )
        raise LedgerError(msg) from other
    except Damaged as damage:
        return Lost(f"is damaged ({damage})", damaged=True)
    except sqlite3.Error as error:
        raise unusable(path, error) from error


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
        return FORMAT.connect(path)
    except sqlite3.Error as error:
        raise unusable(path, error) from error


def unusable(path: Path, error: sqlite3.Error) -> LedgerError:
    """Return an error of SQLite as a sentence with the ledger's path and a remedy."""
    what = f"the ledger {path} cannot be used: {error}"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    remedy = _REMEDIES.get(code)
    if code == sqlite3.SQLITE_BUSY:
        remedy = f"{locked_by(path)} has locked it: end that"
    if remedy is None:
        return LedgerError(f"{what}; move it away, or give another --out")
    return LedgerError(f"{what}; {remedy}, and the same command goes on with what it has")


def user_name(number: int) -> str:
    """Return the name of a user id, or the number where it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def sessions_in(db: sqlite3.Connection) -> tuple[Session, ...]:
    """Return the sessions in a ledger, oldest first."""
    rows = db.execute(f"SELECT {_SESSION}, user, host, packages FROM sessions ORDER BY rowid")
    return tuple(
        evolve(Session(*row), packages=json.loads(packages or "null")) for *row, packages in rows
    )


@frozen
class Progress:
    """How far the latest session of a ledger came.

    Args:
        session: which one.
        total: items that it was asked for.
        done: of these, finished in it or before.
        failed: of these.
        last_activity: when it last wrote.
    """

    session: Session
    total: int
    done: int
    failed: int
    last_activity: str

    @property
    def pending(self) -> int:
        """Return how many items have not ended."""
        return max(self.total - self.done - self.failed, 0)

    @property
    def is_over(self) -> bool:
        """Return whether the session ended with nothing left to do."""
        return self.session.outcome in ("complete", "nothing-to-do")


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
        with closing(read_only(path)) as db:
            row = db.execute(
                f"SELECT {_SESSION}, total, done_before + ok, failed, last_activity FROM sessions"
                " ORDER BY rowid DESC LIMIT 1"
            ).fetchone()
    except sqlite3.DatabaseError as error:
        msg = f"{path} is not a readable ledger: {error}"
        raise LedgerError(msg) from error
    return Progress(Session(*row[:7]), *row[7:]) if row else None
