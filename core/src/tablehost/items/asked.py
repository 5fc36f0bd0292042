"""What a session asked of its ledger, and how that ended: what a manifest says of its items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from sqlite3 import Connection, Cursor

from attrs import frozen

from tablehost.contract.build import Failure, Items
from tablehost.files.digests import ReadInput, ReadInputs
from tablehost.items.finished import Code, RowsOfCode
from tablehost.items.timeline import Ends

_NOT_WANTED = (
    "items WHERE recipe IN (SELECT recipe FROM wanted) AND key NOT IN (SELECT key FROM wanted)"
)

_ENDS = (
    "SELECT strftime('%s', substr({at}, 1, 19)) + avg(substr({at}, 20, 7)) AS at, {counts},"
    " ifnull(avg(max({after}, 0)), 0) FROM {items}"
    " GROUP BY substr({at}, 1, 19), CAST({after} AS INTEGER) HAVING at NOT NULL"
)
"""Items that ended in the same second of the clock: how they are counted, and which they are."""


def ends_in(db: Connection) -> Iterator[Ends]:
    """Yield when the items in a ledger ended, in whichever session."""
    done = _ENDS.format(at="ended_at", after="seconds", counts="count(*), 0", items="items")
    failed = _ENDS.format(at="ended_at", after="NULL", counts="0, count(*)", items="failures")
    return (Ends(*row) for row in db.execute(f"{done} UNION ALL {failed}"))


@frozen
class Asked:
    """The items that a session asked for.

    Args:
        execute: runs a query on the open ledger, with the session's temporary tables.
    """

    _execute: Callable[..., Cursor]

    def items(self) -> Items:
        """Count this session's items by key: one is ok where every map that it went through was."""
        states = dict(
            self._execute(
                "SELECT state, count(*) FROM ("
                "  SELECT max(CASE state WHEN 'failed' THEN '4 failed' WHEN 'pending' THEN"
                "    '3 pending' WHEN 'ok' THEN '2 ok' ELSE '1 done' END) AS state"
                "  FROM wanted GROUP BY key) GROUP BY state"
            ).fetchall()
        )
        removed = self._execute(f"SELECT count(DISTINCT key) FROM {_NOT_WANTED}").fetchone()[0]
        failures = self._execute(
            "SELECT key, reason, detail FROM wanted WHERE state = 'failed'"
            " GROUP BY key ORDER BY key"
        )
        done, ok, failed = (states.get(state, 0) for state in ("1 done", "2 ok", "4 failed"))
        return Items(
            total=done + ok + failed,
            done_before=done,
            ok=ok,
            failed=failed,
            removed=removed,
            failures=tuple(Failure(*row) for row in failures),
        )

    def unnamed(self) -> Iterator[str]:
        """Yield the keys of finished items that this session did not ask for."""
        rows = self._execute(f"SELECT DISTINCT key FROM {_NOT_WANTED}")
        return (row[0] for row in rows)

    def by_code(self) -> list[RowsOfCode]:
        """Count this session's finished items by the code that made them, the earliest first."""
        rows = self._execute(
            "SELECT codes.digest, modules, count(*), min(ended_at) FROM wanted"
            " JOIN items USING (recipe, key, identity, inputs) LEFT JOIN codes ON codes.id = code"
            " WHERE wanted.state != 'failed' GROUP BY code ORDER BY min(ended_at)"
        )
        return [
            RowsOfCode(Code.stored(digest, modules), count, since)
            for digest, modules, count, since in rows
        ]

    def ends(self) -> Iterator[Ends]:
        """Yield when this session's items ended, in this session or an earlier one."""
        done = _ENDS.format(
            at="ended_at",
            after="seconds",
            counts="count(*), 0",
            items="wanted JOIN items USING (recipe, key, identity, inputs) WHERE state != 'failed'",
        )
        failed = _ENDS.format(
            at="failed_at",
            after="failed_after",
            counts="0, count(*)",
            items="wanted WHERE state = 'failed'",
        )
        rows = self._execute(f"{done} UNION ALL {failed}")
        return (Ends(*row) for row in rows)

    @property
    def read_inputs(self) -> ReadInputs:
        """Return the files that this session's items read, in this session or an earlier one."""
        return _ReadInputs(self._execute)


@frozen
class _ReadInputs:
    """The files that items read; of a file that no item read without failing, one content."""

    _execute: Callable[..., Cursor]

    def __iter__(self) -> Iterator[ReadInput]:
        rows = self._execute(
            "SELECT path, sha256, bytes FROM reads WHERE NOT failed UNION ALL"
            " SELECT path, max(sha256), bytes FROM reads GROUP BY path HAVING min(failed)"
            " ORDER BY path"
        )
        return (ReadInput(*row) for row in rows)

    def __contains__(self, path: object) -> bool:
        return self._execute("SELECT 1 FROM reads WHERE path = ?", (path,)).fetchone() is not None
