"""When items ended and how busy workers were, in bins of time without the stops between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from tablehost.manifest.sections import Timeline

MOST_BINS: Final = 200


@frozen
class Ends:
    """Items that ended in the same second, after about as long.

    Args:
        at: when, on average, in seconds since 1970.
        done: how many have a result.
        failed: how many failed.
        seconds: how long they took, on average; 0 where that was not recorded.
    """

    at: float
    done: int
    failed: int
    seconds: float


def timeline_of(ends: Iterable[Ends]) -> Timeline | None:
    """Count ends in bins of one width, a second or as often the double as it takes."""
    done, failed, busy = Counter[int](), Counter[int](), Counter[int]()  # busy in milliseconds
    width = 1
    for some in ends:
        began = max(0.0, some.at - some.seconds)
        while len(busy) > MOST_BINS or some.at - began > MOST_BINS * width:
            width *= 2
            done, failed, busy = map(_halved, (done, failed, busy))
        last = int(some.at // width)
        done[last] += some.done
        failed[last] += some.failed
        for bin_, seconds in _spread(began, some.at, width):
            busy[bin_] += round((some.done + some.failed) * seconds * 1000)
    while len(busy) > MOST_BINS:
        width *= 2
        done, failed, busy = map(_halved, (done, failed, busy))
    bins = (f"{one}:{done[one]}:{failed[one]}:{busy[one] / 1000:g}" for one in sorted(busy))
    return Timeline(seconds=width, bins=" ".join(bins)) if busy else None


def _spread(began: float, ended: float, width: int) -> Iterator[tuple[int, float]]:
    """Yield the bins that a stretch of time is in, and how many seconds of it."""
    for one in range(int(began // width), int(ended // width) + 1):
        yield one, min(ended, (one + 1) * width) - max(began, one * width)


def _halved(counts: Counter[int]) -> Counter[int]:
    """Make one bin of every two."""
    found = Counter[int]()
    for one, count in counts.items():
        found[one // 2] += count
    return found
