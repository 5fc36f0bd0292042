"""How the values of a column are distributed, as its recorded histogram says."""

from __future__ import annotations

import math
from typing import Any, Final, Self

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from tablehost.table.bins import bins_of

Array = NDArray[Any]

MOST_CELLS: Final = 48
"""The most bars that a histogram is drawn with."""
_CELLS: Final = 42
_MANY: Final = 500
"""Values from which on the rarest may be left to the bars at the ends."""
_RARE: Final = 0.002
_TAIL: Final = 0.3
_COUNTABLE: Final = 2.0**50
_APART: Final = 1000
_GRID: Final = 100
_NONE: Final = 0.5
"""What a part without a value counts as where shares are compared."""


@frozen(eq=False)
class Shape:
    """Bins in order, and how many values are in each; a bin of one value is not wide.

    Args:
        form: of the recorded histogram.
        low: where each bin begins.
        high: where it ends.
        counts: its values.
        step: bins begin at multiples of it; None where they do not.
    """

    form: str
    low: Array
    high: Array
    counts: Array
    step: float | None = None
    total: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "total", int(self.counts.sum()))

    @classmethod
    def recorded(cls, histogram: Any, least: Any, greatest: Any) -> Self | None:
        """Return the shape of a histogram as a manifest has it; None where it has none to draw.

        Args:
            histogram: with its form, scale and bins.
            least: the least value, which the first bin may begin below.
            greatest: the greatest one.
        """
        bins = bins_of(histogram)
        if not bins:
            return None
        low, high = (
            np.array(ends) for ends in zip(*((one.low, one.high) for one in bins), strict=True)
        )
        counts, form = np.array([one.count for one in bins]), histogram["form"]
        step = _step(low, 2.0 ** int(histogram["scale"])) if form == "linear" else None
        if _is_finite(least):
            low, high = np.maximum(low, least), np.maximum(high, least)
        if _is_finite(greatest):
            low, high = np.minimum(low, greatest), np.minimum(high, greatest)
        with np.errstate(over="ignore"):
            is_finite = np.isfinite(high[-1] - low[0])
        return cls(form, low, high, counts, step) if is_finite else None

    @property
    def grid(self) -> float | None:
        """Return of what all values are multiples; None where bins are not of one value each."""
        apart = self.step is not None and (self.high - self.low).max() < self.step / 2
        return self.step if apart else None

    @property
    def least(self) -> float:
        """Return where the first bin begins."""
        return float(self.low[0])

    @property
    def greatest(self) -> float:
        """Return where the last bin ends."""
        return float(self.high[-1])

    def below(self, places: Array) -> Array:
        """Return how many values are less than each place; within a bin they are spread evenly."""
        place = places[:, None]
        wide = self.high > self.low
        width = np.where(wide, self.high - self.low, 1.0)
        with np.errstate(over="ignore"):  # far beyond a narrow bin
            part = np.where(wide, np.clip((place - self.low) / width, 0, 1), place > self.low)
        return np.asarray(part @ self.counts)

    def quantile(self, part: float) -> float:
        """Return the value that a part of the others is below."""
        before = np.cumsum(self.counts)
        wanted = part * self.total
        place = min(int(np.searchsorted(before, wanted)), len(before) - 1)
        low, high = float(self.low[place]), float(self.high[place])
        if self.grid is not None:
            return round(low / self.grid) * self.grid
        if low == high:
            split = before[place] == wanted and place + 1 < len(before)
            return (low + float(self.low[place + 1])) / 2 if split else low
        within = (wanted - float(before[place] - self.counts[place])) / float(self.counts[place])
        return low + within * (high - low)


def cells_for(shape: Shape, other: Shape | None = None, most: int = MOST_CELLS) -> Array:
    """Return the bounds of at most so many equal cells to draw a shape in, and one beside it.

    Where a few values lie so far off that the others would be squeezed, they belong to the cells
    at the ends.
    """
    both = (shape, other or shape)
    low, high = min(one.least for one in both), max(one.greatest for one in both)
    if shape.total > _MANY and shape.form != "values":
        first, last = shape.quantile(_RARE), shape.quantile(1 - _RARE)
        far = _TAIL * (high - low)
        low, high = first if first - low > far else low, last if high - last > far else high
    if not high > low:
        half = max(0.5, abs(low) / _CELLS)  # large numbers are wider apart
        return np.linspace(low - half, low + half, _CELLS + 1)
    if shape.step is None or not (high - low) / shape.step < _COUNTABLE:
        return np.linspace(low, high, _CELLS + 1)
    # of whole steps, else some cells would have one more than their neighbours
    width = shape.step * max(1, math.ceil((high - low) / shape.step / most))
    first, last = math.floor(low / width), math.ceil(high / width)
    if shape.grid is None:
        return np.arange(first, last + 1) * width
    # a value of a grid is in the middle of a step
    first, last = round(low / shape.step), round(high / shape.step)
    cells = (last - first) * shape.step // width + 1
    return (first - 0.5) * shape.step + np.arange(cells + 1) * width


def in_cells(shape: Shape, cells: Array) -> Array:
    """Return how many values are in each cell, in the outer ones also those beyond."""
    inner = shape.below(cells[1:-1])
    return np.diff(np.concatenate([[0.0], inner, [float(shape.total)]]))


def stability(reference: Shape, shape: Shape) -> float:
    """Return the population stability index of a shape against a reference, over its deciles."""
    deciles = [reference.quantile(tenth / 10) for tenth in range(1, 10)]
    cells = np.unique([-np.inf, *deciles, np.inf])
    before, now = in_cells(reference, cells), in_cells(shape, cells)
    return index(before, now)


def index(before: Array, now: Array) -> float:
    """Return the population stability index of counts of the same parts."""
    before, now = before + _NONE, now + _NONE
    before, now = before / before.sum(), now / now.sum()
    return float(((now - before) * np.log(now / before)).sum())


def distance(one: Shape, other: Shape) -> float:
    """Return the Kolmogorov-Smirnov distance: the most by which shares below a value differ."""
    edges = np.concatenate([one.low, one.high, other.low, other.high])
    places = np.concatenate([edges, np.nextafter(edges, np.inf)])
    gaps = one.below(places) / one.total - other.below(places) / other.total
    return float(np.abs(gaps).max())


def _is_finite(bound: Any) -> bool:
    return isinstance(bound, int | float) and math.isfinite(bound)


def _step(low: Array, width: float) -> float:
    """Return of what all bins begin at multiples: more than their width for numbers of a grid."""
    if len(low) == 1:
        return width
    step = float(np.diff(low).min())
    off = np.abs(low / step - np.round(low / step))
    return step if step > _APART * width and off.max() < 1 / _GRID else width
