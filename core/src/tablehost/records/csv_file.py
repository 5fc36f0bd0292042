"""CSV in UTF-8, with or without a BOM: rows with their lines, and columns with one type."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from tablehost.contract.errors import Refused
from tablehost.records.rows import MalformedLine, Rows


@frozen
class CsvFile:
    """The texts of a CSV.

    Args:
        header: the names of its columns, each once; empty where the file is.
        rows: each row that is not blank and as long as the header, with its first line.
        malformed: the other rows.
    """

    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    malformed: list[MalformedLine]


def read_csv(path: Path) -> CsvFile:
    """Read a CSV.

    Raises:
        Refused: it is not readable as a CSV in UTF-8, or two columns have one name.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        rows = list(_numbered(csv.reader(io.StringIO(text, newline=""), strict=True)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problem = f"{path}: not readable as a CSV in UTF-8: {error}"
        raise Refused([problem]) from error
    header = tuple(name.strip() for name in rows[0][1]) if rows else ()
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        names = ", ".join(map(repr, twice))
        problem = f"{path}: more than one column is named {names}; rename all but one"
        raise Refused([problem])
    return CsvFile(
        header,
        [(line, row) for line, row in rows[1:] if len(row) == len(header)],
        [
            MalformedLine(line, f"{len(row)} fields, the header has {len(header)}")
            for line, row in rows[1:]
            if len(row) != len(header)
        ],
    )


def read_csv_rows(path: Path, wanted: Collection[str], text: Collection[str]) -> Rows:
    """Read a CSV; a column has one type, the narrowest that fits all its texts.

    Args:
        path: the file.
        wanted: names of the columns to read.
        text: of these, the ones that stay text.
    """
    file = read_csv(path)
    columns = {key: [row[at] or None for _, row in file.rows] for at, key in enumerate(file.header)}
    missing = [None] * len(file.rows)
    return Rows(
        lines=[line for line, _ in file.rows],
        columns={
            key: columns.get(key, missing) if key in text else _typed(columns.get(key, missing))
            for key in wanted
        },
        malformed=file.malformed,
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


def _typed(texts: Sequence[str | None]) -> list[Any]:
    """Return the values of a column of texts, None where one is missing."""
    there = [text for text in texts if text]
    if all(map(_NUMBER.fullmatch, there)):
        return [_number(text) if text else None for text in texts]
    if all(text.lower() in _TRUTHS for text in there):
        return [_TRUTHS[text.lower()] if text else None for text in texts]
    return list(texts)


def _number(text: str) -> float:
    return int(text) if _INTEGER.fullmatch(text) else float(text)
