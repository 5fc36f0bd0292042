"""The code that makes the items of one map: of its function, its settings and the items listed."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from tablehost.builders.builder import Builder
from tablehost.contract.errors import BrokenBuilder
from tablehost.items.identity import fields_of
from tablehost.provenance.item_modules import ItemModules


class ItemCode:
    """Which modules make the items of a map; a class that is in an item may decide its value.

    Args:
        builder: whose map it is.
        function: the item function.
        settings: what it is called with.
    """

    def __init__(self, builder: Builder, function: Callable[..., Any], settings: Any) -> None:
        self._function = function
        self._of = ItemModules.of(builder, function)
        self._classes: set[type] = set()
        self._known: dict[str, Path | None] = {}  # by module, its file if it is of these sources
        self._see(settings)

    def seen(self, items: Iterable[Any]) -> Iterable[Any]:
        """Return the items, whose modules count: those of all in a sequence, or of the first.

        An iterator is not used up here, since work starts before its end.
        """
        if isinstance(items, Sequence):
            for one in items:
                self._see(one)
            self._read()
            return items
        rest = iter(items)
        first = [*self._first(rest)]
        self._read()
        return chain(first, self._checked(rest))

    def _first(self, items: Iterator[Any]) -> Iterator[Any]:
        for one in items:
            self._see(one)
            yield one
            return

    def _read(self) -> None:
        found = self._of.closure(filter(None, self._known.values()))
        self.named = {name: path for name, (path, _) in found.items()}
        self.files = {path: one.sha256 for path, one in found.values()}
        self.modules = {name: found[name][1].code_sha256 for name in sorted(found)}

    def _checked(self, items: Iterator[Any]) -> Iterator[Any]:
        """Yield items, of which work may be under way under the digest of the code so far."""
        for one in items:
            for module in self._see(one):
                file = self._known[module]
                if file and file not in self.files:
                    msg = (
                        f"an item of {module} is listed after items of other modules, and "
                        f"{self._function.__module__}, which has {self._function.__qualname__}, "
                        "does not import it; import it there, or give run.map a list of the items"
                    )
                    raise BrokenBuilder(msg)
            yield one

    def _see(self, value: Any) -> list[str]:
        """Look at the classes in a value, and return the modules that are new among theirs."""
        pending, new = [value], list[str]()
        looked_at: dict[int, Any] = {}  # which keeps them, and so their ids
        while pending:
            one = pending.pop()
            kind = type(one)
            if kind in _PLAIN or id(one) in looked_at:
                continue
            looked_at[id(one)] = one
            if kind not in self._classes:
                self._classes.add(kind)
                modules = {cls.__module__ for cls in kind.__mro__} - self._known.keys()
                self._known |= {module: self._of.file(module) for module in modules}
                new += modules
            pending += _inside(one, own=self._known[kind.__module__] is not None)
        return new


_PLAIN = {type(None), bool, int, float, str, bytes}


def _inside(value: Any, *, own: bool) -> Iterable[Any]:
    """Return the values in another one; of a class of another package only if it has fields."""
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, dict):
        return chain(value.keys(), value.values())
    if isinstance(value, enum.Enum):
        return (value.value,)
    names = fields_of(value)
    if names is not None:
        return [getattr(value, name, None) for name in names]
    return vars(value).values() if own and hasattr(value, "__dict__") else ()
