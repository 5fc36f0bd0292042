"""`tablehost diff`: what differs between two tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablehost.cli.answer import JsonSwitch, print_json
from tablehost.console.humane import different, number
from tablehost.console.screen import say
from tablehost.console.text import first, shown, some
from tablehost.console.verdicts import style_of
from tablehost.trust.diff.inputs import InputChange
from tablehost.trust.diff.manifests import Change, StatisticsChange
from tablehost.trust.evidence.subject import subject

if TYPE_CHECKING:
    from tablehost.trust.diff.diff import Difference
    from tablehost.trust.diff.rows import RowsDifference

_MOST_LINES = 20
_MOST_FILES = 5
_LONGEST = 60
_NEGLIGIBLE = 0.1


def diff(a: Path, b: Path, /, *, as_json: JsonSwitch = False) -> int:
    """Show what differs between two tables: how they were made, and what is in them.

    Their manifests are compared, and their rows where both tables are there: by the key that the
    builder named, else by position. What differs by nature, such as run ids, times and places, is
    ignored. Exit code 1 if anything differs.

    Args:
        a: The first table, or its manifest.
        b: The second.
        as_json: Write the answer as one JSON object, complete.
    """
    from tablehost.trust.diff import diff as compare  # pyarrow, which --help spares

    found = compare.diff(subject(a), subject(b))
    if as_json:
        print_json(found)
    else:
        _print(found)
    return 0 if found.verdict == "same" else 1


def _print(found: Difference) -> None:
    same = "the same rows" if found.unknown else "the same"
    verdict = same if found.verdict == "same" else found.verdict
    paths = f" {shown(Path(found.a))}  {shown(Path(found.b))}"
    say(f"{verdict:<12}", paths, style=style_of(found.verdict))
    for line in _lines(found):
        say(line)


def _lines(found: Difference) -> Iterator[str]:
    yield from _section("table", map(_said, found.table))
    yield from _section("options", map(_said, found.options))
    yield from _section("inputs", (line for one in found.inputs for line in _input_lines(one)))
    yield from _section("code", map(_said, found.code))
    yield from _section("columns", map(_said, found.columns))
    yield from _section("statistics", _statistics_lines(found.statistics))
    if found.rows is None:
        yield from _section("columns with other values", found.values)
    else:
        how = f"by {', '.join(found.rows.key)}" if found.rows.key else "by position"
        why = f": {found.rows.why_position}" if found.rows.why_position else ""
        yield from _section(f"rows, {how}{why}", _row_lines(found.rows))
    yield from _section("not compared", found.unknown)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = first(list(lines), _MOST_LINES, "; --json has them all")
    if found:
        yield f"  {title}"
    yield from (f"    {line}" for line in found)


def _said(change: Change) -> str:
    note = f" ({change.note})" if change.note else ""
    if change.kind == "added":
        return f"+ {change.what}: {_value(change.b)}{note}"
    if change.kind == "removed":
        return f"- {change.what}: {_value(change.a)}{note}"
    return f"{change.what}: {_value(change.a)} -> {_value(change.b)}{note}"


def _statistics_lines(changes: Sequence[StatisticsChange]) -> Iterator[str]:
    """Yield a line for each column, those first whose mean has moved farthest."""
    far = sorted(changes, key=_distance, reverse=True)
    named = max((len(one.what) for one in far if len(one.what) <= _LONGEST), default=0)
    for one in far:
        moved = [
            f"{name} {' -> '.join(_pair(one.a[name], one.b.get(name)))}"
            for name in ("nulls", "nan", "inf")
            if name in one.a
        ]
        if "mean" in one.a:
            moved.insert(0, f"{' -> '.join(_pair(one.a['mean'], one.b['mean']))}{_shift(one)}")
        elif not moved:
            moved = [f"{name} {' -> '.join(_pair(a, one.b[name]))}" for name, a in one.a.items()]
        yield f"{one.what:<{named}}  {', '.join(moved)}"


def _distance(change: StatisticsChange) -> tuple[bool, float]:
    """Return what a column is sorted by: one of which the shift is unknown comes first."""
    return ("mean" in change.a and change.shift is None, abs(change.shift or 0))


def _shift(change: StatisticsChange) -> str:
    if change.shift is None:
        return ""
    if abs(change.shift) < _NEGLIGIBLE:
        return f"  < {_NEGLIGIBLE} sd"
    return f"  {change.shift:+.1f} sd"


def _pair(a: Any, b: Any) -> Sequence[str]:
    """Return two values, as many digits of two numbers as show that they differ."""
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in (a, b)):
        return different(a, b)
    return [_value(a), _value(b)]


def _input_lines(change: InputChange) -> Iterator[str]:
    paths = dict.fromkeys(one for one in (change.a, change.b) if one is not None)
    sign = {"added": "+ ", "removed": "- ", "changed": ""}[change.kind]
    where = f" {' -> '.join(paths)}" if paths else ""
    note = f": {change.note}" if change.note else ""
    yield f"{sign}{change.what}{where}{note}"
    files = {"+": change.added, "-": change.removed, "~": change.changed}
    for mark, names in files.items():
        yield from (f"  {mark} {name}" for name in first(names, _MOST_FILES))


def _row_lines(rows: RowsDifference) -> Iterator[str]:
    if rows.added:
        yield f"+ {_examples(rows.added, rows.added_examples)}"
    if rows.removed:
        yield f"- {_examples(rows.removed, rows.removed_examples)}"
    if rows.reordered:
        yield "in another order"
    if rows.changed_rows:
        yield f"{rows.changed_rows:,} of {rows.compared:,} changed"
    for name, cells in sorted(rows.columns.items(), key=lambda one: -one[1].changed):
        by = "" if cells.largest is None else f", by up to {number(cells.largest)}"
        within = cells.changed - cells.beyond_tolerance
        agreed = f", {within:,} within tolerance" if within else ""
        where, pair = _where(cells.example.where), _pair(cells.example.a, cells.example.b)
        yield f"{name}: {cells.changed:,} changed{by}{agreed}; at {where}: {' -> '.join(pair)}"
    yield from (f"{name}: cannot be compared" for name in rows.incomparable)


def _examples(count: int, examples: Iterable[dict[str, Any]]) -> str:
    return f"{count:,}: {some([_where(one) for one in examples], between='; ', of=count)}"


def _where(row: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in row.items())


def _value(value: Any) -> str:
    """Return a value as JSON, shortened where it is long or a digest."""
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value):
        return value[:12]
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
