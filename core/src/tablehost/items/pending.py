"""The items that a map is to do, in the session's temporary table and not in memory."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from sqlite3 import Cursor

from attrs import frozen

from tablehost.items.task import Task

_AT_ONCE = 64


@frozen
class Pending:
    """The tasks of one map at a time, in the order in which they were listed.

    Args:
        execute: runs a statement in the ledger, with the session's temporary tables.
    """

    _execute: Callable[..., Cursor]

    def replace(self, tasks: Iterable[Task]) -> None:
        """Hold these tasks, and no others."""
        self._execute("DELETE FROM pending")
        for task in tasks:
            self._execute("INSERT INTO pending (task) VALUES (?)", (pickle.dumps(task),))

    def __iter__(self) -> Iterator[Task]:
        last = 0
        while some := self._after(last):
            last, _ = some[-1]
            for _, task in some:
                yield pickle.loads(task)  # noqa: S301  # this process wrote it, in a private file

    def _after(self, number: int) -> list[tuple[int, bytes]]:
        """Return the next tasks: a query left open would keep SQLite from emptying its log."""
        return self._execute(
            "SELECT number, task FROM pending WHERE number > ? ORDER BY number LIMIT ?",
            (number, _AT_ONCE),
        ).fetchall()
