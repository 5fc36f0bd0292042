"""The metadata by clip: one row a clip, one type a key."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

from tablehost import Refused
from tablehost_enrich.keys import NAMING
from tablehost_enrich.lines import read_told
from tablehost_enrich.split import split_columns

MOST_PROBLEMS = 20
_MOST_EXACT = 2**53


@frozen(kw_only=True)
class Metadata:
    """What a metadata file tells.

    Args:
        names: of the clips, each once.
        columns: by wanted key that occurs, its values in the order of the names.
        absent: the wanted keys that do not occur.
        lines: how many lines say something.
        malformed: line and reason of every line that cannot be used.
    """

    names: pa.Array
    columns: dict[str, pa.Array]
    absent: tuple[str, ...]
    lines: int
    malformed: tuple[tuple[int, str], ...]


def read_metadata(path: Path, keys: Sequence[str], *, key: str, seed: str) -> Metadata:
    """Read a metadata file.

    Args:
        path: the file.
        keys: what is wanted of it, in order.
        key: what identifies a clip; where a row lacks it, the base name of its file does.
        seed: of the split's hash.

    Raises:
        Refused: two lines of one clip disagree, a key's values have no common type, or no line
            can be used.
    """
    told = read_told(path, list(dict.fromkeys((key, *NAMING, *keys))))
    names = list(map(_name, *(told.columns[one] for one in (key, "src", "filename"))))
    splits = split_columns(names, told.columns["chug_content_name"], told.columns["split"], seed)
    columns = {one: splits.get(one) or told.columns[one] for one in keys}
    rows, problems = _rows_by_name(names, told.lines, columns)
    no_name = f"no {key}, no src and no filename"
    nameless = [(told.lines[at], no_name) for at, name in enumerate(names) if name is None]
    malformed = sorted(told.malformed + nameless)
    if not rows:
        why = f"; line {malformed[0][0]}: {malformed[0][1]}" if malformed else ""
        problems.append(f"no line tells of a clip{why}")
    lines = told.lines
    if len(rows) < len(names):
        lines = [lines[at] for at in rows.values()]
        columns = {one: [values[at] for at in rows.values()] for one, values in columns.items()}
    arrays, untyped = _arrays(columns, lines)
    problems += untyped
    if problems:
        raise Refused(f"{path}: {problem}" for problem in problems[:MOST_PROBLEMS])
    return Metadata(
        names=pa.array(rows, pa.string()),
        columns=arrays,
        absent=tuple(one for one in keys if one not in arrays),
        lines=len(told.lines) + len(told.malformed),
        malformed=tuple(malformed),
    )


def _rows_by_name(
    names: Sequence[str | None], lines: Sequence[int], columns: Mapping[str, Sequence[Any]]
) -> tuple[dict[str, int], list[str]]:
    """Return the first row of every clip, and where a later one disagrees with it."""
    rows: dict[str, int] = {}
    problems: list[str] = []
    for at, name in enumerate(names):
        if name is None or (first := rows.setdefault(name, at)) == at:
            continue
        differing = [key for key, values in columns.items() if values[first] != values[at]]
        if differing and len(problems) < MOST_PROBLEMS:
            problems.append(
                f"lines {lines[first]} and {lines[at]} are both about {name!r} "
                f"and disagree on {', '.join(differing)}"
            )
    return rows, problems


def _name(own: object, src: object, filename: object) -> str | None:
    """Return the name of a row's clip: its own, or else the base name of its file."""
    if type(own) is int:
        return str(own)
    if isinstance(own, str) and own:
        return own if _is_unicode(own) else None
    file = src or filename
    if not isinstance(file, str):
        return None
    name = file.replace("\\", "/").rpartition("/")[2]
    return name if name and _is_unicode(name) else None


def _is_unicode(text: str) -> bool:
    """Tell whether a text has no half of a character, as JSON can spell it."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _arrays(
    columns: Mapping[str, Sequence[Any]], lines: Sequence[int]
) -> tuple[dict[str, pa.Array], list[str]]:
    """Return the columns that say something, and those whose values have no common type."""
    arrays: dict[str, pa.Array] = {}
    problems: list[str] = []
    for key, values in columns.items():
        try:
            array = _array(values, lines)
        except ValueError as error:
            problems.append(f"the values of {key!r} {error}")
            continue
        if array is not None:
            arrays[key] = array
    return arrays, problems


def _array(values: Sequence[Any], lines: Sequence[int]) -> pa.Array | None:
    """Return a key's values in the one type that fits all; None where there is none.

    Raises:
        ValueError: no type does, with the lines.
    """
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return None
    if kinds == {int, float}:
        _check(values, lines, _is_inexact, "are too large for a float")
        kinds = {float}
    kind = kinds.pop()
    if kinds or kind not in _TYPES:
        raise ValueError(_mixed(values, lines))
    try:
        array = pa.array(values, _TYPES[kind])
    except (OverflowError, UnicodeEncodeError):
        _check(values, lines, _no_cell, "do not fit into a column of a table")
        raise
    if kind is float and pc.any(pc.is_inf(array)).as_py():
        _check(values, lines, math.isinf, "are not finite")
    return array


def _is_inexact(value: float) -> bool:
    return isinstance(value, int) and abs(value) > _MOST_EXACT


def _no_cell(value: Any) -> bool:
    return not (-(2**63) <= value < 2**63 if isinstance(value, int) else _is_unicode(value))


_TYPES = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), str: pa.string()}
_WORDS = {int: "integer", float: "float", bool: "truth value", str: "text", dict: "object"}


def _check(values: Sequence[Any], lines: Sequence[int], is_bad: Any, what: str) -> None:
    bad = [
        line
        for line, value in zip(lines, values, strict=True)
        if value is not None and is_bad(value)
    ]
    if bad:
        shown = ", ".join(map(str, bad[:MOST_PROBLEMS]))
        msg = f"{what}: line {shown}{', ...' if len(bad) > MOST_PROBLEMS else ''}"
        raise ValueError(msg)


def _mixed(values: Sequence[Any], lines: Sequence[int]) -> str:
    first: dict[str, int] = {}
    for line, value in zip(lines, values, strict=True):
        if value is not None:
            first.setdefault(_WORDS.get(type(value), type(value).__name__), line)
    seen = ", ".join(f"{kind} on line {line}" for kind, line in first.items())
    return f"have no common type: {seen}" if len(first) > 1 else f"are no plain values: {seen}"
