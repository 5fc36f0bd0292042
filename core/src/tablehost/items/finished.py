"""The finished rows of a ledger: found again by recipe, key, the item's values and its inputs."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from sqlite3 import Cursor
from typing import Any

from attrs import field, frozen

from tablehost.console.text import utc_now
from tablehost.files.digests import json_digest
from tablehost.files.sqlite_file import read_only
from tablehost.items.ledger_format import FORMAT, UNKNOWN, UNKNOWN_CODE, Row, checksum
from tablehost.items.task import Task

_log = logging.getLogger("tablehost")


@frozen
class Code:
    """The code that makes the rows of a map.

    Args:
        digest: of all of it.
        modules: the digest of what each module does, by its name.
    """

    digest: str
    modules: Mapping[str, str]

    @classmethod
    def of(cls, modules: Mapping[str, str]) -> Code:
        """Digest some modules."""
        return cls(json_digest(modules), modules)

    @classmethod
    def stored(cls, digest: str | None, modules: str) -> Code | None:
        """Return the code that a ledger has; None where it was not known."""
        return None if digest is None else cls(digest, json.loads(modules))


@frozen
class RowsOfCode:
    """The finished rows of a recipe that one code has made.

    Args:
        code: None where it is not known.
        count: how many there are.
        since: when the first of them was finished.
        settled: by the digest of another code, whether they are kept under it or made again.
    """

    code: Code | None
    count: int
    since: str
    settled: Mapping[str, bool] = field(factory=dict)


@frozen
class FinishedRows:
    """The rows of a ledger that have a result, and the code that made them.

    Args:
        path: the ledger.
        execute: runs a statement in it.
    """

    path: Path
    execute: Callable[..., Cursor]

    def known(self, recipe: int, code: int, tasks: Sequence[Task]) -> dict[str, frozenset[str]]:
        """Return by key the digests of inputs with which items of these values are finished.

        Rows of other code count where they are kept under this one. A row of unknown values is
        taken over by the first item of its key. One whose bytes changed on the disk is dropped with
        a warning, and made again.
        """
        identities = {task.key: task.identity for task in tasks}
        rows = self.execute(
            "SELECT recipe, key, identity, inputs, code, result, checksum FROM items"
            f" WHERE recipe = ? AND key IN {marks(identities)}"  # question marks only
            " AND (code = ? OR code IN (SELECT code FROM settled WHERE under = ? AND keep))"
            " ORDER BY key, identity DESC",  # unknown values last
            [recipe, *identities, code, code],
        ).fetchall()
        found: dict[str, set[str]] = {}
        for *named, right in rows:
            row: Row = tuple(named)  # as it was written, or damaged
            _, key, identity, inputs, _, _ = row
            if identity not in (identities.get(key), UNKNOWN):
                continue
            of_key = found.setdefault(key, set())
            if not isinstance(row[-1], bytes) or checksum(row) != right:
                _log.warning("%s: the row of %r is damaged; it is made again", self.path, key)
                self._drop(row)
            elif inputs in of_key:  # one of unknown values, and it was made again since
                self._drop(row)
            else:
                of_key.add(inputs)
                if identity != identities[key]:  # the checksum is right, so the key is
                    self._adopt(row, identities[key])
        return {key: frozenset(inputs) for key, inputs in found.items() if inputs}

    def put(self, row: Row, made: tuple[float | None, str | None, str, str]) -> None:
        """Keep a row, with how long it took, where, in which session, and when it was finished."""
        self.execute(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, checksum(row), *made),
        )

    def by_code(self, recipes: Iterable[str]) -> list[RowsOfCode]:
        """Count the rows of recipes, given by their digests, by the code that made them."""
        some = [*recipes]
        rows = self.execute(
            "SELECT code, codes.digest, modules, count(*), min(ended_at) FROM items"
            " JOIN recipes ON recipes.id = recipe LEFT JOIN codes ON codes.id = code"
            f" WHERE recipes.digest IN {marks(some)} GROUP BY code ORDER BY min(ended_at)",
            some,
        )
        return [
            RowsOfCode(Code.stored(*code), count, since, self._settled(number))
            for number, *code, count, since in rows.fetchall()
        ]

    def _settled(self, code: int) -> dict[str, bool]:
        rows = self.execute(
            "SELECT digest, keep FROM settled JOIN codes ON codes.id = under WHERE code = ?",
            (code,),
        )
        return {digest: bool(keep) for digest, keep in rows}

    def settle(self, codes: Iterable[Code | None], under: int, run_id: str, *, keep: bool) -> None:
        """Note that rows of some codes are kept under another, or are made again."""
        for code in codes:
            self.execute(
                "INSERT OR REPLACE INTO settled VALUES (?, ?, ?, ?, ?)",
                (self.number_of(code), under, keep, run_id, utc_now()),
            )

    def number_of(self, code: Code | None) -> int:
        """Return the number of a code in the ledger, entering it where it is new."""
        if code is None:
            return UNKNOWN_CODE
        self.execute(
            "INSERT OR IGNORE INTO codes (digest, modules, first_seen) VALUES (?, ?, ?)",
            (code.digest, json.dumps(code.modules, sort_keys=True), utc_now()),
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


def rows_in(path: Path, recipes: Iterable[str]) -> list[RowsOfCode]:
    """Count the finished rows of a ledger by the code that made them, without writing to it.

    Args:
        path: `<out>.ledger`; where it is not there or cannot be read, it has no rows.
        recipes: the digests of the item recipes that count.
    """
    if not path.is_file():
        return []
    some = [*recipes]
    try:
        with closing(read_only(path)) as db:
            if db.execute("PRAGMA user_version").fetchone()[0] >= FORMAT.version:
                return FinishedRows(path, db.execute).by_code(some)
            count, since = db.execute(
                "SELECT count(*), min(ended_at) FROM items JOIN recipes ON recipes.id = recipe"
                f" WHERE recipes.digest IN {marks(some)}",
                some,
            ).fetchone()
    except sqlite3.DatabaseError:
        return []
    return [RowsOfCode(None, count, since)] if count else []


def marks(values: Collection[Any]) -> str:
    """Return question marks for so many values, in brackets."""
    return f"({','.join('?' * len(values))})"
