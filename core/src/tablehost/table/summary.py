"""What a manifest says about the columns of a table: their digests and a few statistics.

Both are the same for any layout and any chunking of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from attrs import define

from tablehost.files.digests import json_digest
from tablehost.table.column import Column
from tablehost.table.column_digest import ColumnDigest, column_digest
from tablehost.table.layout import plain
from tablehost.table.statistics import Statistics, statistics_of
from tablehost.table.types import logical_type

ROWS_AT_ONCE: Final = 65_536
"""So many are looked at together: few calls, and values that fit into the processor's cache."""


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
        self._columns = [_Column.of(each) for each in schema]

    def update(self, batch: pa.RecordBatch) -> None:
        """Take the next rows in.

        Args:
            batch: any number of rows.
        """
        self.rows += batch.num_rows
        with np.errstate(all="ignore"):
            for column, array in zip(self._columns, batch.columns, strict=True):
                for start in range(0, len(array), ROWS_AT_ONCE):
                    column.update(plain(array.slice(start, ROWS_AT_ONCE)))

    def finish(self) -> tuple[Column, ...]:
        """Tell what was seen.

        Returns:
            One entry a column.
        """
        with np.errstate(all="ignore"):
            return tuple(column.finish() for column in self._columns)


@define
class _Column:
    """One column of a table."""

    name: str
    type: str
    digest: ColumnDigest
    statistics: Statistics

    @classmethod
    def of(cls, field: pa.Field) -> _Column:
        kind = field.type
        return cls(field.name, logical_type(kind), column_digest(kind), statistics_of(kind))

    def update(self, array: pa.Array) -> None:
        self.digest.update(array)
        self.statistics.update(array)

    def finish(self) -> Column:
        seen = self.statistics
        low, high = seen.bounds()
        mean, std = seen.moments()
        return Column(
            name=self.name,
            type=self.type,
            digest=self.digest.hexdigest(),
            nulls=seen.nulls,
            nan=seen.nan,
            inf=seen.inf,
            min=low,
            max=high,
            mean=mean,
            std=std,
        )
