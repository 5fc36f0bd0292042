"""The bins of a recorded histogram, with the values at their ends."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final

from attrs import frozen

_MOST: Final = 2**53


@frozen
class Bin:
    """Some values: where they are, and how many; one that is not wide is a value."""

    low: float
    high: float
    count: int


def bins_of(histogram: Any) -> list[Bin]:
    """Return the bins of a histogram in order; none where it is not in a form that we know."""
    try:
        found = list(_bins(histogram))
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError, struct.error):
        return []
    usable = all(0 < one.count < _MOST and one.low <= one.high for one in found)
    return found if usable else []


def _bins(histogram: Any) -> Iterator[Bin]:
    """Yield the bins of a histogram; `tablehost.table.column` says what they are."""
    form, scale = histogram["form"], int(histogram["scale"])
    bounds = {"values": _value, "linear": _linear, "log": _log}[form]
    for one in histogram["bins"].split(" "):
        name, _, count = one.rpartition(":")
        yield Bin(*bounds(name, scale), int(count))


def _value(name: str, _: int) -> tuple[float, float]:
    return float(name), float(name)


def _linear(name: str, scale: int) -> tuple[float, float]:
    return int(name) * 2.0**scale, (int(name) + 1) * 2.0**scale


def _log(name: str, scale: int) -> tuple[float, float]:
    """Return between which doubles a bin is; `~k` has the opposites of k's numbers."""
    size = int(name) if int(name) >= 0 else ~int(name)
    near, far = struct.unpack("<dd", struct.pack("<QQ", size << scale, (size + 1) << scale))
    return (near, far) if int(name) >= 0 else (-far, -near)
