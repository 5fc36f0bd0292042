"""JSON Lines, also compressed: many lines are decoded at a time."""

from __future__ import annotations

import io
import json
import sys
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


class _Malformed(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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
        except _Malformed as found:
            malformed.append(MalformedLine(number, found.reason))
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
        raise _Malformed(msg) from None
    try:
        return msgspec.json.decode(text, type=row_type)
    except (msgspec.DecodeError, RecursionError):
        values = _json_object(text)
        return row_type(*map(values.get, row_type.__struct_encode_fields__))


def _json_object(text: str) -> dict[str, Any]:
    """Decode a line.

    Raises:
        _Malformed: it is not JSON, or not one object.
    """
    try:
        values, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        msg = f"not JSON: {error.msg}"
        raise _Malformed(msg) from None
    except RecursionError:
        msg = "nested too deeply"
        raise _Malformed(msg) from None
    except ValueError:  # of `int`
        most = sys.get_int_max_str_digits()
        msg = f"a number of more than {most} digits is not supported"
        raise _Malformed(msg) from None
    if end != len(text):
        msg = f"not JSON: more text after column {end}"
        raise _Malformed(msg)
    if not isinstance(values, dict):
        msg = "not a JSON object"
        raise _Malformed(msg)
    return values


def _no_constant(name: str) -> NoReturn:
    msg = f"not JSON: {name} is not a JSON value"
    raise _Malformed(msg)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
