"""Row groups whose bounds depend on the schema and the rows alone, not on how the rows arrived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.types as is_type

from tablehost.table.layout import Array, lengths, plain
from tablehost.table.types import fields_of, is_binary_like, is_fixed, plain_type

GROUP_BYTES: Final = 64 * 2**20
"""About the bytes of values in a row group before they are encoded."""

MIN_ROWS: Final = 1_024
MAX_ROWS: Final = 131_072

_JOIN: Final = 512
"""Small pieces that are joined into one, lest a million batches of one row stay in memory."""


def group_rows(schema: pa.Schema) -> int:
    """Return the most rows of a row group: a power of two that depends on the columns' types only.

    Args:
        schema: of the table.
    """
    width = sum(_estimated_width(each.type) for each in schema)
    power = max(1, GROUP_BYTES // max(1, width)).bit_length() - 1
    return min(MAX_ROWS, max(MIN_ROWS, 1 << power))


def row_groups(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, rows: int
) -> Iterator[pa.RecordBatch]:
    """Cut a stream into row groups whose bounds do not depend on how it was cut before.

    A row group ends with the row that makes it full: by the number of rows, or by the bytes of
    its text and lists.

    Args:
        batches: of a stored schema.
        schema: this schema.
        rows: how many rows a row group has at most.

    Yields:
        Row groups, none of them empty.
    """
    sized = [i for i, each in enumerate(schema) if _is_sized(each.type)]
    waiting = _Waiting()
    for batch in batches:
        held = (row_bytes(batch.column(i)) for i in sized)
        before = _running(sum(held, np.zeros(batch.num_rows, "i8")))
        start = 0
        while start < batch.num_rows:
            room = before[start] + GROUP_BYTES - waiting.bytes
            filled = int(np.searchsorted(before, room))  # the row before this one fills the group
            stop = min(batch.num_rows, filled, start + rows - waiting.rows)
            waiting.add(batch.slice(start, stop - start), int(before[stop] - before[start]))
            if waiting.rows == rows or waiting.bytes >= GROUP_BYTES:
                yield waiting.join()
                waiting = _Waiting()
            start = stop
    if waiting.rows:
        yield waiting.join()


def row_bytes(array: pa.Array) -> Array:
    """Return the bytes of each row's value, for any layout.

    Args:
        array: of a type that `stored_type` returned.
    """
    array = plain(array)
    kind = array.type
    if not _is_sized(kind):
        return np.full(len(array), _estimated_width(kind))
    if is_type.is_struct(kind):
        return sum(map(row_bytes, array.flatten()), np.zeros(len(array), "i8"))
    each = lengths(array)
    if is_binary_like(kind):
        return each
    if not _is_sized(kind.value_type):
        return each * _estimated_width(kind.value_type)
    before = _running(row_bytes(array.flatten()))
    return np.diff(before[_running(each)])


def _running(each: Array) -> Array:
    """Return the bytes before each row, and after the last."""
    return np.concatenate([np.zeros(1, "i8"), np.cumsum(each)])


def _is_sized(kind: pa.DataType) -> bool:
    """Return whether rows may differ in size."""
    kind = plain_type(kind)
    if is_type.is_struct(kind):
        return any(_is_sized(child.type) for child in fields_of(kind))
    return not (is_type.is_null(kind) or is_fixed(kind))


def _estimated_width(kind: pa.DataType) -> int:
    """Estimate the bytes of a value: exact for types of one width, else 16."""
    kind = plain_type(kind)
    if is_type.is_struct(kind):
        return sum(_estimated_width(child.type) for child in fields_of(kind))
    if is_type.is_fixed_size_list(kind):
        return int(kind.list_size) * _estimated_width(kind.value_type)
    if not is_fixed(kind):
        return 16
    return max(1, int(kind.bit_width) // 8)


class _Waiting:
    """Pieces of a row group that is not yet full."""

    def __init__(self) -> None:
        self.rows = 0
        self.bytes = 0
        self._large: list[pa.RecordBatch] = []
        self._small: list[pa.RecordBatch] = []

    def add(self, piece: pa.RecordBatch, held: int) -> None:
        self.rows += piece.num_rows
        self.bytes += held
        self._small.append(piece)
        if len(self._small) == _JOIN:
            self._large.append(pa.concat_batches(self._small))
            self._small = []

    def join(self) -> pa.RecordBatch:
        pieces = self._large + self._small
        return pieces[0] if len(pieces) == 1 else pa.concat_batches(pieces)
