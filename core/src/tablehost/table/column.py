"""One column of a table, as its manifest records it.

A statistic is a field of `Column` and what `tablehost.table.statistics` computes for it; the
manifest's schema, `diff` and `verify` derive the rest from here.
"""

from __future__ import annotations

from typing import Final

from attrs import field, fields, frozen


@frozen(kw_only=True)
class Column:
    """One column of the table: its type, digest and statistics.

    Args:
        name: the column's name.
        type: its logical type.
        digest: of its values, as `tablehost.table.column_digest` defines it.
        nulls: how many rows have no value.
        nan: how many are NaN.
        inf: how many are infinite, of either sign.
        min: the least finite value of a column of numbers; of dates and timestamps, as ISO text.
        max: the greatest.
        mean: of numbers; None also where it overflows.
        std: of numbers, their standard deviation as a population.
        missing: digest of which missing floats are null and which are NaN; None, and not written,
            where `nulls` and `nan` are enough to know it.
    """

    name: str
    type: str
    digest: str
    nulls: int
    nan: int
    inf: int
    min: int | float | str | None
    max: int | float | str | None
    mean: float | None
    std: float | None
    missing: str | None = field(default=None, metadata={"since": "1.1.0"})


STATISTICS: Final = tuple(
    one.name for one in fields(Column) if one.name not in {"name", "type", "digest", "missing"}
)
ROUNDED: Final = ("mean", "std")
"""The statistics that another machine may round differently."""
