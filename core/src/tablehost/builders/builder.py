"""A loaded builder, and how the file of one is imported."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
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


def load_module(file: Path) -> Any:
    """Import a builder's file under its own name, so that worker processes find it again."""
    name = file.stem
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(file):
        return known
    loader = _FromSource(name, str(file))
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    if known is not None or spec is None or spec.loader is None:
        msg = f"{file}: a module {name} exists already; give the file another name"
        raise UsageError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
