"""The values of a table's columns, one column at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from attrs import frozen

from tablehost.console.text import shown
from tablehost.report.shape import Array
from tablehost.table.layout import numbers, plain
from tablehost.table.read import opened
from tablehost.table.types import is_number, plain_type

MOST_ROWS: Final = 200_000
"""Rows that are compared with each other; a longer table is thinned out to as many."""


@frozen
class Values:
    """The columns of an open table.

    Args:
        file: which is read column by column, so that memory is bounded.
        every: 1 where all rows are read, `n` where only every n-th one is.
    """

    file: Any
    every: int

    def numbers(self, name: str) -> Array | None:
        """Return a column of numbers as doubles, NaN where there is none; None if it has none."""
        if name not in self.file.schema_arrow.names:
            return None
        kind = plain_type(self.file.schema_arrow.field(name).type)
        if not is_number(kind):
            return None
        found = numbers(plain(self._column(name)).cast(pa.float64(), safe=False), np.nan)
        return np.where(np.isfinite(found), found, np.nan)

    def groups(self, name: str) -> tuple[Array, list[str]] | None:
        """Return the number of each row's group, -1 where it has none, and what groups there are.

        Where there are more groups than a page can show, or none, it is None.
        """
        if name not in self.file.schema_arrow.names:
            return None
        column = plain(self._column(name))
        encoded = column.dictionary_encode()
        if not 0 < len(encoded.dictionary) <= MOST_ROWS:
            return None
        names = [str(one) for one in encoded.dictionary.to_pylist()]
        return numbers(encoded.indices, absent=-1), names

    def _column(self, name: str) -> pa.Array:
        read = self.file.read(columns=[name])[name]
        whole = pa.concat_arrays(read.chunks) if read.num_chunks else pa.array([], read.type)
        if self.every == 1:
            return whole
        return whole.take(pa.array(np.arange(0, len(whole), self.every)))


@contextmanager
def values_of(table: Path) -> Iterator[Values]:
    """Open a table.

    Raises:
        Refused: it is not a Parquet file, or its footer is damaged.
        BadRows: damage is found while rows are read.
    """
    with opened(table, shown(table)) as file:
        yield Values(file, max(1, -(-file.metadata.num_rows // MOST_ROWS)))
