"""The states of a folder's files, outside of memory."""

from __future__ import annotations

import marshal
import os
import sqlite3
import weakref
from collections.abc import ItemsView, Iterable, Iterator, Mapping

from tablehost.files.digests import State


class StatesOnDisk(Mapping[str, State]):
    """States by relative path, in the order of the paths' bytes, in a private temporary file.

    Args:
        pairs: paths, each once, and states, in any order.
    """

    def __init__(self, pairs: Iterable[tuple[str, State]]) -> None:
        self._db = sqlite3.connect("", isolation_level=None)  # a file without a name
        weakref.finalize(self, self._db.close)
        rows = ((os.fsencode(name), marshal.dumps(state)) for name, state in pairs)
        self._db.execute("BEGIN")
        self._db.execute("CREATE TABLE seen (name BLOB, state BLOB)")
        self._db.executemany("INSERT INTO seen VALUES (?, ?)", rows)
        self._db.execute("CREATE TABLE file (name BLOB PRIMARY KEY, state BLOB) WITHOUT ROWID")
        written = self._db.execute("INSERT INTO file SELECT name, state FROM seen ORDER BY name")
        self._count = written.rowcount
        self._db.execute("DROP TABLE seen")
        self._db.execute("COMMIT")

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.items())

    def __getitem__(self, name: str) -> State:
        query = "SELECT state FROM file WHERE name = ?"
        for (state,) in self._db.execute(query, (os.fsencode(name),)):
            found: State = marshal.loads(state)  # noqa: S302  # written above
            return found
        raise KeyError(name)

    def items(self) -> ItemsView[str, State]:
        """Return the paths with their states, which one query reads."""
        return _Rows(self)

    def rows(self) -> Iterator[tuple[str, State]]:
        """Yield the paths with their states."""
        for name, state in self._db.execute("SELECT name, state FROM file ORDER BY name"):
            yield os.fsdecode(name), marshal.loads(state)  # noqa: S302  # written above


class _Rows(ItemsView[str, State]):
    _mapping: StatesOnDisk

    def __iter__(self) -> Iterator[tuple[str, State]]:
        return self._mapping.rows()
