"""Counts of missing and infinite values; bounds, mean, deviation, distribution of the others."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.types as is_type

from tablehost.table.column import STATISTICS
from tablehost.table.frequent import TextCounts
from tablehost.table.histogram import Distribution
from tablehost.table.layout import Array, numbers
from tablehost.table.read import is_text
from tablehost.table.types import is_number, plain_type

BLOCK: Final = 8192
"""Numbers merged into mean and deviation at once."""

_WIDEST: Final = 64
_HALF: Final = 32
_EXACT: Final = 2**53
"""The largest size up to which every integer is a float64."""


def statistics_of(kind: pa.DataType) -> Statistics:
    """Begin the statistics of a column.

    Args:
        kind: its type.

    Returns:
        An accumulator of the column's rows.
    """
    kind = plain_type(kind)
    if is_number(kind) and kind.bit_width == _WIDEST and is_type.is_integer(kind):
        return _LongIntegers()
    if is_number(kind):
        return _Numbers()
    if is_type.is_date32(kind):
        return _Times(pa.int32(), "D")
    if is_type.is_timestamp(kind):
        return _Times(pa.int64(), kind.unit, "Z" if kind.tz else "")
    if is_type.is_boolean(kind):
        return _Bools()
    return _Texts() if is_text(kind) else Statistics()


class Statistics:
    """Rows without a value: the only statistic of lists, bytes and their like."""

    def __init__(self) -> None:
        self._nulls = 0

    def update(self, array: pa.Array) -> None:
        """Add the next rows, without an extension type."""
        self._nulls += array.null_count

    def finish(self) -> dict[str, Any]:
        """Return every statistic by its name in `Column`; None where the type has none."""
        return dict.fromkeys(STATISTICS) | {"nulls": self._nulls, "nan": 0, "inf": 0}


class _Texts(Statistics):
    def __init__(self) -> None:
        super().__init__()
        self._texts = TextCounts()

    def update(self, array: pa.Array) -> None:
        super().update(array)
        self._texts.update(array.drop_null())

    def finish(self) -> dict[str, Any]:
        return super().finish() | {"texts": self._texts.finish()}


class _Distributed(Statistics):
    """Values that have an order: bounds and a histogram."""

    def __init__(self) -> None:
        super().__init__()
        self._low: Any = None
        self._high: Any = None
        self._distribution = Distribution()

    def finish(self) -> dict[str, Any]:
        return super().finish() | {"histogram": self._distribution.finish()}

    def _take(self, values: Array) -> None:
        """Add finite values, at least one."""
        low, high = values.min().item(), values.max().item()
        self._low = low if self._low is None else min(self._low, low)
        self._high = high if self._high is None else max(self._high, high)
        self._distribution.update(values, low, high)


class _Bools(_Distributed):
    def update(self, array: pa.Array) -> None:
        super().update(array)
        values = array.drop_null()
        if len(values):
            self._take(numbers(values.cast(pa.uint8())))


class _Numbers(_Distributed):
    def __init__(self) -> None:
        super().__init__()
        self._nan = 0
        self._inf = 0
        self._moments = Moments()

    def update(self, array: pa.Array) -> None:
        super().update(array)
        values = numbers(array.drop_null())
        finite = np.isfinite(values)
        if not finite.all():
            nan = int(np.count_nonzero(np.isnan(values)))
            self._nan += nan
            self._inf += int(np.count_nonzero(~finite)) - nan
            values = values[finite]
        if len(values):
            self._take(values)
            self._moments.update(values)

    def finish(self) -> dict[str, Any]:
        found = super().finish() | {"nan": self._nan, "inf": self._inf}
        if self._low is None:
            return found
        found |= {"min": self._low + 0, "max": self._high + 0}  # -0.0 is 0.0 here
        mean, std = self._mean_and_std()
        if np.isfinite(mean) and np.isfinite(std):  # report mean and std together or not at all
            mean = min(max(mean, float(self._low)), float(self._high)) + 0.0
            found |= {"mean": mean, "std": std}
        return found

    def _mean_and_std(self) -> tuple[float, float]:
        return self._moments.finish()


class _LongIntegers(_Numbers):
    """Integers of 64 bits; the mean is exact where some of them are not float64."""

    def __init__(self) -> None:
        super().__init__()
        self._count = self._sum = 0

    def update(self, array: pa.Array) -> None:
        super().update(array)
        values = numbers(array.drop_null())
        self._count += len(values)
        # neither half of so few rows overflows
        self._sum += (int((values >> _HALF).sum()) << _HALF) + int((values & (2**_HALF - 1)).sum())

    def _mean_and_std(self) -> tuple[float, float]:
        mean, std = super()._mean_and_std()
        is_rounded = self._low < -_EXACT or self._high > _EXACT
        return (self._sum / self._count if is_rounded else mean), std


class _Times(_Distributed):
    def __init__(self, width: pa.DataType, unit: Any, zone: str = "") -> None:
        super().__init__()
        self._width = width
        self._unit = unit
        self._zone = zone

    def update(self, array: pa.Array) -> None:
        super().update(array)
        values = array.drop_null()
        if len(values):
            self._take(numbers(values.view(self._width)))

    def finish(self) -> dict[str, Any]:
        return super().finish() | {"min": self._iso(self._low), "max": self._iso(self._high)}

    def _iso(self, value: int | None) -> str | None:
        when = np.datetime64(value, self._unit)
        return None if np.isnat(when) else f"{when}{self._zone}"


class Moments:
    """Count, mean and sum of squared distances from it."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = 0.0
        self._squares = 0.0
        self._rest: Array | None = None

    def update(self, values: Array) -> None:
        """Add the next numbers; all are finite."""
        if self._rest is not None:
            values = np.concatenate([self._rest, values])
        whole = len(values) - len(values) % BLOCK
        for start in range(0, whole, BLOCK):
            self._merge(values[start : start + BLOCK])
        self._rest = values[whole:].copy() if whole < len(values) else None

    def finish(self) -> tuple[float, float]:
        """Return mean and standard deviation (of the population); there was at least one number."""
        if self._rest is not None:
            self._merge(self._rest)
            self._rest = None
        return self._mean, float(np.sqrt(self._squares / self._count))

    def _merge(self, values: Array) -> None:
        """Merge a block; distances from its first value keep a constant column's deviation 0."""
        count = len(values)
        first = float(values[0])
        away = np.subtract(values, first, dtype="f8")
        middle = float(away.sum()) / count
        away -= middle
        away *= away
        mean, squares = first + middle, float(away.sum())
        if self._count == 0:
            self._count, self._mean, self._squares = count, mean, squares
            return
        apart, total = mean - self._mean, self._count + count
        self._mean += apart * (count / total)
        self._squares += squares + apart * apart * (self._count * (count / total))
        self._count = total
