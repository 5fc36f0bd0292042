"""The distribution of a column as a few characters, from what its manifest records."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tablehost.table.bins import Bin, bins_of

_BARS: Final = " ▁▂▃▄▅▆▇█"


def sketch(column: Mapping[str, Any], cells: int) -> str:
    """Return bars for a column of numbers; nothing where it has no histogram, or is all the same.

    Args:
        column: as a manifest records it.
        cells: how many bars there are, from the least value to the greatest.
    """
    bins = bins_of(column.get("histogram"))
    if not bins:
        return ""
    low, high = _bounds(column, bins)
    width = (high - low) / cells
    if not 0 < width < math.inf:
        return ""
    counts = _in_cells(bins, low, width, cells)
    most = max(counts)
    return "".join(_BARS[max(1, round(8 * one / most)) if one else 0] for one in counts)


def _bounds(column: Mapping[str, Any], bins: Sequence[Bin]) -> tuple[float, float]:
    """Return the least and the greatest value, or where the outer bins end: dates are text."""
    low, high = column.get("min"), column.get("max")
    if isinstance(low, int | float) and isinstance(high, int | float):
        return float(low), float(high)
    return bins[0].low, bins[-1].high


def _in_cells(bins: Sequence[Bin], low: float, width: float, cells: int) -> list[float]:
    """Count values in cells of one width; those of a bin are spread evenly over it."""
    counts = [0.0] * cells
    for one in bins:
        begin, end = (min(max((at - low) / width, 0), cells) for at in (one.low, one.high))
        first, last = int(min(begin, cells - 1)), int(min(end, cells - 1))
        for cell in range(first, last + 1):
            within = min(end, cell + 1) - max(begin, cell)
            counts[cell] += one.count * (within / (end - begin) if end > begin else 1)
    return counts
