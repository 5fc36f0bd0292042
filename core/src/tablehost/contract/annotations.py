"""Annotations of functions, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_type_hints


def annotation_of(function: Callable[..., Any], name: str) -> Any:
    """Resolve one annotation of a function; the others may be `TYPE_CHECKING`-only.

    Args:
        function: in whose globals the annotation is resolved.
        name: of an argument, or `return`.
    """
    holder = type("holder", (), {"__annotations__": {name: function.__annotations__.get(name)}})
    return get_type_hints(holder, globalns=getattr(function, "__globals__", {}))[name]
