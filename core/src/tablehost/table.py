"""Arrow stream to Parquet file, in one pass: rows, digests, statistics and the file's own hash.

The same rows give the same bytes however they arrive: the stream is cut anew into row groups whose
bounds depend on the schema and the rows alone, dictionaries are taken apart, and what a library
adds to a schema for itself (pandas: its index) is left out. While one row group is encoded, a
thread digests it, and goes on while the next one is gathered: no more than these two are held.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as is_type
from attrs import frozen

from tablehost.build import ArrowStream
from tablehost.columns import (
    ColumnInfo,
    ColumnsSummary,
    TableError,
    estimated_width,
    is_sized,
    row_bytes,
    rows_digest,
    stored_type,
)

GROUP_BYTES: Final = 64 * 2**20
"""A row group has about so many bytes of values before they are encoded."""

MIN_ROWS: Final = 1_024
MAX_ROWS: Final = 131_072

_JOIN: Final = 512
"""So many small pieces are joined into one, lest a million batches of one row stay in memory."""

_ZSTD_LEVEL: Final = 1

Data = ArrowStream | Iterable[pa.RecordBatch]


@frozen
class TableInfo:
    """What was written.

    Args:
        sha256: of the file.
        bytes: the file's size.
        rows: how many there are.
        rows_digest: of the rows, whatever the file's layout.
        columns: digest and statistics of each.
        schema: as written: without metadata, dictionaries and views.
        writer: the library and its settings.
    """

    sha256: str
    bytes: int
    rows: int
    rows_digest: str
    columns: tuple[ColumnInfo, ...]
    schema: pa.Schema
    writer: str


def write_table(
    data: Data,
    path: str | os.PathLike[str],
    *,
    schema: pa.Schema | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> TableInfo:
    """Write a builder's data as Parquet; if anything fails, no file is left.

    Args:
        data: an Arrow stream, or with `schema` an iterable of record batches.
        path: the file, made or replaced.
        schema: what every batch must have; for a DataFrame, what it is converted to.
        on_rows: called now and then with the number of rows written so far.

    Returns:
        What was written.

    Raises:
        TableError: the data cannot become a table; what `data` itself raises goes through.
    """
    stored, batches = open_batches(data, schema)
    path = Path(path)
    try:
        with path.open("wb") as file:
            sink = _HashingSink(file)
            summary, writer = _write(batches, stored, sink, on_rows or _nobody)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    columns = summary.finish()
    return TableInfo(
        sha256=sink.digest.hexdigest(),
        bytes=sink.tell(),
        rows=summary.rows,
        rows_digest=rows_digest(columns, summary.rows),
        columns=columns,
        schema=stored,
        writer=writer,
    )


def digest_table(
    data: Data,
    *,
    schema: pa.Schema | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> tuple[int, tuple[ColumnInfo, ...]]:
    """Digest rows without writing them, such as those of a table that is to be verified.

    Args:
        data: as for `write_table`.
        schema: as for `write_table`.
        on_rows: called now and then with the number of rows seen so far.

    Returns:
        How many rows there are, and digest and statistics of each column.

    Raises:
        TableError: the data is no table that `write_table` could have written.
    """
    stored, batches = open_batches(data, schema)
    summary = ColumnsSummary(stored)
    for batch in batches:
        summary.update(batch)
        if on_rows is not None:
            on_rows(summary.rows)
    return summary.rows, summary.finish()


def _nobody(rows: int) -> None:
    """Tell nobody."""


# -------------------------------------------------------------------------------- what comes in


def open_batches(
    data: Data, schema: pa.Schema | None = None
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Make one kind of stream of all that a builder may hand over.

    Args:
        data: an Arrow stream, or with `schema` an iterable of record batches.
        schema: what every batch must have.

    Returns:
        The schema in which the rows are stored, and batches that have it.

    Raises:
        TableError: it is none of these, or the schema cannot be written.
    """
    declared, batches = _opened(data, schema)
    declared = schema if schema is not None else declared
    stored = stored_schema(declared)
    return stored, _stored_batches(batches, declared, stored)


