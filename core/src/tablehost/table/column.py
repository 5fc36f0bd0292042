"""One column of a table, as its manifest records it."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Column:
    """One column of the table: what it is and what is in it.

    Args:
        name: the column's name.
        type: its logical type.
        digest: of its values, as `tablehost.table.column_digest` defines it.
        nulls: how many rows have no value.
        nan: how many are NaN.
        inf: how many are infinite, of either sign.
        min: the least finite value of a column of numbers; of dates and timestamps, as ISO text.
        max: the greatest.
        mean: of numbers; None also where it is too large to tell.
        std: of numbers, their standard deviation as a population.
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
