"""The columns of a table: a drawing of each, its moments, and how far another table's drifted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from attrs import field, frozen

from tablehost.manifest.read import Manifest, dig
from tablehost.report.histogram import Histogram, draw
from tablehost.report.shape import Shape, distance, index, stability
from tablehost.report.words import clipped, number, share

DRIFTED: Final = 0.2
"""The stability index from which on a column is said to have drifted."""
_PARTS: Final = 8
_NAMED: Final = 3
_BAR: Final = 210
_UNITS: Final = {
    "date": 86_400.0,
    "timestamp[s": 1.0,
    "timestamp[ms": 1e-3,
    "timestamp[us": 1e-6,
    "timestamp[ns": 1e-9,
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
        parts: of a few texts.
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


@frozen(kw_only=True)
class Facts:
    """What is recorded of a column, as far as it can be used."""

    name: str
    type: str
    digest: str
    rows: int
    missing: int
    inf: int
    min: Any
    max: Any
    mean: Any
    std: Any
    shape: Shape | None
    distinct: int | None
    most: Mapping[str, int] = field(factory=dict)

    @property
    def only_value(self) -> str | None:
        """Return the value that every row has, as it is written; None where there is none."""
        if self.missing or self.rows < 2:  # noqa: PLR2004  # one row has one value
            return None
        if self.distinct == 1 and self.most:
            return clipped(next(iter(self.most)))
        if self.shape is not None and self.shape.form == "values" and len(self.shape.low) == 1:
            value = self.shape.least
            return ("no", "yes")[bool(value)] if self.type == "bool" else _value(self, value)
        return None


def facts_of(columns: Iterable[Any], rows: int) -> dict[str, Facts]:
    """Return by name what is recorded of columns; one that is malformed has less."""
    return {
        str(one["name"]): _facts(one, rows)
        for one in columns
        if isinstance(one, Mapping) and "name" in one
    }


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


def _facts(column: Mapping[str, Any], rows: int) -> Facts:
    most = dig(column, "texts", "most")
    named = most.items() if isinstance(most, Mapping) else ()
    counts = {str(name): count for name, count in named if isinstance(count, int) and count > 0}
    distinct = dig(column, "texts", "distinct")
    low, high = column.get("min"), column.get("max")
    return Facts(
        name=str(column["name"]),
        type=str(column.get("type") or ""),
        digest=str(column.get("digest") or ""),
        rows=rows,
        missing=_whole(column.get("nulls")) + _whole(column.get("nan")),
        inf=_whole(column.get("inf")),
        min=low,
        max=high,
        mean=column.get("mean"),
        std=column.get("std"),
        shape=Shape.recorded(column.get("histogram"), low, high),
        distinct=distinct if isinstance(distinct, int) else None,
        most=counts,
    )


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
        seconds=_seconds(one),
        stability=index,
        distance=distance,
        flags=tuple(name for name, holds in flags.items() if holds),
        **drawn,
    )


def _drawing(one: Facts, key: list[Any] | None, other: Facts | None) -> dict[str, Any]:
    if one.type == "bool" and one.shape is not None:
        counts = dict(zip(one.shape.low.tolist(), one.shape.counts.tolist(), strict=True))
        return _parts({"yes": int(counts.get(1, 0)), "no": int(counts.get(0, 0))}, one.rows)
    if one.shape is not None:
        there = other.shape if other else None
        return {"histogram": draw(one.shape, one.rows, one.missing, other=there)}
    if one.distinct is not None and one.distinct == one.rows - one.missing > _PARTS:
        return {"said": f"{one.distinct:,} distinct, none twice"}
    if one.distinct is not None and 0 < one.distinct <= _PARTS:
        return _parts(one.most, one.rows)
    if one.distinct is not None:
        frequent = ", ".join(clipped(name, 24) for name in list(one.most)[:2])
        return {"said": f"{one.distinct:,} distinct; {frequent} …"}
    if key == [one.name]:
        return {"said": f"{one.rows - one.missing:,} distinct, none twice: the key"}
    return {"said": "many or long texts"} if one.type == "string" else {}


def _parts(counts: Mapping[str, int], rows: int) -> dict[str, Any]:
    """Return a bar of texts, the most frequent first."""
    ranked = sorted(
        ((name, count) for name, count in counts.items() if count), key=lambda one: -one[1]
    )
    parts, x = [], 0.0
    for place, (name, count) in enumerate(ranked):
        width = count / max(rows, 1) * _BAR
        said = f"{clipped(name)}: {count:,} ({share(count, rows)})"
        parts.append(Part(x, max(width - 1.5, 0.8), f"{1 - 0.11 * place:.2f}", said))
        x += width
    named = [f"{clipped(name, 24)} {share(count, rows)}" for name, count in ranked[:_NAMED]]
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
    median = "" if one.shape is None else _value(one, one.shape.quantile(0.5))
    return (number(one.min), median, number(one.mean), number(one.max), number(one.std))


def _seconds(one: Facts) -> float | None:
    return _UNITS.get(one.type.partition(",")[0].rstrip("]"))


def _value(one: Facts, value: float) -> str:
    """Write a value of a column, a time as such."""
    seconds = _seconds(one)
    if seconds is None:
        return number(round(value) if "int" in one.type else value)
    try:
        moment = _EPOCH + timedelta(seconds=value * seconds)
    except OverflowError:
        return ""
    return f"{moment:%Y-%m-%d}" if one.type == "date" else f"{moment:%Y-%m-%d %H:%M:%S}"


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0

