"""A loaded builder, and how the file of one is imported."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from pathlib import Path
from types import CodeType
from typing import Any

from attrs import frozen

from tablehost.contract.errors import UsageError


@frozen
class Builder:
    """A loaded builder.

    Args:
        name: its name.
        distribution: what was pip-installed, or None for a builder of one file.
        version: the distribution's version, or None.
        module: the module that implements the hooks.
        file: the builder's own file where it is run from one.
        hooks: pluggy's relay, with this one builder behind it.
        options_class: the annotation of `options` in its `build_table`.
        find_fields_class: resolves the return annotation of its `describe_manifest`; `--help` has
            no use for it.
    """

    name: str
    distribution: str | None
    version: str | None
    module: Any
    file: Path | None
    hooks: Any
    options_class: type
    find_fields_class: Callable[[], type | None]

    def __str__(self) -> str:
        origin = f"{self.distribution} {self.version}" if self.distribution else str(self.file)
        return f"{self.name} ({origin})"

    @property
    def fields_class(self) -> type | None:
        """Return the return annotation of its `describe_manifest`, or None without that hook."""
        return self.find_fields_class()

    @property
    def item_version(self) -> int:
        """Return what the builder declares as `ITEM_VERSION`; raise it when rows change."""
        return int(getattr(self.module, "ITEM_VERSION", 1))

    @property
    def summary(self) -> str:
        """Return the first line of the options class's docstring."""
        return (self.options_class.__doc__ or "").strip().partition("\n")[0]


class _FromSource(SourceFileLoader):
    """Compiles a file each time: what stands in `__pycache__` may be anything."""

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


_beside: set[str] = set()
"""The folders of the builders of one file that were imported."""


def load_module(file: Path) -> Any:
    """Import a builder's file under its own name, so that worker processes find it again.

    It may import the modules beside it, which come after all others.
    """
    name = file.stem
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(file):
        return known
    loader = _FromSource(name, str(file))
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    if known is not None or spec is None or spec.loader is None:
        msg = f"{file}: a module {name} exists already; give the file another name"
        raise UsageError(msg)
    _make_importable(str(file.parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _make_importable(folder: str) -> None:
    if folder not in sys.path:
        sys.path.append(folder)
    _beside.add(folder)
    if _find_beside not in sys.path_hooks:
        sys.path_hooks.insert(0, _find_beside)
    for known in [path for path in sys.path_importer_cache if _is_beside(path)]:
        del sys.path_importer_cache[known]


def _find_beside(path: str) -> FileFinder:
    """Find modules beside a builder, to be compiled each time; a hook of `sys.path_hooks`."""
    if not (_is_beside(path) and Path(path).is_dir()):  # `runpy` asks for files, too
        raise ImportError(path)
    loaders = (ExtensionFileLoader, EXTENSION_SUFFIXES), (_FromSource, SOURCE_SUFFIXES)
    return FileFinder(path, *loaders)


def _is_beside(path: str) -> bool:
    """Return whether a folder is a builder's, or in it and no other place of modules."""
    places = (one for one in {*sys.path, *_beside} if path == one or path.startswith(f"{one}/"))
    return max(places, key=len, default="") in _beside
