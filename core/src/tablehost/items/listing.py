"""From what a builder lists to tasks: the name, the files and the own values of each item."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from tablehost.contract.errors import BrokenBuilder
from tablehost.contract.run import Inputs
from tablehost.items.identity import identity_of
from tablehost.items.task import Task, pickled_for_workers
from tablehost.options.fields import check_frozen


@frozen
class Listing:
    """How the items of a map are named, and what distinguishes them.

    Args:
        key: the name of an item.
        input: the files and folders that it reads, if any.
        identity: what of it decides its result; None for all of it.
    """

    key: Callable[[Any], str]
    input: Callable[[Any], Inputs] | None = None
    identity: Callable[[Any], Any] | None = None

    def task(self, item: Any) -> Task:
        """Return the task of an item, as it is at this moment.

        Raises:
            BrokenBuilder: its key, an input or a value is not what `run.map` takes.
        """
        name = self.key(item)
        if not isinstance(name, str):
            msg = f"the key of {item!r} is {name!r}; a key is a string"
            raise BrokenBuilder(msg)
        cls: Any = type(item)
        if attrs.has(cls):
            check_frozen(cls, "item class")
        paths = self._paths(item, name)
        what = f"item {name!r}" if self.identity is None else f"the identity of item {name!r}"
        value = item if self.identity is None else self.identity(item)
        identity = identity_of(value, paths, what)
        return Task(name, pickled_for_workers(item, f"item {name!r}"), identity, paths)

    def _paths(self, item: Any, name: str) -> tuple[Path, ...]:
        found = self.input(item) if self.input else ()
        paths = found if isinstance(found, tuple) else () if found is None else (found,)
        for path in paths:
            if not isinstance(path, Path):
                msg = f"the input of item {name!r} is {found!r}; return a Path, or a tuple of them"
                raise BrokenBuilder(msg)
        return paths
