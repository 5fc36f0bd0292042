"""JSON Schema (2020-12) of attrs classes: of a builder's options, and of manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

import attrs

from tablehost.contract.errors import BrokenBuilder
from tablehost.contract.roles import Labelled
from tablehost.options.fields import Option, options_of
from tablehost.options.grammar import Choice, Either, Keyed, Many, Pair, Scalar, TypeNode, parse

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_NULL = {"type": "null"}
_SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": ["number", "null"]},  # JSON has no NaN: it is written as null
    bool: {"type": "boolean"},
    type(None): _NULL,
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
        BrokenBuilder: a field has a type that JSON cannot represent.
    """
    hints = get_type_hints(cls, include_extras=True)
    fields = attrs.fields(cls)
    return {
        "type": "object",
        "properties": {
            field.name: _named(field, _schema(parse(hints[field.name]), f"{cls}.{field.name}"))
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
    schema = _schema(option.type, option.name) | {"description": option.help}
    if not option.required and not isinstance(option.default, Path | Labelled):
        default = option.default
        schema["default"] = list(default) if isinstance(default, tuple) else default
    return schema


def _schema(node: TypeNode, where: str) -> dict[str, Any]:
    found = _required(node, where)
    return found if not node.optional else {"anyOf": [*found.pop("anyOf", [found]), _NULL]}


def _required(node: TypeNode, where: str) -> dict[str, Any]:  # noqa: PLR0911  # a case a form
    match node:
        case Choice(values=values):
            return {"enum": list(values)}
        case Pair():
            return {"type": "string", "pattern": "^[^=]+=."}
        case Either(arms=arms):
            return {"anyOf": [_schema(arm, where) for arm in arms]}
        case Many(each=each):
            return {"type": "array", "items": _schema(each, where)}
        case Keyed(each=each):
            return {"type": "object", "additionalProperties": _schema(each, where)}
        case Scalar(type=kind) if kind in _SIMPLE:
            return dict(_SIMPLE[kind])
        case Scalar(type=kind) if attrs.has(kind):
            return fields_schema(kind)
        case Scalar(type=kind):
            msg = f"{where} has the type {kind!r}, which JSON cannot represent"
            raise BrokenBuilder(msg)
