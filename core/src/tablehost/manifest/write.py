"""Make a manifest: merge its parts, check it, write it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import cattrs
from cattrs.gen import make_dict_unstructure_fn, override

from tablehost.contract.errors import BrokenBuilder
from tablehost.manifest.sections import HostSections
from tablehost.options.json_schema import DIALECT, fields_schema
from tablehost.table.column import Column


def merge(fields: Any, sections: HostSections) -> dict[str, Any]:
    """Return the manifest: what `describe_manifest` returned, if anything, and the host's part."""
    own = to_plain(fields) if fields is not None else {}
    return own | to_plain(sections)


def check_fields(fields_class: type) -> None:
    """Check that a builder's manifest fields do not clash with the host's, before it works.

    Args:
        fields_class: what its `describe_manifest` returns.

    Raises:
        BrokenBuilder: a field has a name of the host's, or a type that JSON cannot carry.
    """
    host = {field.name for field in attrs.fields(HostSections)}
    clash = sorted(host & {field.name for field in attrs.fields(fields_class)})
    if clash:
        msg = (
            f"its manifest field {', '.join(map(repr, clash))} is tablehost's own; "
            f"give the field of {fields_class.__qualname__} another name"
        )
        raise BrokenBuilder(msg)
    fields_schema(fields_class)


def manifest_schema(fields_class: type | None) -> dict[str, Any]:
    """Return the JSON Schema of a builder's manifests.

    Args:
        fields_class: what its `describe_manifest` returns, or None without that hook.
    """
    host = fields_schema(HostSections)
    own = fields_schema(fields_class) if fields_class else {"properties": {}, "required": []}
    return {
        "$schema": DIALECT,
        "title": fields_class.__qualname__ if fields_class else "manifest",
        "type": "object",
        "properties": own["properties"] | host["properties"],
        "required": own["required"] + host["required"],
    }


def check(manifest: Mapping[str, Any], fields_class: type | None) -> None:
    """Check a manifest against its schema.

    Raises:
        BrokenBuilder: it does not fit; the message has the place.
    """
    from jsonschema import Draft202012Validator  # heavy, and only for writing

    problem = next(Draft202012Validator(manifest_schema(fields_class)).iter_errors(manifest), None)
    if problem is not None:
        msg = f"its manifest at {problem.json_path} is wrong: {problem.message}"
        raise BrokenBuilder(msg)


def to_json(value: Any) -> str:
    """Write strict JSON: sorted keys, two spaces, a newline at the end, null for NaN."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


def to_plain(value: Any) -> dict[str, Any]:
    """Return an attrs instance as JSON types."""
    found: dict[str, Any] = _jsonable(_converter().unstructure(value))
    return found


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    omit = override(omit_if_default=True)
    written = make_dict_unstructure_fn(Column, converter, missing=omit, histogram=omit, texts=omit)
    converter.register_unstructure_hook(Column, written)
    return converter


def _jsonable(value: Any) -> Any:
    """Return a value as JSON types: NaN and infinities null, paths text, tuples lists."""
    if isinstance(value, dict):
        return {str(key): _jsonable(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_jsonable(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
