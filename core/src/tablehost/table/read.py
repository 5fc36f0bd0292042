"""Open Parquet files of unknown origin, and report damage with the file's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tablehost.contract.errors import Refused, TablehostError
from tablehost.files.reading import check_regular

MOST_COLUMNS = 10_000
MOST_BYTES_A_ROW = 1 << 26
"""Limit in bytes on the average row of a row group: a value of gigabytes takes minutes to read."""
_READ_BYTES = 1 << 18


class BadRows(TablehostError):
    """Input rows that cannot be used, found while they are read: no table is written, exit 2."""


@contextmanager
def opened(path: Path, who: str) -> Iterator[pq.ParquetFile]:
    """Open a file; it is read piece by piece, however large its row groups are.

    Args:
        path: the file.
        who: what to call it in a message.

    Raises:
        Refused: it is not a Parquet file, its footer is damaged, or a column name is not unique.
        BadRows: damage is found while rows are read.
    """
    try:
        check_regular(path)  # Arrow would wait for the other end of a FIFO
        file = _File(path, who)
    except _DAMAGE as error:
        raise Refused([_problem(who, error)]) from error
    with file, _damage_named(who, UnicodeDecodeError):  # text is decoded where it is used
        _check_columns(file, who)
        _check_rows(file, who)
        yield file


_DAMAGE = (OSError, UnicodeDecodeError, pa.ArrowException)


class _File(pq.ParquetFile):  # type: ignore[misc]  # pyarrow ships no type information
    """A file that reports damage also where it shows only while rows are read."""

    def __init__(self, path: Path, who: str) -> None:
        super().__init__(path, pre_buffer=False, buffer_size=_READ_BYTES)
        self._who = who

    def iter_batches(self, *args: Any, **kwargs: Any) -> Iterator[pa.RecordBatch]:
        with _damage_named(self._who, *_DAMAGE):
            yield from super().iter_batches(*args, **kwargs)

    def read(self, *args: Any, **kwargs: Any) -> pa.Table:
        with _damage_named(self._who, *_DAMAGE):
            return super().read(*args, **kwargs)


@contextmanager
def _damage_named(who: str, *damage: type[Exception]) -> Iterator[None]:
    try:
        yield
    except damage as error:
        raise BadRows(_problem(who, error)) from error


def _problem(who: str, error: Exception) -> str:
    reason = " ".join(str(error).split())
    return f"{who}: not readable as Parquet, or damaged: {reason}; restore or replace the file"


def _check_columns(file: pq.ParquetFile, who: str) -> None:
    count = file.metadata.num_columns
    if count > MOST_COLUMNS:
        raise Refused([f"{who}: {count} columns; no more than {MOST_COLUMNS} are read"])
    twice = [name for name, count in Counter(file.schema_arrow.names).items() if count > 1]
    if twice:
        listed = ", ".join(map(repr, twice))
        problem = f"{who}: more than one column is named {listed}; rename all but one"
        raise Refused([problem])


def _check_rows(file: pq.ParquetFile, who: str) -> None:
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        if group.total_byte_size > MOST_BYTES_A_ROW * max(group.num_rows, 1):
            size = group.total_byte_size // max(group.num_rows, 1)
            problem = f"{who}: a row of {size} bytes; no more than {MOST_BYTES_A_ROW} are read"
            raise Refused([problem])


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values, also where they are dictionary-encoded."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def is_text(kind: pa.DataType) -> bool:
    """Return whether a type is text of any width."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )
