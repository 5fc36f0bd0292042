"""The finished rows of a ledger: found again by recipe, key, the item's values and its inputs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from sqlite3 import Cursor
from typing import Any

from attrs import frozen

from tablehost.console.text import utc_now
from tablehost.items.ledger_format import UNKNOWN, UNKNOWN_CODE, Row, checksum
from tablehost.items.task import Task

_log = logging.getLogger("tablehost")


@frozen
class Code:
    """The code that makes the rows of a map.

    Args:
        digest: of all of it.
        modules: the digest of each module, as JSON.
    """

    digest: str
    modules: str


@frozen
class RowsOfCode:
    """The finished rows of a recipe that one code has made.

    Args:
        code: None where it is not known.
        count: how many there are.
        since: when the first of them was finished.
    """

    code: Code | None
    count: int
    since: str


@frozen
class FinishedRows:
    """The rows of a ledger that have a result, and the code that made them.

    Args:
        path: the ledger.
        execute: runs a statement in it.
    """

    path: Path
    execute: Callable[..., Cursor]

    def known(self, recipe: int, tasks: Sequence[Task]) -> dict[str, frozenset[str]]:
        """Return by key the digests of inputs with which items of these values are finished.

        A row of unknown values is taken over by the first item of its key. One whose bytes changed
        on the disk is dropped with a warning, and made again.
        """
        identities = {task.key: task.identity for task in tasks}
        rows = self.execute(
            "SELECT recipe, key, identity, inputs, code, result, checksum FROM items"
            f" WHERE recipe = ? AND key IN {marks(identities)}"  # question marks only
            " ORDER BY key, identity DESC",  # unknown values last
            [recipe, *identities],
        ).fetchall()
        found: dict[str, set[str]] = {}
        for *named, right in rows:
            row: Row = tuple(named)  # as it was written, or damaged
            _, key, identity, inputs, _, _ = row
            if identity not in (identities[key], UNKNOWN):
                continue
            of_key = found.setdefault(key, set())
            if not isinstance(row[-1], bytes) or checksum(row) != right:
                _log.warning("%s: the row of %r is damaged; it is made again", self.path, key)
                self._drop(row)
            elif inputs in of_key:  # one of unknown values, and it was made again since
                self._drop(row)
            else:
                of_key.add(inputs)
                if identity != identities[key]:
                    self._adopt(row, identities[key])
        return {key: frozenset(inputs) for key, inputs in found.items() if inputs}

    def put(self, row: Row, made: tuple[float | None, str | None, str, str]) -> None:
        """Keep a row, with how long it took, where, in which session, and when it was finished."""
        self.execute(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, checksum(row), *made),
        )

    def by_code(self, recipe: int) -> list[RowsOfCode]:
        """Count the rows of a recipe by the code that made them."""
        rows = self.execute(
            "SELECT codes.digest, modules, count(*), min(ended_at) FROM items"
            " LEFT JOIN codes ON codes.id = items.code WHERE recipe = ? GROUP BY items.code",
            (recipe,),
        )
        return [
            RowsOfCode(None if digest is None else Code(digest, modules), count, since)
            for digest, modules, count, since in rows
        ]

    def of_unknown_values(self, recipe: int) -> int:
        """Count the rows of a recipe that the next item of their key takes over."""
        counting = "SELECT count(*) FROM items WHERE recipe = ? AND identity = ?"
        count: int = self.execute(counting, (recipe, UNKNOWN)).fetchone()[0]
        return count

    def number_of(self, code: Code | None) -> int:
        """Return the number of a code in the ledger, entering it where it is new."""
        if code is None:
            return UNKNOWN_CODE
        self.execute(
            "INSERT OR IGNORE INTO codes (digest, modules, first_seen) VALUES (?, ?, ?)",
            (code.digest, code.modules, utc_now()),
        )
        found = self.execute("SELECT id FROM codes WHERE digest = ?", (code.digest,)).fetchone()
        number: int = found[0]
        return number

    def _adopt(self, row: Row, identity: str) -> None:
        """Give a row of unknown values those of an item."""
        recipe, key, before, inputs, code, result = row
        adopted = checksum((recipe, key, identity, inputs, code, result))
        self.execute(
            "UPDATE items SET identity = ?, checksum = ?"
            " WHERE recipe = ? AND key = ? AND identity = ? AND inputs = ?",
            (identity, adopted, recipe, key, before, inputs),
        )

    def _drop(self, row: Row) -> None:
        self.execute(
            "DELETE FROM items WHERE recipe = ? AND key = ? AND identity = ? AND inputs = ?",
            row[:4],
        )


def marks(values: Collection[Any]) -> str:
    """Return question marks for so many values, in brackets."""
    return f"({','.join('?' * len(values))})"
