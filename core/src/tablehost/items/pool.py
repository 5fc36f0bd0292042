"""Where the items of `run.map` are worked on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from tablehost.contract.errors import Refused, TablehostError
from tablehost.items.in_process import InProcess
from tablehost.items.task import Outcome, Task, Work
from tablehost.items.workers import Workers
from tablehost.manifest.sections import HostOfItems


class Pool(Protocol):
    """What does the work of maps, one map at a time."""

    @property
    def count(self) -> int:
        """Return how many items it works on at once."""

    @property
    def hosts(self) -> Sequence[HostOfItems]:
        """Return what each host has done; nothing where all is done on this one."""

    def run(self, work: Work, tasks: Iterator[Task]) -> Iterator[list[Outcome]]:
        """Yield the outcomes of all tasks, in the order in which they end, as they come in.

        Raises:
            BrokenBuilder: the function cannot even be loaded where it runs.
            CodeChanged: what was loaded is other code than that of the work.
        """

    def stop(self) -> None:
        """End everything that is under way, at once."""


def pool_of(workers: int, scheduler: str | None = None) -> Pool:
    """Return what works in so many processes of this machine, or on the workers of a scheduler.

    Args:
        workers: how many; 0 for this process.
        scheduler: its address, or the Python file of an engine.

    Raises:
        Refused: the scheduler cannot be used.
    """
    if scheduler is not None:
        return _remote(scheduler)
    return Workers(workers) if workers else InProcess()


def _remote(scheduler: str) -> Pool:
    if scheduler.endswith(".py"):
        return _of_file(Path(scheduler))
    from tablehost.items.dask_engine import connect

    return connect(scheduler)


def _of_file(file: Path) -> Pool:
    """Return what `connect()` of a file returns."""
    from tablehost.builders.builder import load_module

    if not file.is_file():
        msg = f"--scheduler: {file} does not exist"
        raise Refused(msg)
    try:
        pool: Pool = load_module(file.absolute()).connect()
    except TablehostError:
        raise
    except Exception as error:  # it may raise anything
        msg = f"--scheduler: {file} cannot connect: {type(error).__name__}: {error}"
        raise Refused(msg) from error
    return pool
