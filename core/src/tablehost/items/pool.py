"""Where the items of `run.map` are worked on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from tablehost.items.in_process import InProcess
from tablehost.items.task import Outcome, Task, Work
from tablehost.items.workers import Workers


class Pool(Protocol):
    """What does the work of maps, one map at a time."""

    count: int
    """How many items it works on at once."""

    def run(self, work: Work, tasks: Iterator[Task]) -> Iterator[list[Outcome]]:
        """Yield the outcomes of all tasks, in the order in which they end, as they come in.

        Raises:
            BrokenBuilder: the function cannot even be loaded where it runs.
            CodeChanged: what was loaded is other code than that of the work.
        """

    def stop(self) -> None:
        """End everything that is under way, at once."""


def pool_of(workers: int) -> Pool:
    """Return what works in so many processes; 0 is this one."""
    return Workers(workers) if workers else InProcess()
