"""How the rows of a table fall into groups, and how the label does in each."""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import frozen

from tablehost.report.histogram import Histogram, draw
from tablehost.report.shape import Array, Shape
from tablehost.report.values import Values
from tablehost.report.words import clipped, number, share

_SHOWN: Final = 12
_DRAWN: Final = 6
_SIZE: Final = (380, 44)
_CELLS: Final = 48


@frozen(kw_only=True)
class Group:
    """A group of rows.

    Args:
        percent: its part of the largest one.
        said: how many rows it has.
        histogram: of the label in it.
    """

    name: str
    percent: float
    said: str
    histogram: Histogram | None = None


@frozen(kw_only=True)
class Balance:
    """The groups of a table, the largest first.

    Args:
        label: the column that is drawn in each.
        bounds: of the axis that all have.
        rest: groups that are not shown, and how many rows they have.
    """

    name: str
    groups: tuple[Group, ...]
    label: str | None
    bounds: tuple[str, ...]
    rest: tuple[int, int]
    without: int
    every: int


def balance_of(name: str, label: str | None, values: Values) -> Balance | None:
    """Return how a table's rows fall into the groups that a column names; None if it names none."""
    found = values.groups(name)
    if found is None:
        return None
    numbers, names = found
    counts = np.bincount(numbers[numbers >= 0], minlength=len(names))
    order = np.argsort(-counts, kind="stable").tolist()
    shown = order[:_SHOWN]
    column = values.numbers(label) if label and label != name else None
    cells = _cells(column)
    groups = tuple(
        Group(
            name=clipped(names[one]),
            percent=round(100 * counts[one] / counts[order[0]], 1),
            said=f"{counts[one]:,} ({share(counts[one], len(numbers))})",
            histogram=_histogram(column, numbers == one, cells) if place < _DRAWN else None,
        )
        for place, one in enumerate(shown)
    )
    return Balance(
        name=name,
        groups=groups,
        label=label if cells is not None else None,
        bounds=() if cells is None else tuple(number(one, 3) for one in cells[[0, -1]].tolist()),
        rest=(len(order) - len(shown), int(counts.sum() - counts[shown].sum())),
        without=int(np.count_nonzero(numbers < 0)),
        every=values.every,
    )


def _cells(column: Array | None) -> Array | None:
    """Return the cells of the axis that all groups have."""
    if column is None or not np.isfinite(column).any():
        return None
    low, high = float(np.nanmin(column)), float(np.nanmax(column))
    return np.linspace(low, high, _CELLS + 1) if high > low else None


def _histogram(column: Array | None, rows: Array, cells: Array | None) -> Histogram | None:
    if column is None or cells is None:
        return None
    values = column[rows]
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    counts, _ = np.histogram(values, cells)
    shape = Shape("linear", cells[:-1], cells[1:], counts)
    return draw(shape, int(rows.sum()), cells=cells, size=_SIZE)
