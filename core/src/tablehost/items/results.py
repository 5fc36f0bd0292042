"""Results of items: flat attrs instances, stored in the ledger as readable JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs

from tablehost.contract.annotations import annotation_of
from tablehost.contract.errors import BrokenBuilder

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter


@cache
def _converter() -> JsonConverter:
    from cattrs.preconf.json import make_converter  # slow to import

    return make_converter()


def result_class(function: Callable[..., Any]) -> type:
    """Return the class that an item function's return annotation names.

    Raises:
        BrokenBuilder: it names no attrs class.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    try:
        found: type = annotation_of(function, "return")
    except NameError as error:
        msg = f"the return annotation of {name} cannot be resolved: {error}"
        raise BrokenBuilder(msg) from error
    if not attrs.has(found):
        msg = f"{name} must annotate its return value with the attrs class of its results"
        raise BrokenBuilder(msg)
    return found


def columns(cls: type) -> dict[str, str]:
    """Return the fields of a result class with their types' names; part of the item recipe."""
    return {field.name: str(field.type) for field in attrs.fields(attrs.resolve_types(cls))}


def encode(result: Any) -> str:
    """Write a result as JSON; NaN and infinities keep their names."""
    if not attrs.has(type(result)):
        msg = f"the result {result!r} is not an instance of an attrs class"
        raise TypeError(msg)
    return json.dumps(_converter().unstructure(result), ensure_ascii=False, separators=(",", ":"))


def decode(text: str, cls: type) -> Any:
    """Read what `encode` wrote."""
    return _converter().structure(json.loads(text), cls)
