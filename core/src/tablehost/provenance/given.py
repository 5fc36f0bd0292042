"""The paths that options give, looked at once: the one list that a run works with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import frozen

from tablehost.contract.roles import Labelled, Role, flag_of
from tablehost.files.parts import Parts, parts_of, single
from tablehost.options.record import values_by_role


@frozen
class Given:
    """A path that an option gives, and the files that it stands for.

    Args:
        role: what it means.
        option: whose it is.
        label: what is in front of it, if anything.
        path: as it was given.
        parts: the files.
        unreadable: why the path could not be looked at.
    """

    role: Role
    option: str
    label: str | None
    path: Path
    parts: Parts
    unreadable: str | None = None

    @property
    def flag(self) -> str:
        """Return the option's name on the command line."""
        return flag_of(self.option)


def given_paths(options: Any) -> tuple[Given, ...]:
    """Look at every input and tool that an options instance names."""
    return tuple(
        _looked_at(role, option, path, getattr(options, option))
        for role in (Role.INPUT_FILE, Role.INPUT_FILES, Role.INPUT_DIR, Role.TOOL)
        for option, path in values_by_role(options, role)
    )


def _looked_at(role: Role, option: str, path: Path, value: Any) -> Given:
    values = value if isinstance(value, tuple) else (value,)
    labels = (one.label for one in values if isinstance(one, Labelled) and one.value is path)
    label = next(labels, None)
    try:
        parts = parts_of(path) if role is Role.INPUT_FILES else single(path)
    except OSError as error:
        return Given(role, option, label, path, single(path), error.strerror)
    return Given(role, option, label, path, parts)
