"""Where an installed module is, found without importing it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, all_suffixes
from pathlib import Path

SUFFIXES = tuple(all_suffixes())
"""What the name of a module's file ends with."""


def installed_file(name: str) -> Path | None:
    """Return the file of an installed module, or None where there is none.

    Args:
        name: of the file, from the folder that its package is in: `package/module.py`.
    """
    places = (place / name for place in _places(module_of(name).partition(".")[0]))
    return next(filter(Path.is_file, places), None)


def place_of_module(name: str) -> Path | None:
    """Return the file or folder of a module that is in no package, or None where it has none."""
    spec = _spec(name)
    places = [*(spec.submodule_search_locations or ()), spec.origin] if spec is not None else []
    return next((Path(one) for one in places if one and Path(one).exists()), None)


def module_of(name: str) -> str:
    """Return the module whose file has a name."""
    suffix = max(filter(name.endswith, SUFFIXES), key=len, default="")
    return name.removesuffix(suffix).removesuffix("/__init__").replace("/", ".")


def _places(package: str) -> Iterator[Path]:
    """Yield the folders in which a package, or a module that is in none, would be found."""
    spec = _spec(package)
    if spec is not None and spec.submodule_search_locations is not None:
        yield from (Path(one).parent for one in spec.submodule_search_locations)
    elif spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent


def _spec(package: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
