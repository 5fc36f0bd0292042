"""The metadata by clip: one row a clip, one type a key."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

from tablehost import Refused
from tablehost_enrich.keys import NAMING, SPLIT_KEYS
from tablehost_enrich.lines import Line, read_lines
from tablehost_enrich.split import split_values

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
    rows: dict[str, tuple[Any, ...]] = {}
    numbers: list[int] = []
    malformed: list[tuple[int, str]] = []
    problems: list[str] = []
    lines = 0
    lines_of = read_lines(path, {key, *NAMING, *keys})
    for number, name, found in _named_rows(lines_of, keys, key, seed):
        lines += 1
        if name is None:
            malformed.append((number, found))
            continue
        before = rows.setdefault(name, found)
        if before is found:
            numbers.append(number)
        elif before != found and len(problems) < MOST_PROBLEMS:
            first = numbers[list(rows).index(name)]
            differing = [one for one, a, b in zip(keys, before, found, strict=True) if a != b]
            problems.append(
                f"lines {first} and {number} are both about {name!r} "
                f"and disagree on {', '.join(differing)}"
            )
    if not rows:
        why = f"; line {malformed[0][0]}: {malformed[0][1]}" if malformed else ""
        problems.append(f"no line tells of a clip{why}")
    columns: dict[str, pa.Array] = {}
    for one, values in zip(keys, zip(*rows.values(), strict=True), strict=False):
        try:
            column = _column(values, numbers)
        except ValueError as error:
            problems.append(f"the values of {one!r} {error}")
            continue
        if column is not None:
            columns[one] = column
    if problems:
        raise Refused(f"{path}: {problem}" for problem in problems[:MOST_PROBLEMS])
    return Metadata(
        names=pa.array(rows, pa.string()),
        columns=columns,
        absent=tuple(one for one in keys if one not in columns),
        lines=lines,
        malformed=tuple(malformed),
    )


def _named_rows(
    lines: Iterable[Line], keys: Sequence[str], key: str, seed: str
) -> Iterator[tuple[int, str | None, Any]]:
    """Yield of every line its number, its clip and the wanted values; or no clip, and why."""
    derived = [(at, SPLIT_KEYS.index(one)) for at, one in enumerate(keys) if one in SPLIT_KEYS]
    for number, said in lines:
        if isinstance(said, str):
            yield number, None, said
            continue
        name = _name(said, key)
        if name is None:
            yield number, None, f"no {key}, no src and no filename"
            continue
        values = list(map(said.get, keys))
        if derived:
            split = split_values(name, said.get("chug_content_name"), said.get("split"), seed)
            for at, which in derived:
                values[at] = split[which]
        yield number, name, tuple(values)


def _name(said: dict[str, Any], key: str) -> str | None:
    own = said.get(key)
    if type(own) is int:
        return str(own)
    if isinstance(own, str) and own:
        return own if _is_unicode(own) else None
    file = said.get("src") or said.get("filename")
    if not isinstance(file, str):
        return None
    name = file.replace("\\", "/").rpartition("/")[2]
    return name if name and _is_unicode(name) else None


def _is_unicode(text: str) -> bool:
    """Tell whether a text has no half of a character, as JSON can spell it."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _column(values: Sequence[Any], lines: Sequence[int]) -> pa.Array | None:
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
        column = pa.array(values, _TYPES[kind])
    except (OverflowError, UnicodeEncodeError):
        _check(values, lines, _no_cell, "do not fit into a column of a table")
        raise
    if kind is float and pc.any(pc.is_inf(column)).as_py():
        _check(values, lines, math.isinf, "are not finite")
    return column


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
