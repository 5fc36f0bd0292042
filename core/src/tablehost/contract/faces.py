"""The public face of a package: its names, each imported when it is first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package whose names are imported on first use.

    Args:
        package: its `__name__`.
        homes: by public name, the module in the package that defines it.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807  # that of the package
        if name not in homes:
            msg = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)

    return __getattr__
