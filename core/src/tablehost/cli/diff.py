"""`tablehost diff`: what differs between two tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablehost.cli.answer import JsonSwitch, print_json
from tablehost.console.text import first, printable, shown, some
from tablehost.trust.diff.inputs import InputChange
from tablehost.trust.diff.manifests import Change
from tablehost.trust.evidence.subject import subject

if TYPE_CHECKING:
    from tablehost.trust.diff.diff import Difference
    from tablehost.trust.diff.rows import RowsDifference

_MOST_LINES = 20
_MOST_FILES = 5
_LONGEST = 60


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
        for line in _lines(found):
            print(printable(line))
    return 0 if found.verdict == "same" else 1


def _lines(found: Difference) -> Iterator[str]:
    same = "the same rows" if found.unknown else "the same"
    verdict = same if found.verdict == "same" else found.verdict
    yield f"{verdict:<12} {shown(Path(found.a))}  {shown(Path(found.b))}"
    yield from _section("table", map(_said, found.table))
    yield from _section("options", map(_said, found.options))
    yield from _section("inputs", (line for one in found.inputs for line in _input_lines(one)))
    yield from _section("code", map(_said, found.code))
    yield from _section("columns", map(_said, found.columns))
    yield from _section("statistics", map(_statistics_said, found.statistics))
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


def _statistics_said(change: Change) -> str:
    moved = (f"{name} {_value(a)} -> {_value(change.b[name])}" for name, a in change.a.items())
    return f"{change.what}: {', '.join(moved)}"


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
        yield f"{rows.changed_rows} of {rows.compared} changed"
    for name, cells in sorted(rows.columns.items(), key=lambda one: -one[1].changed):
        by = "" if cells.largest is None else f", by up to {cells.largest:.6g}"
        within = cells.changed - cells.beyond_tolerance
        agreed = f", {within} within tolerance" if within else ""
        where, a, b = _where(cells.example.where), _value(cells.example.a), _value(cells.example.b)
        yield f"{name}: {cells.changed} changed{by}{agreed}; at {where}: {a} -> {b}"
    yield from (f"{name}: cannot be compared" for name in rows.incomparable)


def _examples(count: int, examples: Iterable[dict[str, Any]]) -> str:
    return f"{count}: {some([_where(one) for one in examples], between='; ', of=count)}"


def _where(row: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in row.items())


def _value(value: Any) -> str:
    """Return a value as JSON, shortened where it is long or a digest."""
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value):
        return value[:12]
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
