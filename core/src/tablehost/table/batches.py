"""A builder's data as record batches of types that Parquet reads back unchanged."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.types as is_type

from tablehost.contract.build import ArrowStream
from tablehost.contract.errors import BrokenBuilder
from tablehost.table.row_groups import group_rows
from tablehost.table.types import stored_type

_OF_PANDAS = {"pandas.period": "timestamps", "pandas.interval": "its two ends"}

Data = ArrowStream | Iterable[pa.RecordBatch]


class TableError(BrokenBuilder):
    """A builder's data cannot become a table."""


def open_batches(
    data: Data, schema: pa.Schema | None = None
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Make one kind of stream of anything that a builder may return.

    Args:
        data: an Arrow stream, or with `schema` an iterable of record batches.
        schema: what every batch must have.

    Returns:
        The schema in which the rows are stored, and batches that have it.

    Raises:
        TableError: it is neither, or the schema cannot be written.
    """
    own, batches = _opened(data, schema)
    declared = schema if schema is not None else own
    stored = _stored_schema(declared)
    return stored, _stored_batches(batches, declared, stored)


def _opened(data: Any, schema: pa.Schema | None) -> tuple[pa.Schema, Iterable[Any]]:
    # pyarrow's own objects are iterated directly: the C interface would reduce an exception of the
    # generator behind them to its text
    if isinstance(data, pa.RecordBatchReader):
        return data.schema, data
    if isinstance(data, (pa.Table, pa.RecordBatch)):
        return data.schema, [data]
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        reader = pa.RecordBatchReader.from_stream(_without_index(data), schema=schema)
        return reader.schema, reader
    if hasattr(data, "__arrow_c_stream__"):
        _check_exportable(data)
        reader = pa.RecordBatchReader.from_stream(data)
        return reader.schema, reader
    kind = type(data).__name__
    if isinstance(data, (str, bytes)) or not isinstance(data, Iterable):
        msg = f"expected an Arrow stream (an object with __arrow_c_stream__), got {kind}"
        raise TableError(msg)
    if schema is None:
        msg = f"an iterable of record batches ({kind}) needs a schema: Build(data, schema=...)"
        raise TableError(msg)
    return schema, data


def check_portable(schema: pa.Schema) -> None:
    """Refuse columns whose values a reader without pandas would take for others.

    Raises:
        TableError: there is one.
    """
    for each in schema:
        name = getattr(each.type, "extension_name", None)
        if name in _OF_PANDAS:
            msg = (
                f"column {each.name!r}: {name} cannot be written; convert it to {_OF_PANDAS[name]}"
            )
            raise TableError(msg)


def _check_exportable(data: Any) -> None:
    """Refuse a frame of polars with integers that no other library has."""
    polars = sys.modules.get("polars")
    if polars is None or not isinstance(data, polars.DataFrame):
        return
    for name, kind in data.schema.items():
        if re.search(r"\bU?Int128\b", str(kind)):
            msg = f"column {name!r}: {kind} cannot be written; convert it to Int64, Decimal or text"
            raise TableError(msg)


def _without_index(frame: Any) -> Any:
    """Turn a named index into columns; the default one only numbers the rows.

    Raises:
        TableError: it has no name, and is not the default one.
    """
    _check_names([str(name) for name in frame.columns])
    if None not in frame.index.names:
        return frame.reset_index()
    if frame.index.equals(sys.modules["pandas"].RangeIndex(len(frame))):
        return frame.reset_index(drop=True)
    msg = (
        "the index of the DataFrame has no name and is not the default one; return "
        "frame.reset_index(), or frame.reset_index(drop=True) where it only numbers the rows"
    )
    raise TableError(msg)


def _stored_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema in which rows are stored: stored types, without metadata."""
    if len(schema) == 0:
        msg = "the table has no columns"
        raise TableError(msg)
    _check_names(schema.names)
    fields = []
    for each in schema:
        try:
            fields.append(pa.field(each.name, stored_type(each.type), nullable=each.nullable))
        except TypeError as error:
            msg = f"column {each.name!r}: {error}"
            raise TableError(msg) from error
    return pa.schema(fields)


def _check_names(names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        msg = f"the table has more than one column named {', '.join(map(repr, twice))}"
        raise TableError(msg)


def _stored_batches(
    batches: Iterable[Any], declared: pa.Schema, stored: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Yield pieces of the stored schema, each of at most the rows of a row group."""
    rows = group_rows(stored)
    for batch in batches:
        if not isinstance(batch, (pa.RecordBatch, pa.Table)):
            msg = f"expected a record batch, got {type(batch).__name__}"
            raise TableError(msg)
        _check_schema(batch.schema, declared)
        try:
            batch.validate()  # cheap; an invalid array would crash the process
        except pa.ArrowInvalid as error:
            msg = f"a record batch is not valid: {error}"
            raise TableError(msg) from error
        parts = batch.to_batches() if isinstance(batch, pa.Table) else [batch]
        for part in parts:
            for start in range(0, part.num_rows, rows):
                yield _stored_batch(part.slice(start, rows), stored)


def _check_schema(seen: pa.Schema, expected: pa.Schema) -> None:
    if seen is expected or seen.equals(expected):
        return
    if seen.names != expected.names:
        msg = f"expected the columns {expected.names}, got {seen.names}"
        raise TableError(msg)
    for is_, should in zip(seen, expected, strict=True):
        if is_.type != should.type:
            msg = f"column {should.name!r}: expected type {should.type}, got {is_.type}"
            raise TableError(msg)


def _stored_batch(batch: pa.RecordBatch, stored: pa.Schema) -> pa.RecordBatch:
    for each, array in zip(stored, batch.columns, strict=True):
        if not each.nullable and array.null_count:
            msg = f"column {each.name!r} is declared without nulls, but has some"
            raise TableError(msg)
    if batch.schema.equals(stored):
        return batch
    columns = []
    for each, array in zip(stored, batch.columns, strict=True):
        try:
            column = _stored_array(array, each.type)
            column.validate()
        except pa.ArrowException as error:
            msg = f"column {each.name!r} of type {array.type}: {error}"
            raise TableError(msg) from error
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=stored)


def _stored_array(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if array.type == kind:
        return array
    if isinstance(array, pa.ExtensionArray):
        return _stored_array(array.storage, kind)
    if is_type.is_dictionary(array.type):
        return _stored_array(array.dictionary, kind).take(array.indices)
    return array.cast(kind)
