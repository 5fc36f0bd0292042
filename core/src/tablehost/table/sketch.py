"""The distribution of a column as a few characters, from what its manifest records."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

_BARS: Final = " ▁▂▃▄▅▆▇█"


@frozen
class Bin:
    """Some values: where they are, and how many; one that is not wide is a value."""

    low: float
    high: float
    count: int


def sketch(column: Mapping[str, Any], cells: int) -> str:
    """Return bars for a column of numbers; nothing where it has no histogram, or is all the same.

    Args:
        column: as a manifest records it.
        cells: how many bars there are, from the least value to the greatest.
    """
    try:
        bins = list(_bins(column["histogram"]))
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError, struct.error):
        return ""
    low, high = _bounds(column, bins)
    width = (high - low) / cells
    if not 0 < width < math.inf:
        return ""
    counts = _in_cells(bins, low, width, cells)
    most = max(counts)
    return "".join(_BARS[max(1, round(8 * one / most)) if one else 0] for one in counts)


def _bins(histogram: Mapping[str, Any]) -> Iterator[Bin]:
    """Yield the bins of a histogram; `tablehost.table.column` says what they are."""
    form, scale = histogram["form"], int(histogram["scale"])
    for one in histogram["bins"].split(" "):
        name, _, count = one.rpartition(":")
        if form == "values":
            low = high = float(name)
        elif form == "linear":
            low, high = int(name) * 2.0**scale, (int(name) + 1) * 2.0**scale
        else:
            low, high = _log_bin(int(name), scale)
        yield Bin(low, high, int(count))


def _log_bin(number: int, scale: int) -> tuple[float, float]:
    size = number if number >= 0 else ~number
    near, far = struct.unpack("<dd", struct.pack("<QQ", size << scale, (size + 1) << scale))
    return (near, far) if number >= 0 else (-far, -near)


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
