"""Arrow stream to Parquet file, in one pass: rows, digests, statistics and the file's own hash.

The same rows give the same bytes however they arrive: the stream is cut into row groups whose
bounds depend on the schema and the rows alone, dictionaries are decoded, and what a library adds to
a schema for itself (pandas: its index) is left out. While the builder makes a row group, one thread
digests the two before it and another encodes them: no more than these three are in memory. A third
thread hashes and writes the encoded bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq
from attrs import frozen

from tablehost.files.atomic import create
from tablehost.table.batches import Data, TableError, check_portable, open_batches
from tablehost.table.column import Column
from tablehost.table.row_groups import GROUP_BYTES, group_rows, row_groups
from tablehost.table.summary import ColumnsSummary, rows_digest

_MOST_GROUPS: Final = 2  # digested and encoded at once, while a third is made
_LEVEL: Final = 1
_FLOAT_LEVEL: Final = -1  # 2 % more bytes than at 1, a third less time
_BUFFER_BYTES: Final = 2**20  # written at once; ext4 is ten times slower with pieces of 2**22
_MOST_BUFFERS: Final = 16  # waiting to be written
_SYNC_BYTES: Final = 2**26  # the most not yet on disk, lest the commit waits for it
_PAGE_BYTES: Final = 2**18  # a page is encoded and compressed within the processor's cache


@frozen
class TableInfo:
    """A table that was written.

    Args:
        sha256: of the file.
        bytes: the file's size.
        rows: their number.
        rows_digest: of the rows, for any layout of the file.
        columns: digest and statistics of each.
        schema: as written: without metadata, dictionaries and views.
        writer: the library and its settings.
    """

    sha256: str
    bytes: int
    rows: int
    rows_digest: str
    columns: tuple[Column, ...]
    schema: pa.Schema
    writer: str


def write_table(
    data: Data,
    path: Path,
    *,
    schema: pa.Schema | None = None,
    named: Mapping[str, Iterable[str]] | None = None,
) -> TableInfo:
    """Write a builder's data as Parquet; if anything fails, no file is left.

    Args:
        data: an Arrow stream, or with `schema` an iterable of record batches.
        path: the file, made or replaced.
        schema: what every batch must have; for a DataFrame, what it is converted to.
        named: columns that it must have, by what names them.

    Returns:
        The file's digests, columns and schema.

    Raises:
        TableError: the data cannot become a table; exceptions of `data` itself pass through.
    """
    stored, batches = open_batches(data, schema)
    check_portable(stored)
    _check_named(stored, named or {})
    rows = group_rows(stored)
    try:
        with (
            create(path) as file,
            _HashingSink(file) as sink,
            _parquet(sink, stored) as writer,
        ):
            summary = _write(row_groups(batches, stored, rows), stored, writer)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    columns = summary.finish()
    return TableInfo(
        sha256=sink.digest.hexdigest(),
        bytes=sink.tell(),  # the file is compared with it before the commit
        rows=summary.rows,
        rows_digest=rows_digest(columns, summary.rows),
        columns=columns,
        schema=stored,
        writer=(
            f"parquet-cpp-arrow version {pa.cpp_version}; parquet 2.6, zstd level {_LEVEL} and "
            f"{_FLOAT_LEVEL} for floats, at most {rows} rows or {GROUP_BYTES} bytes of text and "
            "lists a row group"
        ),
    )


def digest_table(data: Data, schema: pa.Schema | None = None) -> tuple[int, tuple[Column, ...]]:
    """Digest rows without writing them, such as those of a table to verify.

    Args:
        data: as for `write_table`.
        schema: as for `write_table`.

    Returns:
        The number of rows, and digest and statistics of each column.

    Raises:
        TableError: `write_table` could not have written the data.
    """
    stored, batches = open_batches(data, schema)
    summary = ColumnsSummary(stored)
    for batch in batches:
        summary.update(batch)
    return summary.rows, summary.finish()


class _HashingSink:
    """A file that hashes what is written to it, in order, while more is encoded."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self.digest = hashlib.sha256()
        self._file = file
        self._position = 0
        self._unsynced = 0
        self._under_way: deque[Future[None]] = deque()
        self._writer = ThreadPoolExecutor(1, "write")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.shutdown(cancel_futures=True)

    def write(self, data: bytes) -> int:
        kept = bytes(data)  # Arrow reuses its buffer when this returns
        self._position += len(kept)
        self._under_way.append(self._writer.submit(self._take, kept))
        _settle(self._under_way, _MOST_BUFFERS)
        return len(kept)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Do nothing: the file is synced at its end."""

    def close(self) -> None:
        """Wait until all is written; the caller that opened the file closes it."""
        _settle(self._under_way, 0)

    def _take(self, data: bytes) -> None:
        self.digest.update(data)
        self._file.write(data)
        self._unsynced += len(data)
        if self._unsynced >= _SYNC_BYTES:
            os.fsync(self._file.fileno())
            self._unsynced = 0


@contextmanager
def _parquet(sink: _HashingSink, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    floats, others = _paths(schema)
    with pa.BufferedOutputStream(pa.PythonFile(sink, mode="w"), _BUFFER_BYTES) as buffered:
        writer = pq.ParquetWriter(
            buffered,
            schema,
            compression="zstd",
            compression_level=dict.fromkeys(others, _LEVEL) | dict.fromkeys(floats, _FLOAT_LEVEL),
            use_dictionary=others,
            use_byte_stream_split=floats,
            version="2.6",
            data_page_version="1.0",
            data_page_size=_PAGE_BYTES,
            write_statistics=True,
        )
        try:
            yield writer
        except BaseException:
            with suppress(Exception):  # its error about an incomplete file would hide the cause
                writer.close()
            raise
        writer.close()


def _write(
    groups: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    writer: pq.ParquetWriter,
) -> ColumnsSummary:
    summary = ColumnsSummary(schema)
    with ThreadPoolExecutor(1, "digest") as digester, ThreadPoolExecutor(1, "encode") as encoder:
        under_way: deque[Future[None]] = deque()
        for group in groups:  # the builder stays in this thread, to which its files may belong
            _settle(under_way, 2 * (_MOST_GROUPS - 1))
            under_way.append(digester.submit(summary.update, group))
            under_way.append(encoder.submit(_encode, writer, group))
        _settle(under_way, 0)
    return summary


def _check_named(schema: pa.Schema, named: Mapping[str, Iterable[str]]) -> None:
    for what, columns in named.items():
        missing = [name for name in columns if name not in schema.names]
        if missing:
            msg = (
                f"its {what} names the column {missing[0]!r}, which the table does not have; it "
                f"has {', '.join(schema.names)}"
            )
            raise TableError(msg)


def _settle(under_way: deque[Future[None]], left: int) -> None:
    """Wait for the oldest tasks, until no more than some are left."""
    while len(under_way) > left:
        under_way.popleft().result()


def _encode(writer: pq.ParquetWriter, group: pa.RecordBatch) -> None:
    try:
        writer.write_table(pa.Table.from_batches([group]), row_group_size=group.num_rows)
    except pa.ArrowInvalid as error:  # such as a null in a list of a not nullable field
        msg = f"these rows cannot be written as Parquet: {error}"
        raise TableError(msg) from error


def _paths(schema: pa.Schema) -> tuple[list[str], list[str]]:
    """Return the paths of floats, whose values hardly ever repeat, and of all other leaves.

    A path that also names another kind of leaf, as `b.c` beside a struct `b`, is among the others.
    """
    empty = pa.BufferOutputStream()
    pq.ParquetWriter(empty, schema).close()
    with pq.ParquetFile(pa.BufferReader(empty.getvalue())) as file:
        leaves = [file.schema.column(at) for at in range(len(file.schema))]
    others = dict.fromkeys(leaf.path for leaf in leaves if not _is_float(leaf))
    return [leaf.path for leaf in leaves if leaf.path not in others], list(others)


def _is_float(leaf: pq.ColumnSchema) -> bool:
    return leaf.physical_type in {"FLOAT", "DOUBLE"} or leaf.logical_type.type == "FLOAT16"
