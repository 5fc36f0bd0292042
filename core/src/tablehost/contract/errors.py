"""What can go wrong, and the exit code that each kind has."""

from __future__ import annotations

from collections.abc import Iterable


class TablehostError(Exception):
    """Any failure that the host explains in one line instead of a traceback."""

    exit_code = 2


class UsageError(TablehostError):
    """The command line, the environment or the configuration asks for something impossible."""


class Refused(TablehostError):
    """Say "I will not" before the first item or row: exit 2, nothing touched.

    Args:
        problems: every problem found, one sentence each; not only the first.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class BrokenBuilder(TablehostError):
    """A builder does not keep the contract, or failed while it built."""

    exit_code = 3


class ManifestError(TablehostError):
    """A manifest cannot be read or does not fit its schema."""


class Interrupted(TablehostError):
    """The run was asked to stop by SIGINT or SIGTERM."""

    exit_code = 130


class ItemFailed(Exception):
    """Say that one item of `run.map` cannot become a result.

    Args:
        reason: a word of a fixed set that the builder documents, such as `damaged`.
        detail: what was seen, for the person who looks into it.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
