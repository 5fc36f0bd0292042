"""The rows of two tables: which were added, removed and changed, and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from attrs import frozen
from pyarrow.parquet import ParquetFile

from tablehost.trust.diff.cells import ComparedCells, cell, comparable, compare_cells
from tablehost.trust.diff.pairs import Pairs, match_rows, read_column

EXAMPLES = 5
"""How many of the rows that only one table has are named."""


@frozen(kw_only=True)
class CellExample:
    """One cell that differs.

    Args:
        where: the row's key; without a key, `row`, its number from 0.
        a: what the first table has there; text where JSON has no such value.
        b: what the second has.
    """

    where: dict[str, Any]
    a: Any
    b: Any


@frozen(kw_only=True)
class CellsDifference:
    """How the cells of a column differ.

    Args:
        changed: how many do.
        beyond_tolerance: how many of them by more than the column's tolerance.
        largest: the largest difference of two numbers; None where no two numbers differ.
        example: the cell with that difference, else the first that differs.
    """

    changed: int
    beyond_tolerance: int
    largest: float | None
    example: CellExample


@frozen(kw_only=True)
class RowsDifference:
    """How the rows of two tables differ.

    Args:
        key: the columns by which rows were matched; None for their position.
        why_position: why not by the key that was asked for.
        compared: how many rows both tables have.
        added: how many only the second has.
        removed: how many only the first has.
        reordered: whether the rows that both have are in another order.
        changed_rows: how many rows have at least one changed cell.
        columns: the columns with changed cells.
        only_a: columns that only the first table has.
        only_b: columns that only the second has.
        incomparable: columns whose types have nothing in common.
        added_examples: some of the added rows, as in `CellExample.where`.
        removed_examples: some of the removed ones.
    """

    key: tuple[str, ...] | None
    why_position: str
    compared: int
    added: int
    removed: int
    reordered: bool
    changed_rows: int
    columns: dict[str, CellsDifference]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    incomparable: tuple[str, ...]
    added_examples: tuple[dict[str, Any], ...]
    removed_examples: tuple[dict[str, Any], ...]

    @property
    def same(self) -> bool:
        """Return whether nothing differs, neither rows nor columns."""
        rows = self.added or self.removed or self.reordered
        columns = self.columns or self.only_a or self.only_b or self.incomparable
        return not (rows or columns)


def compare_rows(
    a: ParquetFile,
    b: ParquetFile,
    *,
    key: Sequence[str] | None,
    tolerance: Mapping[str, Any] | None = None,
    only_keys_of_b: bool = False,
) -> RowsDifference:
    """Compare the rows of two tables, one column at a time.

    Rows are matched by key where both tables have it and it is unique in both, else by position.

    Args:
        a: the first table.
        b: the second.
        key: the columns that identify a row.
        tolerance: by column, the absolute difference within which two numbers agree; values that
            are not numbers, as a manifest may have them, are ignored.
        only_keys_of_b: ignore rows that the second table lacks.

    Raises:
        BadRows: the rows of one of them are damaged.
    """
    pairs = match_rows(a, b, key or ())
    columns, incomparable = {}, []
    changed = np.zeros(len(pairs.a), bool)
    for name, kind, other_kind in _common(a.schema_arrow, b.schema_arrow):
        if not comparable(kind, other_kind):
            incomparable.append(name)
            continue
        ours = _column(a, name, pairs.keys[0]).take(pairs.a)
        other = _column(b, name, pairs.keys[1]).take(pairs.b)
        cells = compare_cells(ours, other)
        if cells.changed.any():
            changed |= cells.changed
            limit = (tolerance or {}).get(name)
            within = limit if isinstance(limit, int | float) else -1.0
            columns[name] = _summary(cells, ours, other, pairs, within)
    removed = pairs.removed[: 0 if only_keys_of_b else None]
    return RowsDifference(
        key=pairs.key,
        why_position=pairs.why_position,
        compared=len(pairs.a),
        added=len(pairs.added),
        removed=len(removed),
        reordered=bool((np.diff(pairs.b) < 0).any()),
        changed_rows=int(np.count_nonzero(changed)),
        columns=columns,
        only_a=_beside(a.schema_arrow, b.schema_arrow),
        only_b=_beside(b.schema_arrow, a.schema_arrow),
        incomparable=tuple(incomparable),
        added_examples=tuple(pairs.name(1, row) for row in pairs.added[:EXAMPLES]),
        removed_examples=tuple(pairs.name(0, row) for row in removed[:EXAMPLES]),
    )


def _column(file: ParquetFile, name: str, keys: Mapping[str, pa.Array]) -> pa.Array:
    """Read a column, unless it is of the key and was read to match the rows."""
    return keys[name] if name in keys else read_column(file, name)


def _common(a: pa.Schema, b: pa.Schema) -> Iterator[tuple[str, pa.DataType, pa.DataType]]:
    """Yield name and types of the columns that both tables have."""
    kinds = dict(zip(b.names, b.types, strict=True))
    for name, kind in zip(a.names, a.types, strict=True):
        if name in kinds:
            yield name, kind, kinds[name]


def _beside(one: pa.Schema, other: pa.Schema) -> tuple[str, ...]:
    known = set(other.names)
    return tuple(name for name in one.names if name not in known)


def _summary(
    cells: ComparedCells, ours: pa.Array, other: pa.Array, pairs: Pairs, within: float
) -> CellsDifference:
    changed = cells.changed.nonzero()[0]
    distances = cells.distance[changed]
    measured = ~np.isnan(distances)
    worst = int(changed[np.where(measured, distances, -1.0).argmax()])
    return CellsDifference(
        changed=len(changed),
        beyond_tolerance=len(changed) - int(np.count_nonzero(distances <= within)),
        largest=float(cells.distance[worst]) if measured.any() else None,
        example=CellExample(
            where=pairs.name(0, int(pairs.a[worst])), a=cell(ours, worst), b=cell(other, worst)
        ),
    )
