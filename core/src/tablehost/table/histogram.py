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

_FIRST: Final = 1024  # values that show how wide the bins are in which the others are counted
_BLOCK: Final = 8192  # values counted at once, within the processor's cache
_WINDOW: Final = 2**14  # bins that are counted without sorting
_LINEAR_BITS: Final = 40  # of the value farthest from zero, in the narrowest bins
_LEAST_LINEAR: Final = -1000  # the width is a double, and its reciprocal
_LEAST_LOG: Final = 42  # ten bits of the mantissa
_EXACT: Final = 2**53  # up to here every integer is a double
_LOST_BITS: Final = 11  # of the largest integers, as doubles


class Distribution:
    """Counts finite numbers that arrive piece by piece."""

    def __init__(self) -> None:
        self._values: Counter[Any] = Counter()
        self._forms: tuple[Bins, ...] = ()

    def update(self, values: Array, low: Any, high: Any) -> None:
        """Add numbers of one type, at least one; all are between two bounds."""
        if not self._forms:
            counted = _counted(self._values, values)
            if counted is not None:
                self._values = counted
                return
            self._begin_bins(values.dtype)
        doubles, bounds = _doubles(values, np.array([low, high], values.dtype))
        for form in self._forms:
            form.update(doubles, bounds)

    def finish(self) -> Histogram | None:
        """Return the histogram of all numbers; None where there were none."""
        if self._forms:
            return min(self._forms, key=lambda form: form.counts.max()).finish()
        if self._values:
            return Histogram(form="values", scale=0, bins=_written(sorted(self._values.items())))
        return None

    def _begin_bins(self, dtype: np.dtype[Any]) -> None:
        """Leave the values that were counted to bins."""
        self._forms = (Linear(), Log())
        if self._values:
            values = np.array(sorted(self._values), dtype)
            doubles, _ = _doubles(values, values[[0, -1]])
            counts = np.array([self._values[value] for value in sorted(self._values)])
            for form in self._forms:
                form.reach(doubles)
                form.add(form.bins_of(doubles), counts)


class Bins(ABC):
    """The occupied bins of a form, and how many numbers are in each.

    Bins have numbers of their own: of a number from 0 up it is 0 or above, and where that is `k`
    the opposite of the number is in the bin `~k`. Half of it is the bin that is twice as wide.

    Args:
        scale: of the narrowest bins.
    """

    form: Form

    def __init__(self, scale: int) -> None:
        self.scale = scale
        self.bins = np.empty(0, "i8")
        self.counts = np.empty(0, "i8")

    @abstractmethod
    def bins_of_sizes(self, sizes: Array) -> Array:
        """Return the bins of doubles that are not negative."""

    @abstractmethod
    def reach(self, bounds: Array) -> None:
        """Widen the bins as doubles so far from zero need it."""

    def bins_of(self, values: Array) -> Array:
        """Return the bins of doubles."""
        bins = self.bins_of_sizes(np.abs(values))
        return np.where(values < 0, ~bins, bins)

    def update(self, values: Array, bounds: Array) -> None:
        """Add doubles that are between two bounds."""
        self.reach(bounds)
        if not len(self.bins) and len(values) > _FIRST:
            self.update(values[:_FIRST], bounds)
            values = values[_FIRST:]
        bins_of = self.bins_of if bounds[0] <= 0 else self.bins_of_sizes
        blocks = (bins_of(values[at : at + _BLOCK]) for at in range(0, len(values), _BLOCK))
        first, last = self.bins_of(bounds).tolist()
        if last - first < _WINDOW:
            self._add_near(blocks, first, last)
        else:
            self._add_far(blocks)

    def add(self, bins: Array, counts: Array) -> None:
        """Add counts of bins, in any order."""
        place = np.searchsorted(self.bins[:-1], bins)
        if len(self.bins) and (self.bins[place] == bins).all():
            np.add.at(self.counts, place, counts)
            return
        self._set(np.concatenate([self.bins, bins]), np.concatenate([self.counts, counts]))
        if len(self.bins) > MOST_BINS:
            # neighbours become one where all bits in which they differ are gone
            differ = (self.bins[1:] ^ self.bins[:-1]).view("u8")
            most = int(np.partition(differ, -MOST_BINS)[-MOST_BINS])
            self.widen(self.scale + most.bit_length())

    def widen(self, scale: int) -> None:
        """Widen the bins to a scale, if they are narrower."""
        if scale > self.scale:
            self._set(self.bins >> (scale - self.scale), self.counts)
            self.scale = scale

    def finish(self) -> Histogram:
        """Return the bins as a manifest records them."""
        found = zip(self.bins.tolist(), self.counts.tolist(), strict=True)
        return Histogram(form=self.form, scale=self.scale, bins=_written(found))

    def _set(self, bins: Array, counts: Array) -> None:
        """Take bins in any order, each any number of times."""
        self.bins, place = np.unique(bins, return_inverse=True)
        self.counts = np.zeros_like(self.bins)
        np.add.at(self.counts, place, counts)

    def _add_near(self, blocks: Iterable[Array], first: int, last: int) -> None:
        """Count bins between two that are not far from each other."""
        counts = np.zeros(last - first + 1, "i8")
        for bins in blocks:
            counts += np.bincount(bins - first, minlength=len(counts))
        occupied = np.flatnonzero(counts)
        self.add(occupied + first, counts[occupied])

    def _add_far(self, blocks: Iterable[Array]) -> None:
        """Count bins of which some are far from the fullest one; these are sorted."""
        middle = int(self.bins[self.counts.argmax()]) if len(self.bins) else 0
        first, last = middle - _WINDOW // 2, middle + _WINDOW // 2
        near, far = [], []
        for bins in blocks:
            is_near = (first <= bins) & (bins <= last)
            near.append(bins[is_near])
            far.append(bins[~is_near])
        scale = self.scale
        self._add_near(near, first, last)
        bins = np.concatenate(far) >> (self.scale - scale)
        self.add(bins, np.ones_like(bins))


