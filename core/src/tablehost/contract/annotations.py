"""Annotations of functions, one at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, get_type_hints


def annotation_of(function: Callable[..., Any], name: str) -> Any:
    """Resolve one annotation of a function; the others may be `TYPE_CHECKING`-only.

    A class that its module imports on first use, by a `__getattr__` of the module, is found too.

    Args:
        function: in whose globals the annotation is resolved.
        name: of an argument, or `return`.
    """
    holder = type("holder", (), {"__annotations__": {name: function.__annotations__.get(name)}})
    known = getattr(function, "__globals__", {})
    try:
        return get_type_hints(holder, globalns=known)[name]
    except NameError as error:
        module, missing = sys.modules.get(function.__module__), str(error.name)
        if not hasattr(module, missing):
            raise
        return get_type_hints(holder, known, {missing: getattr(module, missing)})[name]
