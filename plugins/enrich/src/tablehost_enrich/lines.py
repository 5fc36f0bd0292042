"""The rows of a metadata file, each with the line that it stands on."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa

from tablehost import Refused
from tablehost.parquet import opened
from tablehost_enrich.formats import compression_of, format_of

Line = tuple[int, dict[str, Any] | str]
"""A line's number, and what it says or, where it is malformed, why."""


def read_lines(path: Path, wanted: AbstractSet[str]) -> Iterator[Line]:
    """Read a metadata file, line by line; in a Parquet file the first row is line 1.

    Args:
        path: the file; its suffix tells the format.
        wanted: what rows are asked for; they may say more.

    Raises:
        Refused: it cannot be read.
    """
    kind = format_of(path)
    try:
        if kind == "parquet":
            yield from _parquet_lines(path, wanted)
        else:
            yield from (_csv_lines if kind == "csv" else _json_lines)(path)
    except (OSError, pa.ArrowException) as error:
        problem = f"{path}: not readable: {error}"
        raise Refused([problem]) from error


def _json_lines(path: Path) -> Iterator[Line]:
    with pa.input_stream(str(path), compression=compression_of(path)) as stream:
        for number, raw in enumerate(io.BufferedReader(stream), 1):
            line = (raw.removeprefix(_BOM) if number == 1 else raw).strip()
            if line:
                yield number, _json_object(line)


def _json_object(raw: bytes) -> dict[str, Any] | str:
    try:
        text = raw.decode("utf-8")
        values, end = _DECODER.raw_decode(text)
    except UnicodeDecodeError:
        return "not UTF-8"
    except (ValueError, RecursionError) as error:
        return f"not JSON: {getattr(error, 'msg', error)}"
    if end != len(text):
        return f"not JSON: more after column {end}"
    return values if isinstance(values, dict) else "no JSON object"


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON"
    raise ValueError(msg)


_BOM = b"\xef\xbb\xbf"
_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _csv_lines(path: Path) -> Iterator[Line]:
    """Read a CSV; a column has one type, the narrowest that fits all its texts."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        rows = list(_numbered(csv.reader(io.StringIO(text, newline=""), strict=True)))
    except (UnicodeDecodeError, csv.Error) as error:
        problem = f"{path}: not readable as a CSV in UTF-8: {error}"
        raise Refused([problem]) from error
    if not rows:
        return
    header = [name.strip() for name in rows[0][1]]
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        problem = f"{path}: more than one column is named {', '.join(map(repr, twice))}"
        raise Refused([problem])
    whole = [(number, row) for number, row in rows[1:] if len(row) == len(header)]
    columns = [_typed([row[at] for _, row in whole]) for at in range(len(header))]
    typed = iter(zip(*columns, strict=True))
    for number, row in rows[1:]:
        if len(row) == len(header):
            yield number, dict(zip(header, next(typed), strict=True))
        else:
            yield number, f"{len(row)} fields, the header has {len(header)}"


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield every row that is not blank with the line on which it begins."""
    line = 1
    for row in reader:
        if row:
            yield line, row
        line = reader.line_num + 1


_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TRUTHS = {"true": True, "false": False}


def _typed(texts: Sequence[str]) -> list[Any]:
    """Return the values of a column of texts; an empty one is missing."""
    there = [text for text in texts if text]
    if all(map(_INTEGER.fullmatch, there)):
        return [int(text) if text else None for text in texts]
    if all(map(_NUMBER.fullmatch, there)):
        return [float(text) if text else None for text in texts]
    if all(text.lower() in _TRUTHS for text in there):
        return [_TRUTHS[text.lower()] if text else None for text in texts]
    return [text or None for text in texts]


def _parquet_lines(path: Path, wanted: AbstractSet[str]) -> Iterator[Line]:
    number = 0
    with opened(path, str(path)) as file:
        columns = [name for name in file.schema_arrow.names if name in wanted]
        for batch in file.iter_batches(columns=columns):
            for values in batch.to_pylist():
                number += 1
                yield number, {key: _or_none(value) for key, value in values.items()}


def _or_none(value: Any) -> Any:
    return None if value != value else value  # noqa: PLR0124 - NaN is missing
