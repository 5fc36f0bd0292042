"""What `tablehost show` shows of a manifest on a terminal: what matters first, a line a column."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from tablehost.console import screen
from tablehost.console.humane import (
    between,
    by_reason,
    different,
    duration,
    moment,
    number,
    share,
    size,
)
from tablehost.console.screen import say
from tablehost.console.text import counted, first, printable, some
from tablehost.console.verdicts import style_of
from tablehost.manifest.read import Manifest, dig, folder_digest
from tablehost.table.sketch import sketch

_DATE: Final = len("2026-11-24")
_WIDE: Final = 100
_EXAMPLES: Final = 3
_BESIDE: Final = 7 + 3 * 10 + 5 * 2  # columns of a line beside name, type and distribution
_LONGEST: Final = 16
_FEWEST_CELLS: Final = len("distribution")
_MOST_CELLS: Final = 24
_MOST_DIGITS: Final = 7
_MOST_COLUMNS: Final = 1000  # to lay out a hundred thousand takes minutes
_BOOLS: Final = {"0": "false", "1": "true"}
_MARKS: Final = {"complete": "✔", "partial": "●"}


def print_card(manifest: Manifest) -> bool:
    """Print what a manifest records; what it lacks, or has in another form, is left out.

    Returns:
        Whether there was anything to print.
    """
    lines = [*_lines(manifest)]
    columns = [one for one in manifest.columns or () if isinstance(one, dict)]
    if lines or columns:
        _print_head(manifest, columns)
    for name, value in lines:
        say(f"{name:<10}", value, style="dim", hang=10)
    if columns:
        _print_columns(columns, manifest.rows or 0)
    return bool(lines or columns)


def _print_head(manifest: Manifest, columns: list[Any]) -> None:
    status = manifest.status or "recorded"
    mark = f"{_MARKS[status]} " if status in _MARKS else ""
    facts = [f"{counted(manifest.rows, 'row')}" if manifest.rows is not None else ""]
    facts += [f"{counted(len(columns), 'column')}" if columns else ""]
    facts += [size(manifest.bytes) if manifest.bytes is not None else ""]
    path = dig(manifest.outputs, "table", "path") or ""
    said = f"  {path}  {', '.join(filter(None, facts))}"
    say(f"{mark}{status}", said, style=style_of(status) if manifest.status else "bold")


def _lines(manifest: Manifest) -> Iterator[tuple[str, str]]:
    who = " ".join(filter(None, (manifest.builder, manifest.version)))
    took = between(manifest.started_at, manifest.finished_at)
    when = moment(manifest.finished_at) if manifest.finished_at else ""
    how_long = f"in {duration(took)}" if took is not None else ""
    if who or when:
        yield "made by", ", ".join(filter(None, (who, when, how_long)))
    for option, described in (manifest.inputs or {}).items():
        for one in described if isinstance(described, list) else [described]:
            if isinstance(one, dict):
                yield "from", _input(option, one)
    items = manifest.items or {}
    if items.get("total"):
        yield "items", _items(items)
    yield from _failures(manifest)
    if manifest.rows_of_others:
        yield "others", f"{manifest.rows_of_others:,} results were made by another user or host"
    for one in manifest.checksums or []:
        if isinstance(one, dict):
            names = ("checked", "differed", "not_listed")
            counts = (f"{number(one.get(name))} {name.replace('_', ' ')}" for name in names)
            yield "checksums", f"{', '.join(counts)}: {one.get('path')} ({one.get('algorithm')})"


def _input(option: str, one: Mapping[str, Any]) -> str:
    if one.get("kind") == "observed":
        return f"{option}: {one.get('uri')}, version {one.get('version')}"
    label = f"{one['label']}=" if one.get("label") else ""
    facts = [f"{counted(one['files'], 'file')}" if isinstance(one.get("files"), int) else ""]
    facts += [size(one["bytes"]) if isinstance(one.get("bytes"), int) else ""]
    facts += [str(folder_digest(dict(one)) or "")[:8]]
    return f"{option}: {label}{one.get('path')}  {', '.join(filter(None, facts))}"


def _items(items: Mapping[str, Any]) -> str:
    order = ("ok", "done_before", "failed", "removed", "left_out")
    parts = [f"{number(items[name])} {name.replace('_', ' ')}" for name in order if items.get(name)]
    return f"{number(items['total'])}: {', '.join(parts)}"


def _failures(manifest: Manifest) -> Iterator[tuple[str, str]]:
    failures = manifest.failures
    if failures:
        yield "failed", by_reason(Counter(str(one.get("reason")) for one in failures))
    said = [
        ": ".join(str(one.get(name)) for name in ("key", "reason", "detail")) for one in failures
    ]
    yield from (("", line) for line in first(said, _EXAMPLES, "; --json has them all"))


def _print_columns(columns: list[dict[str, Any]], rows: int) -> None:
    """Print a line for each column that has a value, and the names of the others."""
    shown = [one for one in columns if not rows or _missing(one) < rows]
    empty = [one for one in columns if rows and _missing(one) >= rows]
    if shown:
        screen.console(sys.stdout).print("", _table(shown[:_MOST_COLUMNS], rows), sep="\n")
    if len(shown) > _MOST_COLUMNS:
        say(f"and {len(shown) - _MOST_COLUMNS:,} more columns; --json has them all")
    if empty:
        what = "columns have" if len(empty) > 1 else "column has"
        names = some([str(one.get("name")) for one in empty], 40)
        say(f"{len(empty):,} {what} no value:", f" {names}", style="doubtful")


def _table(columns: list[dict[str, Any]], rows: int) -> Table:
    width = screen.width(sys.stdout)
    names = [_in_line(one.get("name")) for one in columns]
    types = [_in_line(one.get("type")) for one in columns] if width >= _WIDE else []
    room = width - _BESIDE - min(max(map(len, types), default=0), _LONGEST)
    cells = max(_FEWEST_CELLS, min(room - min(max(map(len, names)), 2 * _LONGEST), _MOST_CELLS))
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    longest = max(room - cells, _LONGEST)
    table.add_column("column", no_wrap=True, overflow="ellipsis", min_width=10, max_width=longest)
    if types:
        table.add_column("type", style="dim", no_wrap=True, overflow="ellipsis", max_width=_LONGEST)
    table.add_column("missing", justify="right", no_wrap=True, min_width=7)
    table.add_column("distribution", no_wrap=True, min_width=cells, max_width=cells)
    for name in ("min", "mean", "max"):
        table.add_column(name, justify="right", no_wrap=True, overflow="ellipsis", max_width=19)
    for at, one in enumerate(columns):
        kind = [Text(types[at])] if types else []
        table.add_row(Text(names[at]), *kind, *_cells(one, rows, cells))
    return table


def _cells(column: Mapping[str, Any], rows: int, cells: int) -> Iterator[Text]:
    missing = _missing(column)
    yield Text(share(missing, rows), "yellow") if missing else Text("·", "dim")
    yield _distribution(column, rows, cells)
    figures = [column.get(name) for name in ("min", "mean", "max")]
    figures = [one[:_DATE] if isinstance(one, str) else one for one in figures]
    if None in figures:
        yield from (Text("" if one is None else printable(number(one))) for one in figures)
    else:
        yield from map(Text, different(*figures, most=_MOST_DIGITS))


def _distribution(column: Mapping[str, Any], rows: int, cells: int) -> Text:
    most = dig(column.get("texts"), "most")
    if isinstance(most, dict) and all(isinstance(count, int) for count in most.values()):
        return Text(_texts(column, most, rows, cells), "dim")
    if column.get("type") == "bool":
        return Text(_bools(column, rows), "dim")
    if column.get("min") is not None and column.get("min") == column.get("max"):
        return Text("all the same", "dim")
    return Text(sketch(column, cells), "blue")


def _bools(column: Mapping[str, Any], rows: int) -> str:
    """Return the shares of false and true."""
    bins = re.findall(r"\b([01]):(\d+)\b", str(dig(column.get("histogram"), "bins")))
    return "  ".join(f"{_BOOLS[name]} {share(int(count), rows)}" for name, count in bins)


def _texts(column: Mapping[str, Any], most: Mapping[str, int], rows: int, cells: int) -> str:
    """Return the most frequent texts with their shares, as many as have room."""
    distinct = dig(column.get("texts"), "distinct")
    if isinstance(distinct, int) and distinct > 1 and max(most.values(), default=0) <= 1:
        return f"{distinct:,} distinct"
    said = ""
    for text, count in sorted(most.items(), key=lambda one: (-one[1], one[0])):
        part, room = share(count, rows), cells - len(said)
        name = _in_line(text)
        if not said and len(name) + 1 + len(part) > room:
            return f"{name[: room - len(part) - 2]}… {part}"
        if len(name) + 1 + len(part) > room:
            break
        said += f"{name} {part}  "
    return said.rstrip()


def _in_line(text: Any) -> str:
    return printable(str(text)).replace("\n", "\\n")


def _missing(column: Mapping[str, Any]) -> int:
    counts = (column.get(name) for name in ("nulls", "nan"))
    return sum(one for one in counts if isinstance(one, int))