def stored_schema(schema: pa.Schema) -> pa.Schema:
    """Tell in which schema rows are stored.

    Args:
        schema: what a builder hands over.

    Returns:
        The same columns in types that Parquet gives back as they are, without metadata.

    Raises:
        TableError: there is no column, one occurs twice, or has a type that cannot be written.
    """
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


def _opened(data: Any, schema: pa.Schema | None) -> tuple[pa.Schema, Iterable[Any]]:
    # pyarrow's own objects are iterated as they are, so that what a generator behind them raises
    # arrives as raised; through the C interface only its text would
    if isinstance(data, pa.RecordBatchReader):
        return data.schema, data
    if isinstance(data, pa.Table):
        return data.schema, data.to_batches()
    if isinstance(data, pa.RecordBatch):
        return data.schema, [data]
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        reader = pa.RecordBatchReader.from_stream(_without_index(data), schema=schema)
        return reader.schema, reader
    if hasattr(data, "__arrow_c_stream__"):
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


def _without_index(frame: Any) -> Any:
    """Make columns of the index levels that have a name; the others only count rows."""
    _check_names([str(name) for name in frame.columns])
    unnamed = [level for level, name in enumerate(frame.index.names) if name is None]
    named = len(unnamed) < len(frame.index.names)
    if unnamed:
        frame = frame.reset_index(level=unnamed, drop=True)
    return frame.reset_index() if named else frame


