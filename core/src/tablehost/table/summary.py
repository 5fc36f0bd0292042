"""Digests and statistics of a table's columns, the same for any layout and chunking of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from tablehost.files.digests import json_digest
from tablehost.table.column import Column
from tablehost.table.column_digest import column_digest
from tablehost.table.layout import plain
from tablehost.table.statistics import statistics_of
from tablehost.table.types import logical_type

ROWS_AT_ONCE: Final = 65_536
"""Rows handled together: few calls, and values that fit into the processor's cache."""


def rows_digest(columns: Sequence[Column], rows: int) -> str:
    """Digest the rows of a table; a manifest's `table` block is enough to compute it again.

    Args:
        columns: the table's columns, in order.
        rows: how many rows it has.

    Returns:
        The sha256 of the canonical JSON of `[rows, [[name, type, digest], ...]]`.
    """
    return json_digest([rows, [[c.name, c.type, c.digest] for c in columns]])


class ColumnsSummary:
    """Digests and statistics of a table that arrives piece by piece.

    Args:
        schema: of types that `stored_type` returns.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.rows = 0
        self._columns = [
            (each, column_digest(each.type), statistics_of(each.type)) for each in schema
        ]

    def update(self, batch: pa.RecordBatch) -> None:
        """Add the next rows, any number of them."""
        self.rows += batch.num_rows
        with np.errstate(all="ignore"):
            for (_, digest, statistics), array in zip(self._columns, batch.columns, strict=True):
                for start in range(0, len(array), ROWS_AT_ONCE):
                    piece = plain(array.slice(start, ROWS_AT_ONCE))
                    digest.update(piece)
                    statistics.update(piece)

    def finish(self) -> tuple[Column, ...]:
        """Return the columns with the digest and statistics of all rows added."""
        with np.errstate(all="ignore"):
            return tuple(
                Column(
                    name=each.name,
                    type=logical_type(each.type),
                    digest=digest.hexdigest(),
                    missing=digest.missing(),
                    **statistics.finish(),
                )
                for each, digest, statistics in self._columns
            )
