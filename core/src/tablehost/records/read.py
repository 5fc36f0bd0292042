"""Read the rows of a file by name, and make records of them: one a name, one type a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from attrs import Factory, evolve, frozen

from tablehost.contract.errors import Refused
from tablehost.records.columns import typed_columns
from tablehost.records.csv_file import read_csv_rows
from tablehost.records.formats import format_of
from tablehost.records.json_lines import read_json_lines
from tablehost.records.names import name_of
from tablehost.records.parquet_file import read_parquet_rows
from tablehost.records.rows import MalformedLine, Rows
from tablehost.records.wording import first_problems


@frozen(kw_only=True)
class NamedRows(Rows):
    """The rows of a file that have a name; the others are malformed.

    Args:
        path: the file.
        names: of the rows; several may have one name.
    """

    path: Path
    names: list[str]


@frozen(kw_only=True)
class Records:
    """The records of a file: one a name, one type a column.

    Args:
        names: text, each once.
        columns: by key that has a value, an array in the order of the names.
        lines: how many lines of the file are not blank.
        malformed: the lines that cannot be used, in their order.
    """

    names: pa.Array = Factory(lambda: pa.array([], pa.string()))
    columns: dict[str, pa.Array] = Factory(dict)
    lines: int = 0
    malformed: tuple[MalformedLine, ...] = ()

    def with_values(self) -> Records:
        """Return these records without those that have no value."""
        kept = pa.array([False] * len(self.names), pa.bool_())
        for values in self.columns.values():
            kept = pc.or_(kept, values.is_valid())
        columns = {key: values.filter(kept) for key, values in self.columns.items()}
        return evolve(self, names=self.names.filter(kept), columns=columns)


def read_rows(
    path: Path,
    keys: Sequence[str],
    *,
    name: str,
    files: Sequence[str] = (),
    text: Sequence[str] = (),
) -> NamedRows:
    """Read the rows of JSON Lines, CSV or Parquet; the suffix decides which.

    Args:
        path: the file.
        keys: to read.
        name: the key that names a row.
        files: keys of paths; a row without that key has the base name of its first path.
        text: keys whose values stay text in a CSV, as those of `name` and `files` do; also read.

    Raises:
        Refused: the file cannot be read.
    """
    naming = (name, *files)
    try:
        rows = _read(path, tuple(dict.fromkeys((*naming, *text, *keys))), {*naming, *text})
    except (OSError, pa.ArrowException) as error:
        problem = f"{path}: not readable: {error}"
        raise Refused([problem]) from error
    sources = [rows.columns[key] for key in naming]
    names = list(map(name_of, *sources))
    named = [one is not None for one in names]
    nameless = [
        MalformedLine(line, _why_nameless(dict(zip(naming, values, strict=True))))
        for line, one, *values in zip(rows.lines, names, *sources, strict=True)
        if one is None
    ]
    return NamedRows(
        path=path,
        names=list(filter(None, names)),
        lines=list(compress(rows.lines, named)),
        columns={key: list(compress(values, named)) for key, values in rows.columns.items()},
        malformed=sorted(rows.malformed + nameless),
    )


def records_of(
    rows: NamedRows, columns: Mapping[str, Sequence[Any]], problems: Sequence[str] = ()
) -> Records:
    """Make one record of all rows of a name.

    Args:
        rows: of a file.
        columns: that the records have: those of the rows, or others made from them.
        problems: of the file that are known already.

    Raises:
        Refused: with these and with every name whose rows disagree and every column whose values
            have no common type.
    """
    firsts, disagreements = _first_rows(rows, columns)
    arrays, untyped = typed_columns(columns, rows.lines)
    found = [*problems, *disagreements, *untyped]
    if found:
        raise Refused(f"{rows.path}: {problem}" for problem in first_problems(found))
    if len(firsts) < len(rows.names):
        places = pa.array(firsts.values(), pa.int64())
        arrays = {key: values.take(places) for key, values in arrays.items()}
    return Records(
        names=pa.array(firsts, pa.string()),
        columns=arrays,
        lines=len(rows.lines) + len(rows.malformed),
        malformed=tuple(rows.malformed),
    )


def _read(path: Path, wanted: Sequence[str], text: set[str]) -> Rows:
    match format_of(path):
        case "csv":
            return read_csv_rows(path, wanted, text)
        case "parquet":
            return read_parquet_rows(path, wanted)
        case _:
            return read_json_lines(path, wanted)


def _why_nameless(values: Mapping[str, object]) -> str:
    """Return why a row has no name."""
    wrong = [key for key, value in values.items() if value is not None and value != ""]
    if wrong:
        return f"its {wrong[0]} is not a name"
    *others, last = values
    return f"no {', '.join(others)} or {last}" if others else f"no {last}"


def _first_rows(
    rows: NamedRows, columns: Mapping[str, Sequence[Any]]
) -> tuple[dict[str, int], list[str]]:
    """Return the place of each name's first row, and where a later row disagrees with it."""
    firsts: dict[str, int] = {}
    problems: list[str] = []
    for at, name in enumerate(rows.names):
        if (first := firsts.setdefault(name, at)) == at:
            continue
        differing = [key for key, values in columns.items() if values[first] != values[at]]
        if differing:
            problems.append(
                f"lines {rows.lines[first]} and {rows.lines[at]} are both about {name!r} and "
                f"disagree on {', '.join(differing)}; correct or delete one of them"
            )
    return firsts, problems