def _stored_batches(
    batches: Iterable[Any], declared: pa.Schema, stored: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Yield pieces of the stored schema, of no more rows than a row group has."""
    rows = group_rows(stored)
    for batch in batches:
        if not isinstance(batch, (pa.RecordBatch, pa.Table)):
            msg = f"expected a record batch, got {type(batch).__name__}"
            raise TableError(msg)
        _check_schema(batch.schema, declared)
        try:
            batch.validate()  # cheap; what is invalid would end the process, not the run
        except pa.ArrowInvalid as error:
            msg = f"a record batch is not valid: {error}"
            raise TableError(msg) from error
        parts = batch.to_batches() if isinstance(batch, pa.Table) else [batch]
        for part in parts:
            for start in range(0, part.num_rows, rows):
                piece = part if part.num_rows <= rows else part.slice(start, rows)
                yield _stored_batch(piece, stored)


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
    for array, each in zip(batch.columns, stored, strict=True):
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


# --------------------------------------------------------------------------------- what goes out


def group_rows(schema: pa.Schema) -> int:
    """Tell how many rows a row group has at most.

    Args:
        schema: of the table.

    Returns:
        A power of two; it depends on nothing but the columns' types.
    """
    width = sum(estimated_width(each.type) for each in schema)
    power = max(1, GROUP_BYTES // max(1, width)).bit_length() - 1
    return min(MAX_ROWS, max(MIN_ROWS, 1 << power))


def row_groups(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Cut a stream anew, at bounds that do not depend on how it was cut.

    A row group ends with the row that makes it full: by the number of rows, or by the bytes of
    its text and lists.

    Args:
        batches: of a stored schema.
        rows: how many rows a row group has at most.

    Yields:
        Row groups, none of them empty.
    """
    waiting = _Waiting()
    sized: list[int] | None = None
    for batch in batches:
        if sized is None:
            sized = [i for i, each in enumerate(batch.schema) if is_sized(each.type)]
        upto = _running_bytes(batch, sized)
        start = 0
        while start < batch.num_rows:
            stop = min(batch.num_rows, start + rows - waiting.rows)
            full = stop - start == rows - waiting.rows
            held = 0
            if upto is not None:
                room = GROUP_BYTES - waiting.bytes
                last = int(np.searchsorted(upto, upto[start] + room)) - 1
                if last < stop:
                    stop, full = last + 1, True
                held = int(upto[stop] - upto[start])
            waiting.add(batch.slice(start, stop - start), held)
            if full:
                yield waiting.join()
                waiting = _Waiting()
            start = stop
    if waiting.rows:
        yield waiting.join()


def _running_bytes(batch: pa.RecordBatch, sized: list[int]) -> np.ndarray[Any, Any] | None:
    """Sum up the bytes before each row, and after the last; None if all rows are alike."""
    if not sized:
        return None
    total = sum(row_bytes(batch.column(i)) for i in sized)
    return np.concatenate([np.zeros(1, "i8"), np.cumsum(total)])


class _Waiting:
    """Pieces of a row group that is not full yet."""

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


class _HashingSink:
    """A file that hashes what is written to it, byte by byte in order.

    An error is kept and raised by `check`, since a writer that fails in the middle would go on to
    write its footer and bury the cause.
    """

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self.digest = hashlib.sha256()
        self._file = file
        self._position = 0
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        if self._error is None:
            try:
                self._file.write(data)
            except OSError as error:
                self._error = error
            self.digest.update(data)
            self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Leave it to the file's own end."""

    def close(self) -> None:
        """Leave it to whoever opened the file."""

    def check(self) -> None:
        if self._error is not None:
            raise self._error


def _write(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    sink: _HashingSink,
    on_rows: Callable[[int], None],
) -> tuple[ColumnsSummary, str]:
    summary = ColumnsSummary(schema)
    rows, written = group_rows(schema), 0
    digesting: Future[None] | None = None
    footer: list[Any] = []
    with ThreadPoolExecutor(1, "digest") as pool, _parquet(sink, schema, footer) as writer:
        for group in row_groups(batches, rows):
            if digesting is not None:
                digesting.result()
            digesting = pool.submit(summary.update, group)
            _encode(writer, group, rows)
            sink.check()
            written += group.num_rows
            on_rows(written)
        if digesting is not None:
            digesting.result()
    sink.check()
    return summary, (
        f"{footer[0].created_by}; parquet 2.6, zstd level {_ZSTD_LEVEL}, "
        f"at most {rows} rows or {GROUP_BYTES} bytes of text and lists a row group"
    )


@contextmanager
def _parquet(
    sink: _HashingSink, schema: pa.Schema, footer: list[Any]
) -> Iterator[pq.ParquetWriter]:
    writer = pq.ParquetWriter(
        pa.PythonFile(sink, mode="w"),
        schema,
        metadata_collector=footer,
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        use_dictionary=_dictionary_paths(schema),
        version="2.6",
        data_page_version="1.0",
        write_statistics=True,
    )
    try:
        yield writer
    except BaseException:
        with suppress(Exception):  # what it says of a file cut short would bury the cause
            writer.close()
        raise
    writer.close()


def _encode(writer: pq.ParquetWriter, group: pa.RecordBatch, rows: int) -> None:
    try:
        writer.write_table(pa.Table.from_batches([group]), row_group_size=rows)
    except pa.ArrowInvalid as error:  # such as a null inside a list that is declared without
        msg = f"these rows cannot be written as Parquet: {error}"
        raise TableError(msg) from error


def _dictionary_paths(schema: pa.Schema) -> list[str]:
    """Name all leaves but the floats, whose values hardly ever repeat."""
    return [path for each in schema for path in _leaves(each.name, each.type)]


def _leaves(path: str, kind: pa.DataType) -> Iterator[str]:
    if isinstance(kind, pa.BaseExtensionType):
        yield from _leaves(path, kind.storage_type)
    elif is_type.is_map(kind):
        yield from _leaves(f"{path}.key_value.key", kind.key_type)
        yield from _leaves(f"{path}.key_value.value", kind.item_type)
    elif is_type.is_struct(kind):
        for child in map(kind.field, range(kind.num_fields)):
            yield from _leaves(f"{path}.{child.name}", child.type)
    elif is_type.is_nested(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    elif not is_type.is_floating(kind):
        yield path
