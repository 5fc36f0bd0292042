"""The rows of a metadata file by key, each with the line that it stands on."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pyarrow as pa
import pyarrow.types as is_type
from attrs import Factory, frozen
from msgspec.structs import astuple

from tablehost import Refused
from tablehost.table import is_text, opened, value_type
from tablehost_enrich.formats import compression_of, format_of


@frozen(kw_only=True)
class Told:
    """What the rows of a file tell.

    Args:
        lines: where each row stands; in a Parquet file the first row is line 1.
        columns: by wanted key a value for each row, None where it has none.
        malformed: line and reason of every row that cannot be used, and is not in `lines`.
    """

    lines: list[int]
    columns: dict[str, list[Any]]
    malformed: list[tuple[int, str]] = Factory(list)


def read_told(path: Path, naming: Sequence[str], keys: Sequence[str]) -> Told:
    """Read a metadata file.

    Args:
        path: the file; its suffix tells the format.
        naming: keys that rows are asked for, whose values are names: text, if nothing else is said.
        keys: what else rows are asked for; they may say more.

    Raises:
        Refused: it cannot be read.
    """
    kind, wanted = format_of(path), tuple(dict.fromkeys((*naming, *keys)))
    try:
        if kind == "csv":
            return _from_csv(path, wanted, naming)
        return _from_parquet(path, wanted) if kind == "parquet" else _from_json(path, wanted)
    except (OSError, pa.ArrowException) as error:
        problem = f"{path}: not readable: {error}"
        raise Refused([problem]) from error


def _from_json(path: Path, wanted: Sequence[str]) -> Told:
    """Read JSON Lines; of a key twice in a line the last value counts, as msgspec does not tell."""
    told = Told(lines=[], columns={key: [] for key in wanted})
    row = _row_type(wanted)
    decode = msgspec.json.Decoder(row).decode
    with pa.input_stream(str(path), compression=compression_of(path)) as stream:
        reader, first = io.BufferedReader(stream, _READ_BYTES), 1
        while raws := reader.readlines(_READ_BYTES):
            lines: Sequence[int] = range(first, first + len(raws))
            try:
                rows = list(map(decode, map(bytes.decode, raws)))
            except (ValueError, msgspec.DecodeError, RecursionError):
                lines, rows = _one_by_one(zip(lines, raws, strict=True), row, told.malformed)
            told.lines.extend(lines)
            columns = zip(*map(astuple, rows), strict=True)  # none without a row
            for key, values in zip(wanted, columns, strict=False):
                told.columns[key].extend(values)
            first += len(raws)
    return told


def _row_type(wanted: Sequence[str]) -> type[msgspec.Struct]:
    """Return a class of rows with an attribute for each key, None where a line has none."""
    names = {f"_{at}": key for at, key in enumerate(wanted)}
    fields = [(name, Any, None) for name in names]
    return msgspec.defstruct("Row", fields, rename=names, gc=False)


def _one_by_one(
    numbered: Iterable[tuple[int, bytes]], row: Any, malformed: list[tuple[int, str]]
) -> tuple[list[int], list[Any]]:
    """Return the rows of lines among which one is blank or takes more than msgspec."""
    lines, rows = [], []
    for number, raw in numbered:
        line = (raw.removeprefix(_BOM) if number == 1 else raw).strip()
        if not line:
            continue
        try:
            rows.append(_row(line, row))
            lines.append(number)
        except ValueError as error:
            malformed.append((number, str(error)))
    return lines, rows


def _row(line: bytes, row: Any) -> Any:
    """Make a row of a line of JSON.

    What msgspec does not take is left to Python's own decoder, which takes half a character and
    numbers without end, and says best what is wrong.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        msg = "not UTF-8"
        raise ValueError(msg) from None
    try:
        return msgspec.json.decode(text, type=row)
    except (msgspec.DecodeError, RecursionError):
        values = _json_object(text)
        return row(*map(values.get, row.__struct_encode_fields__))


