"""One column of a table, as its manifest records it.

A statistic is a field of `Column` and what `tablehost.table.statistics` computes for it; the
manifest's schema, `diff` and `verify` derive the rest from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import field, fields, frozen

Form = Literal["values", "linear", "log"]


@frozen(kw_only=True)
class Histogram:
    """How the finite values of a column are distributed, on one line of its manifest.

    Args:
        form: `values`, each counted by itself; `linear`, bins of one width; or `log`, bins of
            doubles with the same leading bits. See `tablehost.table.histogram`.
        scale: of `linear`, a bin is `2**scale` wide; of `log`, it has `2**scale` doubles; else 0.
        bins: `bin:count` of every bin that is not empty, in order, with spaces between them. A bin
            `k` of 0 and above begins at `k * 2**scale`, of `log` at the double with these bits;
            `~k` has the opposites of k's numbers. Of `values`, the value is in the bin's place.
            Bools are 0 and 1; dates and timestamps are days, or their unit, since 1970.
    """

    form: Form
    scale: int
    bins: str


@frozen(kw_only=True)
class Texts:
    """Which texts of a column are frequent.

    Args:
        distinct: how many different ones there are; None where they were not counted: there are
            more than 4,096, or one is longer than 256 bytes or not UTF-8.
        most: of the eight most frequent, how often each occurs; none where they were not counted.
    """

    distinct: int | None
    most: Mapping[str, int]


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
        histogram: of numbers, bools, dates and timestamps; None, and not written, where there is no
            finite value.
        texts: of text; None, and not written, for any other type.
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
    histogram: Histogram | None = field(default=None, metadata={"since": "1.1.0"})
    texts: Texts | None = field(default=None, metadata={"since": "1.1.0"})


DISTRIBUTION: Final = ("histogram", "texts")
STATISTICS: Final = tuple(
    one.name
    for one in fields(Column)
    if one.name not in {"name", "type", "digest", "missing", *DISTRIBUTION}
)
"""The figures of a column, which fit on a line."""
ROUNDED: Final = ("mean", "std")
"""The statistics that another machine may round differently."""
