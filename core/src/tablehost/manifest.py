"""The manifest: its own sections, and how it is merged, checked, written and read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import attrs
import cattrs
from attrs import frozen

from tablehost.build import Failure, Session
from tablehost.errors import BrokenBuilder, ManifestError
from tablehost.output import MANIFEST_SUFFIX, usual_manifest
from tablehost.schema import DIALECT, fields_schema

MAJOR = 1


@frozen(kw_only=True)
class ItemCounts:
    """How many items this session had, and what became of them."""

    total: int
    done_before: int
    ok: int
    failed: int
    removed: int


@frozen(kw_only=True)
class RunSection:
    """Whether everything that was asked for is in the table."""

    status: Literal["complete", "partial"]
    items: ItemCounts
    failures: tuple[Failure, ...]


@frozen(kw_only=True)
class Column:
    """One column of the table: what it is and what is in it.

    Args:
        name: the column's name.
        type: its logical type.
        digest: of its values, as `tablehost.columns.digests` defines it.
        nulls: how many rows have no value.
        nan: how many are NaN.
        inf: how many are infinite, of either sign.
        min: the least finite value of a column of numbers; of dates and timestamps, as ISO text.
        max: the greatest.
        mean: of numbers; None also where it is too large to tell.
        std: of numbers, their standard deviation as a population.
    """

    name: str
    type: str
    digest: str
    nulls: int
    nan: int
    inf: int
    min: int | float | str | None
    max: int | float | str | None
    mean: float | None
    std: float | None


@frozen(kw_only=True)
class Invariant:
    """Something that must hold of every table, and whether it does."""

    name: str
    ok: bool


@frozen(kw_only=True)
class TableSection:
    """The table's bytes, rows and columns."""

    sha256: str
    bytes: int
    rows: int
    rows_digest: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] | None
    tolerance: dict[str, float]
    writer: str
    invariants: tuple[Invariant, ...]


@frozen(kw_only=True)
class RootSection:
    """The folder that relative paths start from."""

    path: str
    kind: Literal["git", "folder"]
    outside: int


@frozen(kw_only=True)
class Code:
    """The code that made the table."""

    plugin: dict[str, Any]
    host: dict[str, Any]
    tools: dict[str, Any]
    packages: dict[str, str]


@frozen(kw_only=True)
class Environment:
    """The machine that made the table."""

    python: str
    platform: str
    cpu: str


@frozen(kw_only=True)
class Recipe:
    """What decides the table, as digests.

    Args:
        table: of the semantic options, the digests of all inputs and the item recipes.
        item: by item function, of what beside the item and its file decides a row.
        left_out: options that are in no recipe.
    """

    table: str
    item: dict[str, str]
    left_out: tuple[str, ...]


@frozen(kw_only=True)
class Parent:
    """A table among the inputs that has a manifest of its own."""

    option: str
    path: str
    run_id: str | None
    table_sha256: str | None
    manifest_sha256: str


@frozen(kw_only=True)
class Replaced:
    """The manifest that stood here before, kept in the output's history."""

    run_id: str | None
    manifest_sha256: str


@frozen(kw_only=True)
class RunProvenance:
    """How the table was made: enough to ask whether it still is that, and to make it again."""

    schema: str = "ai-run-provenance-v1"
    entrypoint: dict[str, Any]
    argv: tuple[str, ...]
    args: dict[str, Any]
    args_from: dict[str, str]
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    run_id: str
    started_at: str
    finished_at: str
    cwd: str
    root: RootSection
    code: Code
    environment: Environment
    recipe: Recipe
    parents: tuple[Parent, ...]
    replaces: Replaced | None
    sessions: tuple[Session, ...]
    redacted: tuple[str, ...]


@frozen(kw_only=True)
class HostSections:
    """What the host adds to every manifest."""

    run: RunSection
    table: TableSection
    run_provenance: RunProvenance


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