def _json_object(text: str) -> dict[str, Any]:
    """Decode a line.

    Raises:
        ValueError: it is no JSON, or not one object, with the reason.
    """
    try:
        values, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        msg = f"not JSON: {getattr(error, 'msg', error)}"
        raise ValueError(msg) from None
    if end != len(text):
        msg = f"not JSON: more after column {end}"
        raise ValueError(msg)
    if not isinstance(values, dict):
        msg = "no JSON object"
        raise ValueError(msg)  # noqa: TRY004  # it is the line that is wrong, not a type of ours
    return values


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON"
    raise ValueError(msg)


_READ_BYTES = 1 << 17
_BOM = b"\xef\xbb\xbf"
_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _from_csv(path: Path, wanted: Sequence[str], naming: Sequence[str]) -> Told:
    """Read a CSV; a column has one type, the narrowest that fits all its texts; names are text."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        rows = list(_numbered(csv.reader(io.StringIO(text, newline=""), strict=True)))
    except (UnicodeDecodeError, csv.Error) as error:
        problem = f"{path}: not readable as a CSV in UTF-8: {error}"
        raise Refused([problem]) from error
    header = [name.strip() for name in rows[0][1]] if rows else []
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        problem = f"{path}: more than one column is named {', '.join(map(repr, twice))}"
        raise Refused([problem])
    whole = [(number, row) for number, row in rows[1:] if len(row) == len(header)]
    columns: dict[str, list[Any]] = {
        key: [row[at] or None for _, row in whole] for at, key in enumerate(header)
    }
    columns |= {key: _typed(columns[key]) for key in columns.keys() & set(wanted) - set(naming)}
    return Told(
        lines=[number for number, _ in whole],
        columns={key: columns.get(key) or [None] * len(whole) for key in wanted},
        malformed=[
            (number, f"{len(row)} fields, the header has {len(header)}")
            for number, row in rows[1:]
            if len(row) != len(header)
        ],
    )


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield every row that is not blank with the line on which it begins."""
    line = 1
    for row in reader:
        if row:
            yield line, row
        line = reader.line_num + 1


_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,999})")  # `int` refuses more than 4300 digits
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TRUTHS = {"true": True, "false": False}


def _typed(texts: list[str | None]) -> list[Any]:
    """Return the values of a column of texts, None where one is missing."""
    there = [text for text in texts if text]
    if all(map(_INTEGER.fullmatch, there)):
        return [int(text) if text else None for text in texts]
    if all(map(_NUMBER.fullmatch, there)):
        return [_number(text) if text else None for text in texts]
    if all(text.lower() in _TRUTHS for text in there):
        return [_TRUTHS[text.lower()] if text else None for text in texts]
    return texts


def _number(text: str) -> float:
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _from_parquet(path: Path, wanted: Sequence[str]) -> Told:
    with opened(path, str(path)) as file:
        there = [key for key in wanted if key in file.schema_arrow.names]
        table = file.read(there)
        odd = [key for key in there if not _is_plain(table[key])]
        if odd:
            raise Refused(
                f"{path}: the values of {key!r} are no plain values: {table[key].type}; convert "
                "them to text, numbers or truth values"
                for key in odd
            )
        columns = {key: list(map(_or_none, table[key].to_pylist())) for key in there}
    count = table.num_rows if there else 0
    return Told(
        lines=list(range(1, count + 1)),
        columns={key: columns.get(key) or [None] * count for key in wanted},
    )


def _is_plain(column: pa.ChunkedArray) -> bool:
    """Tell whether a column holds nothing but what JSON has words for."""
    kind = value_type(column.type)
    plain = (is_type.is_integer, is_type.is_floating, is_type.is_boolean, is_text)
    return any(matches(kind) for matches in plain) or column.null_count == len(column)


def _or_none(value: Any) -> Any:
    return None if value != value else value  # noqa: PLR0124 - NaN is missing
