"""JSON Schema (2020-12) of attrs classes: of a builder's options, and of manifests."""

from __future__ import annotations

import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from tablehost.contract.errors import BrokenBuilder
from tablehost.contract.roles import Labelled, bare
from tablehost.options.fields import Option, options_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": ["number", "null"]},  # JSON has no NaN: it is written as null
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Path: {"type": "string"},
    Any: {},
    object: {},
}


def options_schema(cls: type) -> dict[str, Any]:
    """Return the schema of an options class: what `args` of a manifest may hold."""
    options = options_of(cls)
    return {
        "$schema": DIALECT,
        "title": cls.__qualname__,
        "type": "object",
        "properties": {option.name: _option_schema(option) for option in options},
        "required": [option.name for option in options if option.required],
        "additionalProperties": False,
    }


def fields_schema(cls: type) -> dict[str, Any]:
    """Return the schema of an attrs class, in which unknown keys are allowed.

    A field with `metadata={"since": VERSION}` was added after the class's first release, and is
    optional: manifests of earlier versions lack it.

    Raises:
        BrokenBuilder: a field has a type that JSON cannot carry.
    """
    hints = get_type_hints(cls, include_extras=True)
    fields = attrs.fields(cls)
    return {
        "type": "object",
        "properties": {
            field.name: _named(field, _type_schema(hints[field.name], f"{cls}.{field.name}"))
            for field in fields
        },
        "required": [field.name for field in fields if "since" not in field.metadata],
    }


def _named(field: attrs.Attribute[Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Fix the value of the field `schema`, by which readers know a manifest's kind."""
    if field.name == "schema" and isinstance(field.default, str):
        return {"const": field.default}
    return schema


def _option_schema(option: Option) -> dict[str, Any]:
    schema = _type_schema(option.type, option.name) | {"description": option.help}
    if not option.required and not isinstance(option.default, Path | Labelled):
        default = option.default
        schema["default"] = list(default) if isinstance(default, tuple) else default
    return schema


def _type_schema(kind: Any, where: str) -> dict[str, Any]:  # noqa: PLR0911  # a case a kind
    kind = bare(kind)
    if kind in _SIMPLE:
        return dict(_SIMPLE[kind])
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is Labelled:
        return {"type": "string", "pattern": "^[^=]+=."}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_type_schema(arm, where) for arm in arguments]}
    if origin in (tuple, list):
        return {"type": "array", "items": _type_schema(arguments[0], where)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": _type_schema(arguments[1], where)}
    if attrs.has(kind):
        return fields_schema(kind)
    msg = f"{where} has the type {kind!r}, which JSON cannot carry"
    raise BrokenBuilder(msg)