class Linear(Bins):
    """Bins that are `2**scale` wide."""

    form = "linear"

    def __init__(self) -> None:
        super().__init__(_LEAST_LINEAR)

    def bins_of_sizes(self, sizes: Array) -> Array:
        """Return how many bins are between zero and each size."""
        return (sizes * 2.0**-self.scale).astype("i8")

    def reach(self, bounds: Array) -> None:
        """Keep the number of every bin below 2**40."""
        _, exponents = np.frexp(bounds)
        self.widen(int(exponents.max()) - _LINEAR_BITS)


class Log(Bins):
    """Bins of `2**scale` doubles that follow each other."""

    form = "log"

    def __init__(self) -> None:
        super().__init__(_LEAST_LOG)

    def bins_of_sizes(self, sizes: Array) -> Array:
        """Return the leading bits of each size."""
        return (sizes.view("u8") >> np.uint64(self.scale)).view("i8")

    def reach(self, bounds: Array) -> None:
        """Do nothing: these bins reach any double."""


def _counted(known: Counter[Any], values: Array) -> Counter[Any] | None:
    """Count each value, beside those known before; None where they are too many."""
    counts = Counter(known)
    for rest in (values[:_FIRST], values[_FIRST:]):
        while len(rest):
            same = rest == rest[0]
            counts[rest[0].item() + 0] += int(np.count_nonzero(same))  # -0.0 is 0.0 here
            if len(counts) > MOST_VALUES:
                return None
            rest = rest[~same]  # noqa: PLW2901
    return counts


def _doubles(values: Array, bounds: Array) -> tuple[Array, Array]:
    """Return numbers, and their bounds, as doubles in the same bins."""
    if values.dtype.kind in "iu" and (bounds[0] < -_EXACT or bounds[1] > _EXACT):
        values, bounds = _towards_zero(values), _towards_zero(bounds)
    return values.astype("f8", copy=False), bounds.astype("f8")


def _towards_zero(values: Array) -> Array:
    """Make every integer one that is a double, in the same bin: none is so narrow as to differ."""
    up = np.where(values < 0, values + (2**_LOST_BITS - 1), values)
    return np.where(np.abs(values) > _EXACT, up >> _LOST_BITS << _LOST_BITS, values)


def _written(found: Iterable[tuple[Any, int]]) -> str:
    return " ".join(f"{one}:{count}" for one, count in found)
