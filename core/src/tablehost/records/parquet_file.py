"""Parquet files as rows of plain values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.types as is_type

from tablehost.contract.errors import Refused
from tablehost.records.rows import Rows
from tablehost.table.read import BadRows, is_text, opened, value_type


def read_parquet_rows(path: Path, wanted: Sequence[str]) -> Rows:
    """Read columns of a Parquet file; NaN is a missing value.

    Raises:
        Refused: it is not readable, or has values that JSON cannot write.
    """
    try:
        with opened(path, str(path)) as file:
            there = [key for key in wanted if key in file.schema_arrow.names]
            table = file.read(there)
            odd = [key for key in there if not _is_plain(table[key])]
            if odd:
                raise Refused(
                    f"{path}: the values of {key!r} are not plain values: {table[key].type}; "
                    "convert them to text, numbers or truth values"
                    for key in odd
                )
            count = file.metadata.num_rows
            columns = {key: list(map(_or_none, table[key].to_pylist())) for key in there}
    except BadRows as damaged:  # before the first row of any table
        raise Refused(str(damaged)) from damaged
    return Rows(
        lines=list(range(1, count + 1)),
        columns={key: columns.get(key) or [None] * count for key in wanted},
    )


def _is_plain(column: pa.ChunkedArray) -> bool:
    """Return whether a column holds only numbers, truth values or text, or nothing."""
    kind = value_type(column.type)
    plain = (is_type.is_integer, is_type.is_floating, is_type.is_boolean, is_text)
    return any(matches(kind) for matches in plain) or column.null_count == len(column)


def _or_none(value: Any) -> Any:
    return None if value != value else value  # noqa: PLR0124 - NaN is missing
