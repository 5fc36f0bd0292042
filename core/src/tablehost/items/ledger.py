"""Finished items in SQLite: what makes a run restartable.

One writer, the host process. A result is committed as soon as it is known, so that a kill at any
instant loses at most the items in flight.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from attrs import evolve, frozen

from tablehost.console.text import utc_now
from tablehost.contract.build import Items, Session
from tablehost.contract.errors import Refused
from tablehost.items.asked import Asked
from tablehost.items.finished import Code, FinishedRows, RowsOfCode, marks
from tablehost.items.ledger_file import (
    Lost,
    check_owner,
    lost,
    open_file,
    sessions_in,
    set_aside,
    unusable,
    user_name,
)
from tablehost.items.ledger_sync import Syncing
from tablehost.items.pending import Pending
from tablehost.items.task import Outcome, Task

_log = logging.getLogger("tablehost")

# What this session asked for: which items, how each ended, the files that they read, and the tasks
# of the map that is under way.
_SESSION_TABLES = """
CREATE TEMP TABLE wanted (
    map INTEGER NOT NULL, key TEXT NOT NULL, recipe INTEGER NOT NULL, identity TEXT NOT NULL,
    state TEXT NOT NULL, inputs TEXT NOT NULL, reason TEXT, detail TEXT,
    failed_at TEXT, failed_after REAL, PRIMARY KEY (map, key)
) WITHOUT ROWID;
CREATE TEMP TABLE reads (
    path TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, failed INTEGER NOT NULL,
    PRIMARY KEY (path, sha256)
) WITHOUT ROWID;
CREATE TEMP TABLE pending (number INTEGER PRIMARY KEY, task BLOB NOT NULL)
"""


@frozen
class _Map:
    """A map's recipe and code, as numbers of the ledger."""

    digest: str
    recipe: int
    code: int


