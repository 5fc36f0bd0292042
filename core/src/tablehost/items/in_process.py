"""Where work runs with `--workers 0`: the host's own process, for tests, debuggers and coverage.

Items are checked, sent and failed as in workers; what no process survives, such as SIGKILL or
`os._exit`, ends the host too.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define

from tablehost.contract.build import Failure
from tablehost.contract.errors import BrokenBuilder, TablehostError
from tablehost.items.attempt import LoadedWork, attempt, load_work
from tablehost.items.task import Outcome, Task, Work


@define
class InProcess:
    """One item at a time in this process."""

    count: int = 1

    hosts = ()

    def run(self, work: Work, tasks: Iterator[Task]) -> Iterator[list[Outcome]]:
        """Yield the outcome of each task; see `Pool.run`."""
        loaded = _loaded(work)
        for task in tasks:
            yield [_ended(loaded, task)]

    def stop(self) -> None:
        """Do nothing: no process is left."""


def _loaded(work: Work) -> LoadedWork:
    try:
        return load_work(work)
    except TablehostError:
        raise
    except (Exception, SystemExit) as error:  # as a worker reports it
        msg = f"{work.module}.{work.qualname} cannot be loaded: {error!r}"
        raise BrokenBuilder(msg) from error


def _ended(work: LoadedWork, task: Task) -> Outcome:
    try:
        return attempt(work, task)
    except SystemExit as error:  # a worker would have ended
        failure = Failure(task.key, "worker-killed", f"exit code {error.code}")
        return Outcome(task.key, task.identity, failure=failure)
