"""The histogram of a column: the same for any chunking and any order of its rows.

Up to 16 different values are counted each. Where there are more, they are counted in bins of two
forms beside each other, and the form whose fullest bin has fewer values is kept:

- `linear`: bins of one width, a power of two, that begin at zero;
- `log`: bins of doubles with the same sign, exponent and leading bits of the mantissa, so that a
  bin is the wider the farther it is from zero.

Where more than 128 bins are occupied, every two neighbours become one, as often as it takes. How
wide bins end is thus decided by the values alone, and parts that are counted apart add up to the
whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from tablehost.table.column import Form, Histogram
from tablehost.table.layout import Array

MOST_VALUES: Final = 16
MOST_BINS: Final = 128

_FIRST: Final = 1024  # values that are looked at first, to decide how the others are counted
_BLOCK: Final = 8192  # values counted at once, within the processor's cache
_WINDOW: Final = 2**14  # neighbouring bins that are counted without sorting
_LINEAR_BITS: Final = 40  # of the value farthest from zero, in the narrowest bins
_LEAST_LINEAR: Final = -1000  # 2**1000 is a double
_LEAST_LOG: Final = 42  # ten bits of the mantissa
_EXACT: Final = 2**53
_LOST_BITS: Final = 11  # of an integer of 64, as a double


class Distribution:
    """Counts finite numbers that arrive piece by piece."""

    def __init__(self) -> None:
        self._values: Counter[Any] = Counter()
        self._forms: tuple[Bins, ...] = ()

    def update(self, values: Array, low: Any, high: Any) -> None:
        """Add the next values, all of one type and at least one, which are between two bounds."""
        if not self._forms:
            counted = _counted(self._values, values)
            if counted is not None:
                self._values = counted
                return
            self._begin_bins(values.dtype)
        bounds = np.array([low, high], values.dtype)
        for form in self._forms:
            form.update(*_doubles(values, bounds))

    def finish(self) -> Histogram | None:
        """Return the histogram of all values; None where there were none."""
        if self._forms:
            return min(self._forms, key=lambda form: form.counts.max()).finish()
        if self._values:
            return Histogram(form="values", scale=0, bins=_written(sorted(self._values.items())))
        return None

    def _begin_bins(self, dtype: np.dtype[Any]) -> None:
        self._forms = (Linear(), Log())
        if self._values:
            values, counts = np.array(list(self._values), dtype), list(self._values.values())
            doubles, _ = _doubles(values, values)
            for form in self._forms:
                form.reach(doubles)
                form.add(form.keys_of(doubles), np.array(counts))


class Bins(ABC):
    """The occupied bins of a form, in order, and how many values are in each.

    A number from 0 up is in a bin of that kind, and its opposite in the bin `~k` where it is in k.
    """

    form: Form

    def __init__(self, scale: int) -> None:
        self.scale = scale
        self.keys = np.empty(0, "i8")
        self.counts = np.empty(0, "i8")

    @abstractmethod
    def bins_of(self, sizes: Array) -> Array:
        """Return the bins of numbers that are not negative."""

    def reach(self, bounds: Array) -> None:  # noqa: B027  # nothing to do is a choice
        """Make the bins wide enough for doubles between bounds."""

    def keys_of(self, values: Array) -> Array:
        """Return the bins of doubles of either sign."""
        keys = self.bins_of(np.abs(values))
        return np.where(values < 0, ~keys, keys)

    def update(self, values: Array, bounds: Array) -> None:
        """Add doubles, which are between two bounds."""
        self.reach(bounds)
        if not len(self.keys) and len(values) > _FIRST:
            self.update(values[:_FIRST], bounds)
            values = values[_FIRST:]
        first, last = self.keys_of(bounds).tolist()
        keys_of = self.keys_of if bounds[0] <= 0 else self.bins_of
        blocks = (keys_of(values[at : at + _BLOCK]) for at in range(0, len(values), _BLOCK))
        if last - first < _WINDOW:
            self._add_near(blocks, first, last)
        else:
            self._add_far(blocks)

    def add(self, keys: Array, counts: Array) -> None:
        """Add counts of bins, in any order."""
        place = np.searchsorted(self.keys[:-1], keys)
        if len(self.keys) and (self.keys[place] == keys).all():
            np.add.at(self.counts, place, counts)
            return
        keys, place = np.unique(np.concatenate([self.keys, keys]), return_inverse=True)
        total = np.zeros(len(keys), "i8")
        np.add.at(total, place, np.concatenate([self.counts, counts]))
        self.keys, self.counts = keys, total
        if len(keys) > MOST_BINS:
            # two bins are one where the bits in which they differ are gone
            differ = np.partition((keys[1:] ^ keys[:-1]).view("u8"), -MOST_BINS)
            self.widen(self.scale + int(differ[-MOST_BINS]).bit_length())

    def widen(self, scale: int) -> None:
        """Join bins until they have at least a scale."""
        if scale > self.scale:
            keys, place = np.unique(self.keys >> (scale - self.scale), return_inverse=True)
            counts = np.zeros_like(keys)
            np.add.at(counts, place, self.counts)
            self.scale, self.keys, self.counts = scale, keys, counts

    def finish(self) -> Histogram:
        """Return the bins as a manifest records them."""
        found = zip(self.keys.tolist(), self.counts.tolist(), strict=True)
        return Histogram(form=self.form, scale=self.scale, bins=_written(found))

    def _add_near(self, blocks: Iterable[Array], first: int, last: int) -> None:
        """Count bins between two that are near each other."""
        counts = np.zeros(last - first + 1, "i8")
        for keys in blocks:
            keys -= first
            counts += np.bincount(keys, minlength=len(counts))
        occupied = np.flatnonzero(counts)
        self.add(occupied + first, counts[occupied])

    def _add_far(self, blocks: Iterable[Array]) -> None:
        """Count bins anywhere: those near the fullest as above, and the others by sorting."""
        middle = int(self.keys[self.counts.argmax()]) if len(self.keys) else 0
        first, last = middle - _WINDOW // 2, middle + _WINDOW // 2
        near, far = [], []
        for keys in blocks:
            is_near = (first <= keys) & (keys <= last)
            near.append(keys[is_near])
            far.append(keys[~is_near])
        scale = self.scale
        self._add_near(near, first, last)
        keys = np.concatenate(far) >> (self.scale - scale)
        self.add(keys, np.ones_like(keys))


class Linear(Bins):
    """Bins that are `2**scale` wide."""

    form = "linear"

    def __init__(self) -> None:
        super().__init__(_LEAST_LINEAR)

    def bins_of(self, sizes: Array) -> Array:
        return (sizes * 2.0**-self.scale).astype("i8")

    def reach(self, bounds: Array) -> None:
        _, exponents = np.frexp(bounds)
        self.widen(int(exponents.max()) - _LINEAR_BITS)


class Log(Bins):
    """Bins of `2**scale` doubles that follow each other."""

    form = "log"

    def __init__(self) -> None:
        super().__init__(_LEAST_LOG)

    def bins_of(self, sizes: Array) -> Array:
        return (sizes.view("u8") >> np.uint64(self.scale)).view("i8")


def _counted(known: Counter[Any], values: Array) -> Counter[Any] | None:
    """Count each value, and those known before; None where they are too many."""
    counts = Counter(known)
    for piece in (values[:_FIRST], values[_FIRST:]):
        rest = piece
        while len(rest):
            value = rest[0]
            same = rest == value
            counts[value.item() + 0] += int(np.count_nonzero(same))  # -0.0 is 0.0 here
            if len(counts) > MOST_VALUES:
                return None
            rest = rest[~same]
    return counts


def _doubles(values: Array, bounds: Array) -> tuple[Array, Array]:
    """Return numbers, and their bounds, as doubles in the same bins."""
    if values.dtype.kind in "iu" and (bounds[0] < -_EXACT or bounds[1] > _EXACT):
        values, bounds = _towards_zero(values), _towards_zero(bounds)
    return values.astype("f8", copy=False), bounds.astype("f8")


def _towards_zero(values: Array) -> Array:
    """Round those integers that may be no doubles; no bin of theirs is so narrow as to end there."""
    up = np.where(values < 0, values + (2**_LOST_BITS - 1), values)
    return np.where(np.abs(values) > _EXACT, up >> _LOST_BITS << _LOST_BITS, values)


def _written(found: Iterable[tuple[Any, int]]) -> str:
    return " ".join(f"{value}:{count}" for value, count in found)
