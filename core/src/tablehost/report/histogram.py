"""The drawing of a histogram: where its bars, its outline and its median are."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from attrs import frozen

from tablehost.report.shape import MOST_CELLS, Array, Shape, cells_for, in_cells
from tablehost.report.words import number, short

SMALL: Final = (210, 36)
LARGE: Final = (520, 240)
MOST_LARGE: Final = 72
_ABOVE: Final = 4
_LEAST: Final = 1.2
_GAP: Final = 0.7
_MISSING: Final = 16
_VALUE: Final = 42
_LEAST_STEP: Final = 1e-300
_NICE: Final = (1, 2, 2.5, 5, 10)


@frozen
class Tick:
    """A mark of an axis."""

    at: float
    text: str


@frozen
class Bar:
    """One value's bar, and what is said of it."""

    x: float
    y: float
    width: float
    height: float
    text: str


@frozen(kw_only=True)
class Histogram:
    """A drawing of `width` and `height`, its base line at `base`, its bars from `left` on.

    Args:
        low: the value at the first bar's left.
        high: the value at the last bar's right.
        open: at which ends the outer bar has everything beyond it.
        counts: of each cell; none where each value has a bar of its own.
        total: rows, with those that have no value.
        path: all bars of cells, as SVG has a path.
        bars: those of single values.
        outline: the other table's, as SVG has points.
        median: where it is.
        missing: height of the bar of rows without a value, where there are any.
        across: ticks of the values; small drawings have none.
        up: ticks of the counts.
    """

    width: float
    height: float
    base: float
    left: float
    low: float
    high: float
    open: tuple[bool, bool] = (False, False)
    counts: tuple[int, ...] = ()
    total: int
    path: str = ""
    bars: tuple[Bar, ...] = ()
    outline: str = ""
    median: float | None = None
    missing: float = 0
    missing_rows: int = 0
    across: tuple[Tick, ...] = ()
    up: tuple[Tick, ...] = ()

    @property
    def is_large(self) -> bool:
        """Return whether it has axes."""
        return bool(self.up)

    @property
    def has_tail(self) -> bool:
        """Return whether an outer bar has everything beyond it."""
        return any(self.open)


@frozen
class _Frame:
    """Turns values and counts into places of a drawing."""

    low: float
    high: float
    top: float
    left: float
    right: float
    base: float

    def x(self, value: float) -> float:
        return self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left)

    def y(self, count: float) -> float:
        return self.base - count / self.top * (self.base - _ABOVE)


def draw(
    shape: Shape,
    rows: int,
    missing: int = 0,
    *,
    other: Shape | None = None,
    cells: Array | None = None,
    size: tuple[int, int] = SMALL,
    axes: bool = False,
) -> Histogram:
    """Draw a histogram.

    Args:
        shape: of the values.
        rows: of the table.
        missing: how many of them have no value.
        other: the same column of another table, drawn as an outline over as many rows.
        cells: the bars' bounds, where several drawings have the same.
        size: width and height.
        axes: whether to draw them.
    """
    if cells is None:
        cells = cells_for(shape, other, most=MOST_LARGE if axes else MOST_CELLS)
    counts = in_cells(shape, cells)
    outline = in_cells(other, cells) * (shape.total / other.total) if other else np.zeros(0)
    base = size[1] - 18 if axes else size[1]
    start = 38 if axes else 0
    frame = _Frame(
        low=float(cells[0]),
        high=float(cells[-1]),
        top=max(counts.max(), outline.max(initial=0), 1e-9),
        left=start + (_MISSING if missing else 0),
        right=size[0],
        base=base,
    )
    by_value = shape.form == "values"
    median = frame.x(shape.quantile(0.5))
    return Histogram(
        width=size[0],
        height=size[1],
        base=base,
        left=frame.left,
        low=frame.low,
        high=frame.high,
        open=(shape.least < frame.low, shape.greatest > frame.high),
        counts=() if by_value else tuple(round(one) for one in counts.tolist()),
        total=rows,
        path="" if by_value else _path(frame, counts),
        bars=_value_bars(frame, shape, rows) if by_value else (),
        outline=_outline(frame, outline),
        median=median if frame.left <= median <= frame.right else None,
        missing=max(2.0, min(1.0, missing / frame.top) * (base - _ABOVE)) if missing else 0,
        missing_rows=missing,
        across=tuple(_across(frame)) if axes else (),
        up=tuple(_up(frame)) if axes else (),
    )


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round values between two, about as many as wanted."""
    if not high > low or not math.isfinite(high - low):
        return [low]
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw)) if raw > _LEAST_STEP else 0
    if not power:
        return [low]
    step = next(one * power for one in _NICE if one * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [float(f"{one * step:.12g}") for one in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float) -> str:
    """Write the value of a tick, which is round, with all of its digits."""
    return f"{value:,.12g}"


def _across(frame: _Frame) -> list[Tick]:
    found = [Tick(frame.x(one), tick_text(one)) for one in ticks(frame.low, frame.high)]
    return [one for one in found if frame.left + 8 < one.at < frame.right - 12]


def _up(frame: _Frame) -> list[Tick]:
    """Return ticks of counts, which are whole."""
    return [Tick(frame.y(at), short(at)) for at in ticks(0, frame.top, 4) if at == int(at)]


def _path(frame: _Frame, counts: Array) -> str:
    """Return the bars as one path; those of no value are left out."""
    width = (frame.right - frame.left) / len(counts)
    wide = f"{max(width - _GAP, 0.5):.1f}"
    return "".join(
        f"M{frame.left + place * width:.1f} {frame.base}V{_top(frame, count):.1f}"
        f"h{wide}V{frame.base}z"
        for place, count in enumerate(counts.tolist())
        if round(count)
    )


def _top(frame: _Frame, count: float) -> float:
    return min(frame.base - _LEAST, frame.y(count))


def _value_bars(frame: _Frame, shape: Shape, rows: int) -> tuple[Bar, ...]:
    """Return a bar of each value, side by side with those that are as near as to hide it."""
    width = (frame.right - frame.left) / _VALUE
    room = frame.right - frame.left - width
    found = []
    spread = (frame.high - frame.low) or 1
    for value, count in zip(shape.low.tolist(), shape.counts.tolist(), strict=True):
        y = _top(frame, count)
        x = frame.left + (value - frame.low) / spread * room
        said = f"{number(value)}: {count:,} ({100 * count / rows:.1f} %)"
        found.append(Bar(x, y, width - _GAP, frame.base - y, said))
    return tuple(found)


def _outline(frame: _Frame, counts: Array) -> str:
    if not len(counts):
        return ""
    width = (frame.right - frame.left) / len(counts)
    points = []
    for place, count in enumerate(counts.tolist()):
        y = frame.y(count)
        points += [f"{frame.left + (place + at) * width:.1f},{y:.1f}" for at in (0, 1)]
    return " ".join(points)
