"""How far the latest session of an output came, read from its ledger without writing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from attrs import frozen

from tablehost.build import Session
from tablehost.ledger import sessions_in
from tablehost.ledger_file import LedgerError
from tablehost.output import beside


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
