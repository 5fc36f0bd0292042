"""The recorded columns of a table beside its actual ones: each kind of difference by name.

Columns are matched by name, and those whose name is gone by their digest, which does not depend on
the name. What one side does not know is never a difference.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from tablehost.console.text import SHOWN, counted, first, some
from tablehost.table.column import DISTRIBUTION, ROUNDED, STATISTICS
from tablehost.trust.evidence.rows import ColumnFacts, RowFacts
from tablehost.trust.verify.findings import Finding

_COUNTS = ("nulls", "nan")
_EXACT = (
    *(name for name in STATISTICS if name not in (*_COUNTS, *ROUNDED)),
    *DISTRIBUTION,
)


@frozen(kw_only=True)
class _Matched:
    """The columns of two tables that correspond, and those that only one has."""

    pairs: list[tuple[ColumnFacts, ColumnFacts]]
    removed: list[str]
    added: list[str]


@frozen(kw_only=True)
class Drift:
    """How the rows of a table differ from those that its manifest records.

    Args:
        findings: what changed of rows, of columns and of missing values.
        false: names of recorded facts that cannot be true of rows with these digests, if the rows
            were read; any of them means that the manifest was edited.
    """

    findings: tuple[Finding, ...]
    false: tuple[str, ...]


def drift(recorded: RowFacts, found: RowFacts) -> Drift:
    """Name every difference between what a manifest records and what is there."""
    matched = _match(recorded.columns or (), found.columns or ())
    known = recorded.columns is not None and found.columns is not None
    findings = (
        *_changed_rows(recorded, found, matched),
        *(_changed_columns(matched, found) if known else ()),
        *_recoded(matched),
    )
    same = [(a, b) for a, b in matched.pairs if "digest" in b and a.get("digest") == b["digest"]]
    false = [f"{name} of {a['name']}" for a, b in same for name in _false_statistics(a, b)]
    if recorded.digested and not findings and _differ(recorded.rows_digest, found.rows_digest):
        false.append("rows_digest")
    return Drift(findings=findings, false=tuple(false))


def _match(recorded: tuple[ColumnFacts, ...], found: tuple[ColumnFacts, ...]) -> _Matched:
    by_name = {one["name"]: one for one in found}
    names = {one["name"] for one in recorded}
    added = [one for one in found if one["name"] not in names]
    pairs, removed = [], []
    for one in recorded:
        digest = one.get("digest")
        renamed = (new for new in added if digest is not None and new.get("digest") == digest)
        other = by_name.get(one["name"]) or next(renamed, None)
        if other is None:
            removed.append(one["name"])
        else:
            pairs.append((one, other))
            added = [new for new in added if new is not other]
    return _Matched(pairs=pairs, removed=removed, added=[one["name"] for one in added])


def _changed_rows(recorded: RowFacts, found: RowFacts, matched: _Matched) -> Iterator[Finding]:
    why: list[str] = []
    which: dict[str, Any] = {}
    if recorded.rows is not None and found.rows is not None and recorded.rows != found.rows:
        more = "more" if found.rows > recorded.rows else "fewer"
        count = counted(abs(found.rows - recorded.rows), "row")
        why.append(f"{count} {more}: {found.rows}, in the manifest {recorded.rows}")
        which["rows"] = {"manifest": recorded.rows, "table": found.rows}
    changed = [
        a["name"]
        for a, b in matched.pairs
        if _differ(a.get("digest"), b.get("digest")) and not _differ(a.get("type"), b.get("type"))
    ]
    if changed:
        every = len(changed) == len(matched.pairs) > 1
        why.append(f"other values in {'every column' if every else some(changed)}")
        which["columns"] = changed
    elif recorded.columns is None and _differ(recorded.rows_digest, found.rows_digest):
        why.append("other rows; the manifest has no digests of columns to find which")
    if why:
        yield Finding(verdict="rows-changed", why=tuple(why), which=which)


def _changed_columns(matched: _Matched, found: RowFacts) -> Iterator[Finding]:
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
    why = [f"{name}: {_recoding(**counts)}" for name, counts in which.items()]
    if why:
        lines = tuple(first(why, SHOWN))
        yield Finding(verdict="missing-values-recoded", why=lines, which=which)


def _recoding(nulls: Mapping[str, int], nan: Mapping[str, int]) -> str:
    now, then = ((nulls[one], nan[one]) for one in ("table", "manifest"))
    if now == then:
        return "null where the manifest has NaN, and NaN where it has null"
    return f"{now[0]} null and {now[1]} NaN, in the manifest {then[0]} and {then[1]}"


def _is_recoded(a: ColumnFacts, b: ColumnFacts) -> bool:
    """Return whether null and NaN were swapped in values that are the same otherwise."""
    nulls, nan = a.get("nulls"), a.get("nan")
    same = a.get("digest") is not None and a["digest"] == b.get("digest")
    if not same or not isinstance(nulls, int) or not isinstance(nan, int):
        return False
    if nulls == b["nulls"] and nan == b["nan"]:
        return _differ(a.get("missing"), b.get("missing"))
    return bool(nulls != b["nulls"] and nulls + nan == b["nulls"] + b["nan"])


def _false_statistics(a: ColumnFacts, b: ColumnFacts) -> Iterator[str]:
    """Yield the statistics that differ although the digests of the columns are the same."""
    exact = _EXACT if _is_recoded(a, b) else (*_COUNTS, *_EXACT)
    yield from (name for name in exact if name in a and a[name] != b.get(name))
    size = max((abs(b[name]) for name in ("min", "max") if _is_number(b[name])), default=0)
    for name in ROUNDED:
        if name in a and not _is_near(a[name], b[name], size):
            yield name


def _is_near(recorded: Any, found: Any, size: float) -> bool:
    """Return whether two figures agree but for rounding, which depends on the machine."""
    if not _is_number(recorded) or not _is_number(found):
        return bool(recorded == found)
    return math.isclose(recorded, found, rel_tol=1e-9, abs_tol=1e-12 * size)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def _differ(a: Any, b: Any) -> bool:
    return a is not None and b is not None and a != b
