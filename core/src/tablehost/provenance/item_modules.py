"""The modules that make the items of a map: those that `run` loads, and what they are now."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from attrs import frozen

from tablehost.builders.builder import Builder
from tablehost.builders.locate import installed_file, module_of
from tablehost.provenance.sources import Content, Sources


@frozen
class ItemModules:
    """The modules that may make the items of a map.

    Args:
        function: the file of its item function.
        sources: the distribution of the item function, and that of the builder, first the one
            whose modules are imported where both have one of the same name.
    """

    function: Path
    sources: tuple[Sources, ...]

    @classmethod
    def of(cls, builder: Builder, function: Callable[..., Any]) -> ItemModules:
        """Return those of an item function of a builder."""
        file = _file_of(function.__module__)
        assert file is not None  # noqa: S101  # the function was found there
        own, its = Sources.of_builder(builder), Sources.of(builder, function.__module__, file)
        return cls(file, (its,) if its == own else (its, own))

    def file(self, module: str) -> Path | None:
        """Return the file of a module that was imported, or None for one of another package."""
        file = _file_of(module)
        return file if file and any(one.has(module, file) for one in self.sources) else None

    def closure(self, files: Iterable[Path]) -> dict[str, tuple[Path, Content]]:
        """Return by name the modules in some files and in that of the function, and their imports.

        Args:
            files: of these sources.
        """
        start = {self.function, *files}
        return _closure(
            (one, [path for path in start if path.is_relative_to(one.root) and one.owns(path)])
            for one in self.sources
        )


def item_modules_now(builder: Builder | Path, names: Iterable[str]) -> dict[str, str]:
    """Digest modules as they are now, and all that they import.

    Args:
        builder: the builder, or the file of one, which is read and never imported.
        names: of the modules, as `ItemModules` has named them.
    """
    own, start = Sources.of_builder(builder), dict[Sources, list[Path]]()
    for name in names:
        path = own.root / name
        if path.is_file() and own.owns(path):
            start.setdefault(own, []).append(path)
        elif (other := installed_file(name)) is not None:
            start.setdefault(Sources.of(builder, module_of(name), other), []).append(other)
    found = _closure(start.items())
    return {name: found[name][1].code_sha256 for name in sorted(found)}


def _closure(
    start: Iterable[tuple[Sources, Iterable[Path]]],
) -> dict[str, tuple[Path, Content]]:
    found: dict[str, tuple[Path, Content]] = {}
    for sources, files in start:
        for path, content in sources.imported(files).contents.items():
            found.setdefault(sources.named(path), (path, content))
    return found


def _file_of(module: str) -> Path | None:
    file = getattr(sys.modules.get(module), "__file__", None)
    return Path(file) if file else None