class Ledger:
    """The finished items of one output.

    Args:
        path: the SQLite file, `<out>.ledger`; it is opened by the first map.
        session: the one that writes.
        fresh: whether to set aside what earlier sessions have finished.
        accept: whether to use a ledger that belongs to another user.
    """

    def __init__(
        self, path: Path, session: Session, *, fresh: bool = False, accept: bool = False
    ) -> None:
        self.path = path
        self.is_open = False
        self._session = session
        self._fresh = fresh
        self._accept = accept
        self._lost: Lost | None = None
        self._owner = session.user
        self._syncing: Syncing | None = None
        self._maps: list[_Map] = []
        self._ended: Counter[str] = Counter()  # since the last commit, by state
        self._finished = FinishedRows(path, self._execute)
        self.asked = Asked(self._execute)
        self.pending = Pending(self._execute)
        self._db = open_file(Path(":memory:"))  # a run without items has no ledger file
        self._db.executescript(_SESSION_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._syncing is not None:
            self._syncing.close()
        self._db.close()  # every finished item is on disk already

    def begin_map(self, digest: str, text: str, in_table: int = 0, code: Code | None = None) -> int:
        """Return the number of a new map.

        Args:
            digest: of its recipe.
            text: of its recipe, for readers of the ledger.
            in_table: how many finished items of this recipe the output's table has.
            code: what makes its rows; None where that is not known.

        Raises:
            Refused: these would be made again without being asked for, since the ledger is lost.
            LedgerError: the ledger cannot be used.
        """
        if not self.is_open:
            check_owner(self.path, accept=self._accept)
            self._lost = lost(self.path)
        if self._lost is not None and in_table and not self._fresh:
            msg = (
                f"the ledger {self.path} {self._lost.how}, and {in_table} finished items of the "
                "table would be measured again; put it back, or measure them again with --fresh"
            )
            raise Refused(msg)
        if not self.is_open:
            self._open()
        self._execute("INSERT OR IGNORE INTO recipes (digest, text) VALUES (?, ?)", (digest, text))
        row = self._execute("SELECT id FROM recipes WHERE digest = ?", (digest,)).fetchone()
        self._maps.append(_Map(digest, row[0], self._finished.number_of(code)))
        return len(self._maps) - 1

    def rows_by_code(self, of_map: int) -> list[RowsOfCode]:
        """Count the finished rows of a map's recipe by the code that made them."""
        return self._finished.by_code([self._maps[of_map].digest])

    def settle(self, of_map: int, rows: Iterable[RowsOfCode], *, keep: bool) -> None:
        """Note that rows of other code are kept for a map from now on, or are made again."""
        under, run_id = self._maps[of_map].code, self._session.run_id
        self._finished.settle((one.code for one in rows), under, run_id, keep=keep)
        self.commit()

    def want(self, of_map: int, tasks: Sequence[Task], done: Mapping[str, Outcome]) -> list[str]:
        """Record items that a map asks for, with the outcomes of the finished ones by key.

        Returns:
            The keys that it asks for twice; where there is one, nothing was recorded.
        """
        recipe, keys = self._maps[of_map].recipe, [task.key for task in tasks]
        twice = [key for key, count in Counter(keys).items() if count > 1]
        before = self._execute(
            f"SELECT key FROM wanted WHERE map = ? AND key IN {marks(keys)}",  # question marks
            [of_map, *keys],
        ).fetchall()
        if twice or before:
            return twice or [row[0] for row in before]
        rows = []
        for task in tasks:
            end = done.get(task.key)
            state, inputs = ("done", end.inputs) if end else ("pending", "")
            rows.append((of_map, task.key, recipe, task.identity, state, inputs))
        with self._explained():
            self._db.executemany(
                "INSERT INTO wanted (map, key, recipe, identity, state, inputs)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )
        self._note_reads(done.values())
        return []

    def known(self, of_map: int, tasks: Sequence[Task]) -> dict[str, frozenset[str]]:
        """Return by key the digests of inputs with which items of these values are finished."""
        this = self._maps[of_map]
        return self._finished.known(this.recipe, this.code, tasks)

    def note(self, of_map: int, outcome: Outcome) -> None:
        """Keep a result or a failure; with neither, the item was finished in an earlier session.

        A failed item is tried again in the next session.
        """
        this, now, state = self._maps[of_map], utc_now(), "done"
        failure, key, run_id = outcome.failure, outcome.key, self._session.run_id
        if failure is not None:
            state = "failed"
            self._execute(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?)",
                (this.recipe, key, failure.reason, failure.detail, run_id, now),
            )
        elif outcome.result is not None:
            state = "ok"
            row = (this.recipe, key, outcome.identity, outcome.inputs, this.code, outcome.result)
            self._finished.put(row, (outcome.seconds, outcome.worker, run_id, now))
            self._execute("DELETE FROM failures WHERE recipe = ? AND key = ?", (this.recipe, key))
        failed: tuple[Any, ...] = (None, None, None, None)
        if failure is not None:
            failed = (failure.reason, failure.detail, now, outcome.seconds)
        self._execute(
            "UPDATE wanted SET state = ?, inputs = ?, reason = ?, detail = ?, failed_at = ?,"
            " failed_after = ? WHERE map = ? AND key = ?",
            (state, outcome.inputs, *failed, of_map, key),
        )
        if outcome.read:
            self._note_reads([outcome])
        self._ended[state] += 1

    def commit(self) -> None:
        """Make everything recorded so far survive a kill, and within a second a power cut."""
        if self._ended["ok"] or self._ended["failed"]:
            self._execute(
                "UPDATE sessions SET ok = ok + ?, failed = failed + ?, last_activity = ?"
                " WHERE run_id = ?",
                (self._ended["ok"], self._ended["failed"], utc_now(), self._session.run_id),
            )
            self._ended.clear()
        with self._explained():
            self._db.commit()
        if self._syncing is not None:
            self._syncing.written()

    def results(self, of_map: int) -> Iterator[tuple[str, bytes]]:
        """Yield the keys and encoded results of a map, ordered by key."""
        return self._execute(
            "SELECT key, items.result FROM wanted JOIN items USING (recipe, key, identity, inputs)"
            " WHERE wanted.map = ? AND wanted.state != 'failed' ORDER BY wanted.key",
            (of_map,),
        )

    def rows_of_others(self) -> int:
        """Count this session's finished items whose results another user or host has made.

        Where a session's user was not recorded, it is the owner of the file.
        """
        count: int = self._execute(
            "SELECT count(DISTINCT wanted.key) FROM wanted"
            " JOIN items USING (recipe, key, identity, inputs)"
            " LEFT JOIN sessions ON sessions.run_id = items.run_id"
            " WHERE wanted.state != 'failed'"
            " AND (coalesce(sessions.user, ?) != ? OR sessions.host != ?)",
            (self._owner, self._session.user, self._session.host),
        ).fetchone()[0]
        return count

    def sessions(self) -> tuple[Session, ...]:
        """Return every session that this output has seen, oldest first, with its finished items."""
        counts = dict(
            self._execute(
                "SELECT items.run_id, count(*) FROM wanted"
                " JOIN items USING (recipe, key, identity, inputs)"
                " WHERE wanted.state != 'failed' GROUP BY items.run_id"
            ).fetchall()
        )
        found = sessions_in(self._db)
        return tuple(evolve(one, in_table=counts.get(one.run_id, 0)) for one in found)

    def end_session(self, outcome: str, items: Items) -> None:
        """Record how this session ended, its items counted by key."""
        now = utc_now()
        self._execute(
            "UPDATE sessions SET finished_at = ?, outcome = ?, last_activity = ?,"
            " total = (SELECT count(DISTINCT key) FROM wanted),"
            " done_before = ?, ok = ?, failed = ? WHERE run_id = ?",
            (now, outcome, now, items.done_before, items.ok, items.failed, self._session.run_id),
        )
        self.commit()

    def announce(self, total: int, done_before: int) -> None:
        """Record how many items this session has before it works on them."""
        self._execute(
            "UPDATE sessions SET total = total + ?, done_before = done_before + ? WHERE run_id = ?",
            (total, done_before, self._session.run_id),
        )
        self.commit()

    def _open(self) -> None:
        run_id = self._session.run_id
        if self._lost is not None and self._lost.damaged:
            set_aside(self.path, f"damaged-{run_id}", f"the ledger {self.path} {self._lost.how}")
        elif self._fresh and self.path.exists():
            why = f"--fresh: the ledger {self.path} is not used"
            set_aside(self.path, f"before-{run_id}", why)
        opened = open_file(self.path)
        try:
            with self._explained():
                self._begin_session(opened)
        except BaseException:
            opened.close()
            raise
        self._db.close()
        self._db, self.is_open = opened, True
        self._owner = user_name(self.path.stat().st_uid)
        self._syncing = Syncing.of(self.path)

    def _begin_session(self, db: sqlite3.Connection) -> None:
        this = self._session
        db.executescript(_SESSION_TABLES)
        db.execute(
            "INSERT INTO sessions VALUES (?, ?, NULL, 0, 0, 0, 0, ?, NULL, ?, ?, ?, ?)",
            (
                this.run_id,
                this.started_at,
                this.workers,
                this.started_at,
                this.user,
                this.host,
                json.dumps(this.packages),
            ),
        )
        db.commit()

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:  # `_explained` takes longer than many a statement
            return self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn an error of SQLite into a sentence with the ledger's path and a remedy."""
        try:
            yield
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error

    def _note_reads(self, outcomes: Iterable[Outcome]) -> None:
        rows = (
            (file.path, file.sha256, file.bytes, end.failure is not None)
            for end in outcomes
            for file in end.read
        )
        with self._explained():
            self._db.executemany(
                "INSERT INTO reads VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET failed = min(failed, excluded.failed)",
                rows,
            )
