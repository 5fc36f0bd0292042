"""JSON Lines, also compressed: many lines are decoded at a time."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pyarrow as pa
from msgspec.structs import astuple

from tablehost.records.rows import MalformedLine, Rows

_READ_BYTES = 1 << 17
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_BOM = b"\xef\xbb\xbf"


def read_json_lines(path: Path, wanted: Sequence[str]) -> Rows:
    """Read JSON Lines; of a key that a line has twice, the last value counts."""
    rows = Rows(lines=[], columns={key: [] for key in wanted})
    row_type = _row_type(wanted)
    decode = msgspec.json.Decoder(row_type).decode
    compression = _COMPRESSIONS.get(path.suffix.lower())
    with pa.input_stream(str(path), compression=compression) as stream:
        reader, first = io.BufferedReader(stream, _READ_BYTES), 1
        while raws := reader.readlines(_READ_BYTES):
            lines: Sequence[int] = range(first, first + len(raws))
            try:
                decoded = list(map(decode, map(bytes.decode, raws)))
            except (ValueError, msgspec.DecodeError, RecursionError):
                numbered = zip(lines, raws, strict=True)
                lines, decoded = _one_by_one(numbered, row_type, rows.malformed)
            rows.lines.extend(lines)
            columns = zip(*map(astuple, decoded), strict=True)  # none without a row
            for key, values in zip(wanted, columns, strict=False):
                rows.columns[key].extend(values)
            first += len(raws)
    return rows


def _row_type(wanted: Sequence[str]) -> type[msgspec.Struct]:
    """Return a class of rows with an attribute for each key, None where a line has none."""
    names = {f"_{at}": key for at, key in enumerate(wanted)}
    fields = [(name, Any, None) for name in names]
    return msgspec.defstruct("Row", fields, rename=names, gc=False)


def _one_by_one(
    numbered: Iterable[tuple[int, bytes]], row_type: Any, malformed: list[MalformedLine]
) -> tuple[list[int], list[Any]]:
    """Return the rows of lines among which one is blank or not decoded by msgspec."""
    lines, rows = [], []
    for number, raw in numbered:
        line = (raw.removeprefix(_BOM) if number == 1 else raw).strip()
        if not line:
            continue
        try:
            rows.append(_row(line, row_type))
            lines.append(number)
        except ValueError as error:
            malformed.append(MalformedLine(number, str(error)))
    return lines, rows


def _row(line: bytes, row_type: Any) -> Any:
    """Make a row of a line of JSON.

    What msgspec rejects goes to Python's own decoder, which accepts unpaired surrogates and
    numbers of any length, and gives the better reasons.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        msg = "not UTF-8"
        raise ValueError(msg) from None
    try:
        return msgspec.json.decode(text, type=row_type)
    except (msgspec.DecodeError, RecursionError):
        values = _json_object(text)
        return row_type(*map(values.get, row_type.__struct_encode_fields__))


def _json_object(text: str) -> dict[str, Any]:
    """Decode a line.

    Raises:
        ValueError: it is not JSON, or not one object, with the reason.
    """
    try:
        values, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        msg = f"not JSON: {getattr(error, 'msg', error)}"
        raise ValueError(msg) from None
    if end != len(text):
        msg = f"not JSON: more text after column {end}"
        raise ValueError(msg)
    if not isinstance(values, dict):
        msg = "not a JSON object"
        raise ValueError(msg)  # noqa: TRY004  # it is the line that is wrong, not a type of ours
    return values


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is not a JSON value"
    raise ValueError(msg)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
