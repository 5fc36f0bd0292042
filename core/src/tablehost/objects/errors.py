"""What a store does not give, and why."""

from __future__ import annotations

import errno

from tablehost.contract.errors import TablehostError


class StoreError(TablehostError, OSError):
    """A store does not give an object; where nothing handles it, it is one line and exit 2."""

    def __init__(self, number: int, said: str, url: str) -> None:
        OSError.__init__(self, number, said, url)
        self.problems = [f"{url} cannot be read: {said}"]
        self.builder = self.report = None

    def __str__(self) -> str:
        return self.problems[0]


class NoObject(StoreError, FileNotFoundError):
    """A store has no such object."""

    def __init__(self, url: str) -> None:
        super().__init__(errno.ENOENT, "the store has no such object", url)


class Replaced(TablehostError):
    """An object is not the one that was looked at."""
