"""The rows of a file in the columns of the combined table, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as is_type
from attrs import define, field

from tablehost.table import BadRows, opened, value_type
from tablehost_combine.columns import KEY, MEASURED, TARGET, TEACHER, UNKNOWN_CODEC
from tablehost_combine.shards import Shard
from tablehost_combine.teachers import Teacher

BATCH_ROWS = 1 << 17


@define
class Tally:
    """What was read of a file so far.

    Args:
        rows: how many.
        made: by column, how many cells were made because the file lacks them.
    """

    rows: int = 0
    made: dict[str, int] = field(
        factory=lambda: dict.fromkeys(("source", "frame_index", "codec"), 0)
    )


@define
class Share:
    """The rows to take from one file.

    Args:
        shard: the file.
        teacher: of its rows.
        first: the number of its first row in its input.
        rows: how many to take.
        fill_unknown: whether a null codec or source is filled in.
        tally: filled while they are read.
        sha256: of the file; known when all rows are read.
    """

    shard: Shard
    teacher: Teacher
    first: int
    rows: int
    fill_unknown: bool = False
    tally: Tally = field(factory=Tally)
    sha256: str = ""

    def batches(self, schema: pa.Schema, tally: Tally) -> Iterator[pa.RecordBatch]:
        """Yield the rows.

        Args:
            schema: of the combined table, or of its key only.
            tally: counts what is read.

        Raises:
            BadRows: a value does not fit, or the file is damaged.
        """
        shard = self.shard
        wanted = {"frame_index", "codec", *MEASURED} & set(schema.names) & shard.has
        wanted |= {shard.source_column or TARGET}  # some column, to count the rows
        size = min(BATCH_ROWS, max(1, self.rows))
        with opened(shard.file, str(shard)) as file:
            # more threads would compete with those that digest and encode
            read = file.iter_batches(size, columns=sorted(wanted), use_threads=False)
            for taken in _first(read, self.rows):
                made = _Rows(self, taken, tally)
                arrays = [made.column(name) for name in schema.names]
                tally.rows += taken.num_rows
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _first(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if rows == 0:
            return
        yield batch.slice(0, rows)
        rows = max(0, rows - batch.num_rows)


def output_schema(*, with_teacher: bool) -> pa.Schema:
    """Return the schema of the combined table.

    Args:
        with_teacher: whether an input has the column of the teacher.
    """
    types = dict.fromkeys(MEASURED, pa.float64()) | {"frame_index": pa.int64()}
    names = (*KEY, "codec", *MEASURED, *((TEACHER,) if with_teacher else ()))
    return pa.schema([(name, types.get(name, pa.string())) for name in names])


def key_schema() -> pa.Schema:
    """Return the schema of the columns that identify a row."""
    return pa.schema([field for field in output_schema(with_teacher=False) if field.name in KEY])


class _Rows:
    """Some rows of a file, from which columns of the combined table are made."""

    def __init__(self, share: Share, batch: pa.RecordBatch, tally: Tally) -> None:
        self.shard = share.shard
        self.teacher = share.teacher.name
        self.fill_unknown = share.fill_unknown
        self.batch = batch
        self.tally = tally
        self.first = share.first + tally.rows

    def column(self, name: str) -> pa.Array:
        """Return a column of the combined table."""
        if name == "corpus":
            return self._constant(self.shard.input.label)
        if name == TEACHER:
            return self._constant(self.teacher)
        if name == "source":
            return self._text(name, self.shard.source_column, self.shard.input.label)
        if name == "codec":
            return self._text(name, name if name in self.shard.has else None, UNKNOWN_CODEC)
        if name == "frame_index":
            return self._frame_index()
        return self._feature(name)

    def _constant(self, value: str | None) -> pa.Array:
        rows = self.batch.num_rows
        if value is None:
            return pa.nulls(rows, pa.string())
        text = value.encode()
        bounds = np.arange(rows + 1, dtype="i4") * len(text)
        return pa.StringArray.from_buffers(rows, pa.py_buffer(bounds), pa.py_buffer(text * rows))

    def _text(self, name: str, given: str | None, otherwise: str) -> pa.Array:
        if given is None:
            self.tally.made[name] += self.batch.num_rows
            return self._constant(otherwise)
        array = self._as(given, pa.string())
        if not self.fill_unknown:
            return array
        self.tally.made[name] += array.null_count
        return _filled(array, otherwise)

    def _frame_index(self) -> pa.Array:
        if "frame_index" not in self.shard.has:
            self.tally.made["frame_index"] += self.batch.num_rows
            stop = self.first + self.batch.num_rows
            return _column(np.arange(self.first, stop), pa.int64())
        array = self._as("frame_index", pa.int64())
        self.tally.made["frame_index"] += array.null_count
        return _filled(array, 0)

    def _feature(self, name: str) -> pa.Array:
        if name not in self.shard.has:
            return _column(np.full(self.batch.num_rows, np.nan), pa.float64())
        return _filled(self._as(name, pa.float64()), float("nan"))

    def _as(self, name: str, kind: pa.DataType) -> pa.Array:
        """Return a column in another type, where the cast is lossless."""
        array = self.batch.column(name)
        if is_type.is_dictionary(array.type):
            array = array.cast(value_type(array.type))
        if is_type.is_floating(array.type) and is_type.is_integer(kind):
            array = pa.compute.if_else(array.is_null(nan_is_null=True), None, array)
        try:
            return array.cast(kind)
        except pa.ArrowInvalid as error:
            problem = (
                f"{self.shard}: column {name!r} of type {array.type} does not fit into {kind} "
                f"without loss: {error}"
            )
            raise BadRows(problem) from error


def _column(values: np.ndarray[Any, Any], kind: pa.DataType) -> pa.Array:
    """Make a column of numbers; `pa.array` would import pandas, a third of the start-up."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _filled(array: pa.Array, value: float | str) -> pa.Array:
    """Fill in missing values; pyarrow copies even where there are none."""
    return array.fill_null(value) if array.null_count else array
