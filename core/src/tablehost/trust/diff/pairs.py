"""Match the rows of two tables: by key, else by position."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as is_type
from attrs import field, frozen

from tablehost.table.batches import open_batches
from tablehost.table.layout import Array, plain
from tablehost.table.types import plain_type
from tablehost.trust.diff.cells import cell, comparable

_WHICH = ("first", "second")
_Keys = Mapping[str, pa.Array]


@frozen(kw_only=True)
class Pairs:
    """The rows of two tables, matched.

    Args:
        a: numbers of rows of the first table that the second has too, in their order.
        b: for each of them, its number in the second.
        added: numbers of rows that only the second has.
        removed: numbers of rows that only the first has.
        key: the columns by which they were matched; None for their position.
        why_position: why not by the key that was asked for.
        keys: the key's values of both tables.
    """

    a: Array
    b: Array
    added: Array
    removed: Array
    key: tuple[str, ...] | None = None
    why_position: str = ""
    keys: tuple[_Keys, _Keys] = field(default=({}, {}), repr=False)

    def name(self, side: int, row: int) -> dict[str, Any]:
        """Name a row of the first table (0) or the second (1): by key, else by number from 0."""
        keys = self.keys[side]
        return {name: cell(keys[name], int(row)) for name in keys} or {"row": int(row)}


def match_rows(a: pq.ParquetFile, b: pq.ParquetFile, key: Sequence[str]) -> Pairs:
    """Match the rows of two tables by key where possible, else by position.

    Args:
        a: the first table.
        b: the second.
        key: the columns that identify a row; empty to match by position.
    """
    if not key:
        return _by_position(a, b)
    schemas = a.schema_arrow, b.schema_arrow
    for name in key:
        for which, schema in zip(_WHICH, schemas, strict=True):
            if name not in schema.names:
                return _by_position(a, b, f"the {which} table has no column {name!r}")
        if not comparable(*(schema.field(name).type for schema in schemas)):
            return _by_position(a, b, f"column {name!r} has another type in the second table")
    keys_a, keys_b = ({name: read_column(file, name) for name in key} for file in (a, b))
    try:
        codes = _codes(keys_a, keys_b)
    except pa.ArrowException:  # lists, or a number that the other type cannot hold
        return _by_position(a, b, "its columns are of types that cannot be matched")
    rows = []
    for which, own in zip(_WHICH, codes, strict=True):
        rows.append(_row_by_code(own, 1 + max(int(one.max(initial=-1)) for one in codes)))
        if np.count_nonzero(rows[-1] >= 0) < len(own):
            return _by_position(a, b, f"the key is not unique in the {which} table")
    row_a, row_b = rows
    there = row_b[codes[0]]
    return Pairs(
        a=(there >= 0).nonzero()[0],
        b=there[there >= 0],
        added=(row_a[codes[1]] < 0).nonzero()[0],
        removed=(there < 0).nonzero()[0],
        key=tuple(key),
        keys=(keys_a, keys_b),
    )


def read_column(file: pq.ParquetFile, name: str) -> pa.Array:
    """Read one column whole, in the type in which it would be stored."""
    schema, batches = open_batches(file.read(columns=[name]).select([name]))
    kind = plain_type(schema.field(0).type)
    whole = pa.chunked_array([plain(batch.column(0)) for batch in batches], kind)
    wide = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
    return whole.cast(wide.get(kind, kind)).combine_chunks()


def _by_position(a: pq.ParquetFile, b: pq.ParquetFile, why: str = "") -> Pairs:
    rows_a, rows_b = (np.arange(file.metadata.num_rows) for file in (a, b))
    both = min(len(rows_a), len(rows_b))
    return Pairs(
        a=rows_a[:both],
        b=rows_b[:both],
        added=rows_b[both:],
        removed=rows_a[both:],
        why_position=why,
    )


def _codes(a: _Keys, b: _Keys) -> tuple[Array, Array]:
    """Number the keys, equal ones of both tables the same."""
    found = np.zeros(1, "i8")
    for name in a:
        own = _encoded(pa.concat_arrays([a[name], b[name].cast(a[name].type)]))
        # neither has more numbers than there are rows, so that the product fits
        found = _encoded(pa.array(found * (own.max(initial=0) + 1) + own))
    rows = len(next(iter(a.values())))
    return found[:rows], found[rows:]


def _encoded(values: pa.Array) -> Array:
    """Number values, equal ones the same."""
    if is_type.is_floating(values.type):
        values = values.fill_null(math.nan)  # null and NaN are the same value, as in digests
    codes = values.dictionary_encode(null_encoding="encode").indices
    return np.asarray(codes.to_numpy(), "i8")


def _row_by_code(codes: Array, count: int) -> Array:
    """Return for every code the row that has it; -1 for none."""
    rows = np.full(count, -1)
    rows[codes] = np.arange(len(codes))
    return rows
