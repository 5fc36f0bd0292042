"""The columns of a table: a drawing of each, its moments, and how far another table's drifted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from attrs import frozen

from tablehost.manifest.read import Manifest, dig
from tablehost.report.facts import Facts
from tablehost.report.histogram import Histogram, draw
from tablehost.report.shape import distance, index, stability
from tablehost.report.words import clipped, number, share

DRIFTED: Final = 0.2
"""The stability index from which on a column is said to have drifted."""
_NAMED: Final = 3
_BAR: Final = 210


@frozen
class Part:
    """One text's part of a bar, and what is said of it."""

    x: float
    width: float
    shade: str
    text: str


@frozen(kw_only=True)
class Column:
    """A column as a page shows it.

    Args:
        unit: of its values, if its builder says so.
        about: what it holds, in its builder's words.
        missing: rows without a value.
        histogram: of numbers and times.
        parts: of texts, where the most frequent ones are most of them.
        said: what there is to say beside or instead of a drawing.
        numbers: minimum, median, mean, maximum and standard deviation, as they are written.
        seconds: of times, how long their unit is; else None.
        stability: the population stability index against another table.
        distance: the Kolmogorov-Smirnov distance from it.
        flags: what it can be filtered by.
    """

    name: str
    type: str
    digest: str
    unit: str = ""
    about: str = ""
    missing: int = 0
    histogram: Histogram | None = None
    parts: tuple[Part, ...] = ()
    said: str = ""
    numbers: tuple[str, ...] = ("",) * 5
    seconds: float | None = None
    stability: float | None = None
    distance: float | None = None
    flags: tuple[str, ...] = ()


@frozen(kw_only=True)
class Columns:
    """All columns of a table; those without a value or with a single one only by name.

    Args:
        shown: the others.
        empty: without a value in any row.
        constant: with one and the same value in every row, and that value.
        infinite: with infinite values.
        missing: cells without a value.
        against: whether there is another table beside it.
    """

    shown: tuple[Column, ...]
    empty: tuple[str, ...]
    constant: tuple[tuple[str, str], ...]
    infinite: tuple[str, ...]
    missing: int
    total: int
    against: bool = False

    @property
    def drifted(self) -> list[str]:
        """Return the columns that drifted."""
        return [one.name for one in self.shown if "drift" in one.flags]


def columns_of(
    facts: Mapping[str, Facts], manifest: Manifest, other: Mapping[str, Facts] | None = None
) -> Columns:
    """Return the columns of a table.

    Args:
        facts: what is recorded of each.
        manifest: which says more of them.
        other: the columns of another table to compare them with.
    """
    empty = [one.name for one in facts.values() if one.rows and one.missing == one.rows]
    constant = {
        one.name: value
        for one in facts.values()
        if (value := one.only_value) is not None and not _differs(one, other)
    }
    left_out = {*empty, *constant}
    return Columns(
        shown=tuple(
            _column(one, manifest, (other or {}).get(one.name))
            for one in facts.values()
            if one.name not in left_out
        ),
        empty=tuple(empty),
        constant=tuple(constant.items()),
        infinite=tuple(one.name for one in facts.values() if one.inf),
        missing=sum(one.missing for one in facts.values()),
        total=len(facts),
        against=other is not None,
    )


def _differs(one: Facts, other: Mapping[str, Facts] | None) -> bool:
    """Return whether a column of one value has another one in another table."""
    there = (other or {}).get(one.name)
    return there is not None and there.only_value != one.only_value


def _column(one: Facts, manifest: Manifest, other: Facts | None) -> Column:
    drawn: dict[str, Any] = _drawing(one, manifest.key, other)
    index, distance = _drift(one, other) if other else (None, None)
    histogram: Histogram | None = drawn.get("histogram")
    view = dig(manifest.table, "view")
    unit, about = (dig(view, part, one.name) for part in ("unit", "describe"))
    flags = {
        "miss": one.missing > 0,
        "tail": histogram is not None and histogram.has_tail,
        "drift": index is not None and index >= DRIFTED,
    }
    return Column(
        name=one.name,
        type=one.type,
        digest=one.digest,
        unit=str(unit or ""),
        about=str(about or ""),
        missing=one.missing,
        numbers=_numbers(one),
        seconds=one.seconds,
        stability=index,
        distance=distance,
        flags=tuple(name for name, holds in flags.items() if holds),
        **drawn,
    )


def _drawing(one: Facts, key: list[Any] | None, other: Facts | None) -> dict[str, Any]:
    if one.type == "bool" and one.shape is not None:
        counts = dict(zip(one.shape.low.tolist(), one.shape.counts.tolist(), strict=True))
        return _parts({"yes": int(counts.get(1, 0)), "no": int(counts.get(0, 0))}, one)
    if one.shape is not None:
        there = other.shape if other else None
        return {"histogram": draw(one.shape, one.rows, one.missing, other=there)}
    if 2 * sum(one.most.values()) > one.rows - one.missing:
        return _parts(one.most, one)
    return {"said": _texts(one, key)}


def _texts(one: Facts, key: list[Any] | None) -> str:
    """Say what there is of many texts."""
    if key == [one.name]:
        return f"{one.rows - one.missing:,} distinct: the key"
    if isinstance(one.min, int | float):
        return "too far apart to be drawn"
    if one.distinct is None:
        return "many or long texts" if one.type == "string" else ""
    if one.distinct == one.rows - one.missing:
        return f"{one.distinct:,} distinct, none twice"
    frequent = sorted(one.most, key=lambda name: -one.most[name])
    return f"{one.distinct:,} distinct; {', '.join(clipped(name, 24) for name in frequent[:2])} …"


def _parts(counts: Mapping[str, int], one: Facts) -> dict[str, Any]:
    """Return a bar of texts, the most frequent first, those that were not counted at its end."""
    ranked = sorted(
        ((name, count) for name, count in counts.items() if count), key=lambda part: -part[1]
    )
    rest = one.rows - one.missing - sum(counts.values())
    parts, x = [], 0.0
    for place, (name, count) in enumerate([*ranked, ("all others", rest)] if rest > 0 else ranked):
        width = count / max(one.rows, 1) * _BAR
        said = f"{clipped(name)}: {count:,} ({share(count, one.rows)})"
        parts.append(Part(x, max(width - 1.5, 0.8), f"{1 - 0.11 * place:.2f}", said))
        x += width
    named = [
        f"{clipped(name, 24)} {100 * count / one.rows:.0f} %" for name, count in ranked[:_NAMED]
    ]
    return {"parts": tuple(parts), "said": " · ".join(named)}


def _drift(one: Facts, other: Facts) -> tuple[float | None, float | None]:
    if one.shape is not None and other.shape is not None:
        return stability(other.shape, one.shape), distance(one.shape, other.shape)
    if one.most and other.most:
        return _of_texts(other, one), None
    return None, None


def _of_texts(before: Facts, now: Facts) -> float:
    """Return the stability index of texts, of which the rare ones are one part."""
    names = dict.fromkeys([*before.most, *now.most])
    parts = [
        [facts.most.get(name, 0) for name in names]
        + [facts.rows - facts.missing - sum(facts.most.values())]
        for facts in (before, now)
    ]
    return index(*(np.array(one, "f8") for one in parts))


def _numbers(one: Facts) -> tuple[str, ...]:
    median = "" if one.shape is None or one.type == "bool" else one.written(one.shape.quantile(0.5))
    return (number(one.min), median, number(one.mean), number(one.max), number(one.std))
