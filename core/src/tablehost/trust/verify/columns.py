"""What a manifest tells of rows beside what the rows are: each kind of difference by name.

Columns are matched by name, and those whose name is gone by their digest, which does not depend on
the name. What one side does not know is never a difference.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from attrs import frozen

from tablehost.console.text import SHOWN, counted, some
from tablehost.table.column import ROUNDED, STATISTICS
from tablehost.trust.evidence.rows import Column, Facts
from tablehost.trust.verify.findings import Finding

_COUNTS = ("nulls", "nan")
_EXACT = tuple(name for name in STATISTICS if name not in (*_COUNTS, *ROUNDED))


@frozen
class _Matched:
    """The columns of two tables that stand for each other, and those that only one has."""

    pairs: list[tuple[Column, Column]]
    removed: list[str]
    added: list[str]


def drift(told: Facts, found: Facts) -> list[Finding]:
    """Name every difference between what a manifest tells and what is there.

    Args:
        told: by the manifest.
        found: in the table.

    Returns:
        What changed of rows, of columns and of missing values.
    """
    matched = _match(told.columns or (), found.columns or ())
    known = told.columns is not None and found.columns is not None
    return [
        *_changed_rows(told, found, matched),
        *(_changed_columns(matched, found) if known else ()),
        *_recoded(matched),
    ]


def false_statements(told: Facts, found: Facts) -> list[str]:
    """Name what a manifest tells of rows that cannot be true of rows with these digests.

    Args:
        told: by the manifest.
        found: in the table, whole.

    Returns:
        A few words each; any of them means that the manifest was edited.
    """
    matched = _match(told.columns or (), found.columns or ())
    same = [(a, b) for a, b in matched.pairs if a.get("digest") == b["digest"]]
    false = [f"{name} of {a['name']}" for a, b in same for name in _false_statistics(a, b)]
    if told.digested and not drift(told, found) and _differ(told.rows_digest, found.rows_digest):
        false.append("rows_digest")
    return false


def _match(told: Sequence[Column], found: Sequence[Column]) -> _Matched:
    named = {one["name"]: one for one in found}
    names = {one["name"] for one in told}
    added = [one for one in found if one["name"] not in names]
    pairs, removed = [], []
    for one in told:
        digest = one.get("digest")
        renamed = (new for new in added if digest is not None and new.get("digest") == digest)
        other = named.get(one["name"]) or next(renamed, None)
        if other is None:
            removed.append(one["name"])
        else:
            pairs.append((one, other))
            added = [new for new in added if new is not other]
    return _Matched(pairs, removed, [one["name"] for one in added])


def _changed_rows(told: Facts, found: Facts, matched: _Matched) -> Iterator[Finding]:
    why: list[str] = []
    which: dict[str, Any] = {}
    if told.rows is not None and found.rows is not None and told.rows != found.rows:
        why.append(f"{_more(found.rows - told.rows)}: {found.rows}, in the manifest {told.rows}")
        which["rows"] = {"manifest": told.rows, "table": found.rows}
    changed = [
        a["name"]
        for a, b in matched.pairs
        if _differ(a.get("digest"), b.get("digest")) and not _differ(a.get("type"), b.get("type"))
    ]
    if changed:
        every = len(changed) == len(matched.pairs) > 1
        why.append(f"other values in {'every column' if every else some(changed)}")
        which["columns"] = changed
    elif told.columns is None and _differ(told.rows_digest, found.rows_digest):
        why.append("other rows; the manifest has no digests of columns, to tell in which")
    if why:
        yield Finding(verdict="rows-changed", why=tuple(why), which=which)


def _changed_columns(matched: _Matched, found: Facts) -> Iterator[Finding]:
    order = [one["name"] for one in found.columns or ()]
    places = [order.index(b["name"]) for _, b in matched.pairs]
    renamed = {a["name"]: b["name"] for a, b in matched.pairs if a["name"] != b["name"]}
    retyped = {
        b["name"]: {"manifest": a["type"], "table": b["type"]}
        for a, b in matched.pairs
        if _differ(a.get("type"), b.get("type"))
    }
    reordered = order if places != sorted(places) else []
    said = {
        "added": matched.added,
        "removed": matched.removed,
        "renamed": [f"{old} to {new}" for old, new in renamed.items()],
        "retyped": [
            f"{name} from {kinds['manifest']} to {kinds['table']}"
            for name, kinds in retyped.items()
        ],
        "reordered, now": reordered,
    }
    why = tuple(f"{how}: {some(names)}" for how, names in said.items() if names)
    which = {
        "added": matched.added,
        "removed": matched.removed,
        "renamed": renamed,
        "retyped": retyped,
        "reordered": reordered,
    }
    if why:
        yield Finding(verdict="columns-changed", why=why, which=which)


def _recoded(matched: _Matched) -> Iterator[Finding]:
    which = {
        b["name"]: {name: {"manifest": a[name], "table": b[name]} for name in _COUNTS}
        for a, b in matched.pairs
        if _is_recoded(a, b)
    }
    why = [
        f"{name}: {nulls['table']} null and {nan['table']} NaN, "
        f"in the manifest {nulls['manifest']} and {nan['manifest']}"
        for name, (nulls, nan) in ((name, counts.values()) for name, counts in which.items())
    ]
    if len(why) > SHOWN:
        why[SHOWN:] = [f"and {counted(len(why) - SHOWN, 'column')} more"]
    if why:
        yield Finding(verdict="missing-values-recoded", why=tuple(why), which=which)


def _is_recoded(a: Column, b: Column) -> bool:
    """Tell whether null and NaN were swapped in values that are the same otherwise."""
    nulls, nan = a.get("nulls"), a.get("nan")
    same = a.get("digest") is not None and a["digest"] == b.get("digest")
    if not same or not isinstance(nulls, int) or not isinstance(nan, int):
        return False
    return bool(nulls != b["nulls"] and nulls + nan == b["nulls"] + b["nan"])


def _false_statistics(a: Column, b: Column) -> Iterator[str]:
    """Name the statistics of two columns with one digest that differ nevertheless."""
    exact = _EXACT if _is_recoded(a, b) else (*_COUNTS, *_EXACT)
    yield from (name for name in exact if name in a and a[name] != b[name])
    size = max((abs(b[name]) for name in ("min", "max") if _is_number(b[name])), default=0)
    for name in ROUNDED:
        if name in a and not _is_near(a[name], b[name], size):
            yield name


def _is_near(told: Any, found: Any, size: float) -> bool:
    """Tell whether two figures agree that another machine may have rounded otherwise."""
    if not _is_number(told) or not _is_number(found):
        return bool(told == found)
    return math.isclose(told, found, rel_tol=1e-9, abs_tol=1e-12 * size)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def _differ(a: Any, b: Any) -> bool:
    return a is not None and b is not None and a != b


def _more(count: int) -> str:
    """Say how many rows more, or fewer where it is below 0."""
    return f"{counted(abs(count), 'row')} {'more' if count > 0 else 'fewer'}"
