"""The manifest: how it is merged, checked, written, found and read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import cattrs

from tablehost.errors import BrokenBuilder, ManifestError
from tablehost.output import MANIFEST_SUFFIX, usual_manifest
from tablehost.schema import DIALECT, fields_schema
from tablehost.sections import HostSections

MAJOR = 1


def merge(fields: Any, sections: HostSections) -> dict[str, Any]:
    """Return the manifest: the builder's fields and the host's sections.

    Args:
        fields: what `describe_manifest` returned, or None.
        sections: the host's part.
    """
    own = plain(fields) if fields is not None else {}
    return own | plain(sections)


def check_fields(fields_class: type) -> None:
    """Look whether a builder's manifest fields can stand beside the host's, before it works.

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


def check(manifest: Mapping[str, Any], fields_class: type | None, who: str) -> None:
    """Hold a manifest against its schema.

    Raises:
        BrokenBuilder: it does not fit, said with the place in it.
    """
    from jsonschema import Draft202012Validator  # noqa: PLC0415  # heavy, and only for writing

    problem = next(Draft202012Validator(manifest_schema(fields_class)).iter_errors(manifest), None)
    if problem is not None:
        msg = f"builder {who}: its manifest at {problem.json_path} is wrong: {problem.message}"
        raise BrokenBuilder(msg)


def to_json(value: Any) -> str:
    """Write strict JSON: sorted keys, two spaces, a newline at the end, null for NaN."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


def plain(value: Any) -> dict[str, Any]:
    """Return an attrs instance in what JSON can say."""
    found: dict[str, Any] = _jsonable(_converter().unstructure(value))
    return found


def find(path: Path) -> Path:
    """Return the manifest that belongs to a path: of a table, or a manifest itself.

    `runs/k150k.manifest.json`, which older tools wrote, is accepted for `runs/k150k.parquet`.

    Raises:
        ManifestError: there is none.
    """
    if path.name.endswith(MANIFEST_SUFFIX) and path.is_file():
        return path
    for candidate in (usual_manifest(path), path.with_suffix(MANIFEST_SUFFIX)):
        if candidate.is_file():
            return candidate
    there = "has no manifest" if path.exists() else "does not exist"
    msg = f"{path} {there}; looked for {usual_manifest(path).name} beside it"
    raise ManifestError(msg)


def read(path: Path) -> dict[str, Any]:
    """Read a manifest.

    Raises:
        ManifestError: it cannot be read, is not strict JSON, is no object, or is of a newer major
            version than this one.
    """
    try:
        manifest = json.loads(path.read_bytes(), parse_constant=_refuse_constant)
    except OSError as error:
        msg = f"the manifest {path} cannot be read: {error.strerror}"
        raise ManifestError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"the manifest {path} is not JSON: {error}"
        raise ManifestError(msg) from error
    if not isinstance(manifest, dict):
        msg = f"the manifest {path} is not a JSON object"
        raise ManifestError(msg)
    _refuse_newer(manifest, path)
    return manifest


def dig(found: Any, *names: str) -> Any:
    """Return what stands deep in a manifest, or None where the way ends before."""
    for name in names:
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found


def folder_digest(described: dict[str, Any]) -> str | None:
    """Return the one digest of a descriptor, of whichever kind it is."""
    for name in ("sha256", "dir_hash1", "selection_hash1"):
        found = described.get(name)
        if isinstance(found, str):
            return found
    return None


def _refuse_newer(manifest: Mapping[str, Any], path: Path) -> None:
    block = manifest.get("run_provenance")
    schema = block.get("schema") if isinstance(block, dict) else None
    major = str(schema).rpartition("-v")[2] if schema else ""
    if major.isdecimal() and int(major) > MAJOR:
        msg = (
            f"the manifest {path} has {schema}, newer than this tablehost reads (v{MAJOR}); "
            "update tablehost"
        )
        raise ManifestError(msg)


def _refuse_constant(name: str) -> None:
    msg = f"{name} is not strict JSON"
    raise ValueError(msg)


@cache
def _converter() -> cattrs.Converter:
    return cattrs.Converter()


def _jsonable(value: Any) -> Any:
    """Return a value as JSON has it: NaN and infinities null, paths text, tuples lists."""
    if isinstance(value, dict):
        return {str(key): _jsonable(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_jsonable(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
