"""Parquet files that somebody else wrote: open them, or say what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tablehost.errors import Refused

MOST_COLUMNS = 10_000
_READ_BYTES = 1 << 18


@contextmanager
def opened(path: Path, who: str) -> Iterator[pq.ParquetFile]:
    """Open a file; it is read piece by piece, however large its row groups are.

    Args:
        path: the file.
        who: what to call it in a message.

    Raises:
        Refused: it is no Parquet file, it is damaged, or its columns cannot be told apart.
    """
    try:
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=_READ_BYTES) as file:
            _check_columns(file, who)
            yield file
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        problem = f"{who}: not readable as Parquet, or damaged: {reason}"
        raise Refused([problem]) from error


def _check_columns(file: pq.ParquetFile, who: str) -> None:
    if file.metadata.num_columns > MOST_COLUMNS:
        problem = (
            f"{who}: {file.metadata.num_columns} columns; no more than {MOST_COLUMNS} are read"
        )
        raise Refused([problem])
    twice = [name for name, count in Counter(file.schema_arrow.names).items() if count > 1]
    if twice:
        listed = ", ".join(map(repr, twice))
        problem = f"{who}: more than one column is named {listed}; rename all but one"
        raise Refused([problem])


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values: a dictionary is its values."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a type is text of any width."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )
