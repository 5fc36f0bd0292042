"""The paths that options give, looked at once: the one list that a run works with."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from tablehost.contract.names import flag_of
from tablehost.files.parts import Parts, parts_of, single
from tablehost.options.record import GivenPath, paths_of


@frozen
class Given(GivenPath):
    """A path that an option gives, and the files that it stands for.

    Args:
        parts: the files.
        unreadable: why the path could not be looked at.
    """

    parts: Parts
    unreadable: str | None = None

    @property
    def flag(self) -> str:
        """Return the option's name on the command line."""
        return flag_of(self.option)


def given_paths(options: Any) -> tuple[Given, ...]:
    """Look at every input and tool that an options instance names."""
    return tuple(map(_looked_at, paths_of(options)))


def _looked_at(one: GivenPath) -> Given:
    where = (one.option, one.role, one.path, one.label)
    try:
        parts = parts_of(one.path) if one.role.content == "files" else single(one.path)
    except OSError as error:
        return Given(*where, single(one.path), error.strerror)
    return Given(*where, parts)
