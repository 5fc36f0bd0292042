"""Some items of every map, drawn by a seed: a check of a table that took days to build."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from attrs import define

Item = TypeVar("Item")

_MISSED = 0.05


@define
class Sample:
    """The items of every map that a run does instead of all.

    A map of no more items than wanted is done whole.

    Args:
        wanted: items of every map.
        seed: the same one draws the same items, in any order of them.
        leave_out: keys of items that are not drawn.
        drawn: items of the largest map that were drawn.
        of: items that they were drawn from.
    """

    wanted: int
    seed: int = 0
    leave_out: Collection[str] = ()
    drawn: int = 0
    of: int = 0

    def draw(self, items: Iterable[Item], key: Callable[[Item], str]) -> list[Item]:
        """Draw from the items of one map."""
        ordered = sorted((item for item in items if key(item) not in self.leave_out), key=key)
        drawn = random.Random(self.seed).sample(ordered, min(self.wanted, len(ordered)))
        if len(ordered) > self.of:
            self.drawn, self.of = len(drawn), len(ordered)
        return drawn


def caught(drawn: int, of: int) -> float:
    """Return the least share of bad ones of which a sample holds one with 95 % probability.

    It is exact, by the hypergeometric distribution; for a small sample of many items it is near to
    `3 / drawn`, the rule of three.

    Args:
        drawn: how many were looked at, each once; 1 or more.
        of: how many there are.
    """
    missed, bad = 1.0, 0
    while missed > _MISSED:
        missed *= (of - drawn - bad) / (of - bad)  # one more that is not among the drawn
        bad += 1
    return bad / of
