"""The label of a table: its distribution, and which columns go with it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
from attrs import frozen

from tablehost.report.facts import Facts
from tablehost.report.histogram import LARGE, Histogram, Tick, draw, tick_text, ticks
from tablehost.report.shape import Array
from tablehost.report.values import Values

_RANKED: Final = 9
_DRAWN: Final = 6
_FEWEST: Final = 3
_ACROSS: Final = 36
_UP: Final = 24
_SHADES: Final = 16
_WIDTH: Final = 330
_HEIGHT: Final = 230
_LEFT: Final = 38
_RIGHT: Final = 6
_TOP: Final = 6
_BELOW: Final = 30


@frozen(kw_only=True)
class Shade:
    """Cells that have about as many rows, as one path."""

    opacity: str
    path: str


@frozen(kw_only=True)
class Density:
    """How many rows are in each cell of a column and the label; single rows are not shown.

    Args:
        counts: of each cell, row by row from the bottom.
        cells: how many there are in a row.
        low: bounds of the columns and of the label, for what is said of a cell.
        high: likewise.
    """

    name: str
    correlation: float
    shades: tuple[Shade, ...]
    counts: tuple[int, ...]
    low: tuple[float, float]
    high: tuple[float, float]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    cells: int = _ACROSS
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    right: int = _WIDTH - _RIGHT
    top: int = _TOP
    base: int = _HEIGHT - _BELOW


@frozen(kw_only=True)
class Correlation:
    """A column and its rank correlation with the label."""

    name: str
    value: float

    @property
    def percent(self) -> float:
        """Return its size."""
        return round(100 * abs(self.value), 1)


@frozen(kw_only=True)
class Label:
    """What is shown of a label.

    Args:
        every: 1 where all rows were read, `n` where only every n-th one was.
    """

    name: str
    histogram: Histogram
    correlations: tuple[Correlation, ...]
    densities: tuple[Density, ...]
    every: int
    rows: int


def label_of(column: Facts, values: Values, others: Iterable[str]) -> Label | None:
    """Return what is shown of a label; None where it is no column of numbers.

    Args:
        column: which one.
        values: of all columns.
        others: the columns of numbers that it is compared with.
    """
    label = values.numbers(column.name)
    if label is None or column.shape is None:
        return None
    ranked = _ranked(label, values, [one for one in others if one != column.name])
    densities = [_density(one, label, values.numbers(one.name)) for one in ranked[:_DRAWN]]
    return Label(
        name=column.name,
        histogram=draw(column.shape, column.rows, column.missing, size=LARGE, axes=True),
        correlations=tuple(ranked[:_RANKED]),
        densities=tuple(one for one in densities if one is not None),
        every=values.every,
        rows=len(label),
    )


def _ranked(label: Array, values: Values, others: Iterable[str]) -> list[Correlation]:
    found = []
    of_label: dict[bytes, Array] = {}
    for name in others:
        column = values.numbers(name)
        if column is None:
            continue
        both = np.isfinite(column) & np.isfinite(label)
        if np.count_nonzero(both) < _FEWEST:
            continue
        which = np.packbits(both).tobytes()
        if which not in of_label:
            of_label = {which: _ranks(label[both])}  # most columns miss the same rows
        value = _correlation(_ranks(column[both]), of_label[which])
        if value is not None:
            found.append(Correlation(name=name, value=value))
    return sorted(found, key=lambda one: -abs(one.value))


def _ranks(values: Array) -> Array:
    """Return the rank of each value; equal ones share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place])


def _correlation(one: Array, other: Array) -> float | None:
    one, other = one - one.mean(), other - other.mean()
    size = math.sqrt((one * one).sum() * (other * other).sum())
    return float((one * other).sum()) / size if size > 0 else None


def _density(one: Correlation, label: Array, column: Array | None) -> Density | None:
    if column is None:
        return None
    both = np.isfinite(column) & np.isfinite(label)
    x, y = column[both], label[both]
    low, high = _bounds(x)
    least, most = float(y.min()), float(y.max())
    if not (high > low and most > least):
        return None
    if not math.isfinite(high - low) or not math.isfinite(most - least):
        return None
    x, y = (x - low) / (high - low), (y - least) / (most - least)
    counts, _, _ = np.histogram2d(x, y, [_ACROSS, _UP], [[0, 1], [0, 1]])
    right, base = _WIDTH - _RIGHT, _HEIGHT - _BELOW
    wide, tall = right - _LEFT, base - _TOP
    return Density(
        name=one.name,
        correlation=one.value,
        shades=tuple(_shades(counts)),
        counts=tuple(counts.T.astype(int).ravel().tolist()),
        low=(low, least),
        high=(high, most),
        across=tuple(
            Tick(_LEFT + (at - low) / (high - low) * wide, tick_text(at))
            for at in ticks(low, high, 4)
        ),
        up=tuple(
            Tick(base - (at - least) / (most - least) * tall, tick_text(at))
            for at in ticks(least, most, 4)
        ),
    )


def _bounds(values: Array) -> tuple[float, float]:
    """Return between which values nearly all are."""
    ranked = np.sort(values)
    low, high = (float(ranked[round(part * (len(ranked) - 1))]) for part in (0.001, 0.999))
    return (low, high) if high > low else (float(ranked[0]), float(ranked[-1]))


def _shades(counts: Array) -> list[Shade]:
    """Return the cells by how dark they are: as the root, so that single rows are to be seen."""
    depth = np.ceil(np.sqrt(counts / max(counts.max(), 1)) * _SHADES).astype(int)
    wide = (_WIDTH - _RIGHT - _LEFT) / _ACROSS
    tall = (_HEIGHT - _BELOW - _TOP) / _UP
    found = []
    for shade in range(1, _SHADES + 1):
        cells = [
            f"M{_LEFT + at * wide:.1f} {_HEIGHT - _BELOW - (row + 1) * tall:.1f}"
            f"h{wide + 0.1:.1f}v{tall + 0.1:.1f}h-{wide + 0.1:.1f}z"
            for at, row in np.argwhere(depth == shade).tolist()
        ]
        if cells:
            found.append(Shade(opacity=f"{shade / _SHADES:.3g}", path="".join(cells)))
    return found
