"""The metadata by clip: one row a clip, one type a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import pyarrow as pa
from attrs import frozen

from tablehost import Refused
from tablehost_enrich.keys import NAMING
from tablehost_enrich.lines import Told, read_told
from tablehost_enrich.listing import MOST
from tablehost_enrich.names import name_of, why_nameless
from tablehost_enrich.split import split_columns
from tablehost_enrich.typed import typed_columns


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
    told, names = _named(read_told(path, (key, *NAMING), keys), key)
    splits = split_columns(names, told.columns["chug_content_name"], told.columns["split"], seed)
    columns = {one: splits.get(one) or told.columns[one] for one in keys}
    malformed = sorted(told.malformed)
    rows, problems = _rows_by_name(names, told.lines, columns)
    if not rows:
        why = f"; line {malformed[0][0]}: {malformed[0][1]}" if malformed else ""
        problems.append(f"no line tells of a clip{why}")
    arrays, untyped = typed_columns(columns, told.lines)
    problems += untyped
    if problems:
        raise Refused(f"{path}: {problem}" for problem in _first_of(problems))
    if len(rows) < len(names):
        firsts = pa.array(rows.values())
        arrays = {one: values.take(firsts) for one, values in arrays.items()}
    return Metadata(
        names=pa.array(rows, pa.string()),
        columns=arrays,
        absent=tuple(one for one in keys if one not in arrays),
        lines=len(told.lines) + len(malformed),
        malformed=tuple(malformed),
    )


def _named(told: Told, key: str) -> tuple[Told, list[str]]:
    """Return the rows that tell of a clip, with its name; the others are malformed."""
    sources = [told.columns[one] for one in (key, "src", "filename")]
    names = list(map(name_of, *sources))
    named = [name for name in names if name is not None]
    if len(named) == len(names):
        return told, named
    rows = zip(told.lines, names, *sources, strict=True)
    nameless = [(line, why_nameless(key, *said)) for line, name, *said in rows if name is None]
    there = [name is not None for name in names]
    columns = {one: list(compress(values, there)) for one, values in told.columns.items()}
    lines = list(compress(told.lines, there))
    return Told(lines=lines, columns=columns, malformed=told.malformed + nameless), named


def _rows_by_name(
    names: Sequence[str], lines: Sequence[int], columns: Mapping[str, Sequence[Any]]
) -> tuple[dict[str, int], list[str]]:
    """Return the first row of every clip, and where a later one disagrees with it."""
    rows: dict[str, int] = {}
    problems: list[str] = []
    for at, name in enumerate(names):
        if (first := rows.setdefault(name, at)) == at:
            continue
        differing = [key for key, values in columns.items() if values[first] != values[at]]
        if differing:
            problems.append(
                f"lines {lines[first]} and {lines[at]} are both about {name!r} "
                f"and disagree on {', '.join(differing)}"
            )
    return rows, problems


def _first_of(problems: list[str]) -> list[str]:
    more = len(problems) - MOST
    return [*problems[:MOST], f"and {more} more problems"] if more > 0 else problems
