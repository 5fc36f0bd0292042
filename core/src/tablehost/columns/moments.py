"""Mean and standard deviation of numbers, with the same bits however the numbers arrive.

They are computed over blocks of 8,192 numbers, counted from the first, and merged by Chan's method.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

BLOCK: Final = 8192
"""Numbers that make one term of mean and deviation."""

Array = np.ndarray[Any, Any]


class Moments:
    """Count, mean and sum of squared distances from it."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = 0.0
        self._squares = 0.0
        self._rest: Array | None = None

    def update(self, values: Array) -> None:
        """Take the next numbers in; all are finite."""
        if self._rest is not None:
            values = np.concatenate([self._rest, values])
        whole = len(values) - len(values) % BLOCK
        for start in range(0, whole, BLOCK):
            self._merge(values[start : start + BLOCK])
        self._rest = values[whole:].copy() if whole < len(values) else None

    def finish(self) -> tuple[float, float]:
        """Tell mean and standard deviation (of the population); there was at least one number."""
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
