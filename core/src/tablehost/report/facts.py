"""What is recorded of a column, as far as it can be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import field, frozen

from tablehost.manifest.read import dig
from tablehost.report.shape import Shape
from tablehost.report.words import clipped, number, whole

_UNITS: Final = {
    "date": 86_400.0,
    "timestamp[s": 1.0,
    "timestamp[ms": 1e-3,
    "timestamp[us": 1e-6,
    "timestamp[ns": 1e-9,
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
    def seconds(self) -> float | None:
        """Return how long the unit of a column of times is; None for any other."""
        return _UNITS.get(self.type.partition(",")[0].rstrip("]"))

    @property
    def only_value(self) -> str | None:
        """Return the value that every row has, as it is written; None where there is none."""
        if self.missing or self.rows < 2:  # noqa: PLR2004  # one row has one value
            return None
        if self.distinct == 1 and self.most:
            return clipped(next(iter(self.most)))
        if self.shape is not None and self.shape.form == "values" and len(self.shape.low) == 1:
            value = self.shape.least
            return ("no", "yes")[bool(value)] if self.type == "bool" else self.written(value)
        return None

    def written(self, value: float) -> str:
        """Write a value of the column, a time as such."""
        if self.seconds is None:
            return number(round(value) if "int" in self.type else value)
        try:
            moment = _EPOCH + timedelta(seconds=value * self.seconds)
        except OverflowError:
            return ""
        return f"{moment:%Y-%m-%d}" if self.type == "date" else f"{moment:%Y-%m-%d %H:%M:%S}"


def facts_of(columns: Iterable[Any], rows: int) -> dict[str, Facts]:
    """Return by name what is recorded of columns; one that is malformed has less."""
    return {
        str(one["name"]): _facts(one, rows)
        for one in columns
        if isinstance(one, Mapping) and "name" in one
    }


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
        missing=whole(column.get("nulls")) + whole(column.get("nan")),
        inf=whole(column.get("inf")),
        min=low,
        max=high,
        mean=column.get("mean"),
        std=column.get("std"),
        shape=Shape.recorded(column.get("histogram"), low, high),
        distinct=distinct if isinstance(distinct, int) else None,
        most=counts,
    )
