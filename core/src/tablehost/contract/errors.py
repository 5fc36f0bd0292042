"""What can go wrong, and the exit code that each kind has.

    TablehostError             2    explained in a line, without a traceback
    ├── UsageError             2    the command line, environment or configuration is impossible
    ├── Refused                2    the run does not begin, and nothing was touched
    ├── Stopped                2    the run cannot go on; the earlier table is untouched
    ├── ManifestError          2    a manifest cannot be read or does not fit its schema
    ├── BrokenBuilder          3    the builder breaks the contract, or failed
    ├── Interrupted          130    SIGINT, SIGTERM or SIGHUP
    └── ...                    2    what other rooms add: a torn commit, a full disk, ...

`ItemFailed` is none of them: one item has no result, and the run goes on and ends with 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path


class TablehostError(Exception):
    """Any failure that the host explains in one line instead of a traceback.

    Args:
        problems: every problem found, one sentence each; not only the first.
        builder: the builder that the sentences name; None where they name none.
        report: the file that has the details, if there is one.

    Attributes:
        redact: removes secrets from what is shown of it, its traceback too.
    """

    exit_code = 2

    def __init__(
        self,
        problems: str | Iterable[str],
        *,
        builder: str | None = None,
        report: Path | None = None,
    ) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        self.builder = builder
        self.report = report
        self.redact: Callable[[str], str] = str
        super().__init__("\n".join(self.problems))


class UsageError(TablehostError):
    """The command line, the environment or the configuration asks for something impossible."""


class Refused(TablehostError):
    """Raised by a builder that declines to run, before its first item or row.

    Nothing was touched then. One that is raised later, such as for a value in mid-stream, reaches
    the user as `Stopped`: the same problems, and that no table was written.
    """


class Stopped(TablehostError):
    """A run cannot go on: no table is written, and finished items are kept."""


class BrokenBuilder(TablehostError):
    """A builder does not keep the contract, or failed while it built."""

    exit_code = 3


class ManifestError(TablehostError):
    """A manifest cannot be read or does not fit its schema."""


class Interrupted(TablehostError):
    """The run was asked to stop by SIGINT, SIGTERM or SIGHUP."""

    exit_code = 130


class ItemFailed(Exception):
    """Raised by an item function whose item cannot become a result.

    Args:
        reason: a word of a fixed set that the builder documents, such as `damaged`.
        detail: what was seen, for the person who looks into it.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
