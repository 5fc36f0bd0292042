"""Find the manifest of a table, and read it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from tablehost.contract.errors import ManifestError
from tablehost.files.names import MANIFEST_SUFFIX, usual_manifest
from tablehost.files.reading import read_regular

MAJOR = 1
MOST_BYTES = 1 << 28
"""No manifest is larger: one of a million failed items has half as much."""
_LONGEST_VERSION = 9

T = TypeVar("T")


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


def manifest_of(table: Path) -> tuple[Path, dict[str, Any]] | None:
    """Return the path and the content of a table's manifest; None where it has none.

    Args:
        table: the Parquet file.

    Raises:
        ManifestError: there is one, but it cannot be read.
    """
    try:
        place = find(table)
    except ManifestError:
        return None
    return place, read(place)


def read(path: Path) -> dict[str, Any]:
    """Return the content of a manifest; see `read_typed`."""
    return read_typed(path).content


def read_typed(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestError: it cannot be read, is not a strict JSON object, or is of a newer major
            version than this one.
    """
    try:
        text = read_regular(path, MOST_BYTES)
        content = json.loads(text, parse_constant=_refuse_constant)
    except OSError as error:
        msg = f"the manifest {path} cannot be read: {error.strerror}"
        raise ManifestError(msg) from error
    except (json.JSONDecodeError, UnicodeDecodeError, _NotStrict) as error:
        msg = f"the manifest {path} is not JSON: {error}"
        raise ManifestError(msg) from error
    except RecursionError as error:
        msg = f"the manifest {path} cannot be read: it is nested too deeply"
        raise ManifestError(msg) from error
    except ValueError as error:  # of `int`
        most = sys.get_int_max_str_digits()
        msg = f"the manifest {path} cannot be read: a number has more than {most} digits"
        raise ManifestError(msg) from error
    if not isinstance(content, dict):
        msg = f"the manifest {path} is not a JSON object"
        raise ManifestError(msg)
    _refuse_newer(content, path)
    return Manifest(content, hashlib.sha256(text).hexdigest())


def dig(found: Any, *names: str) -> Any:
    """Return a value deep in nested objects, or None where a step of the path is missing."""
    for name in names:
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found


def folder_digest(described: dict[str, Any]) -> str | None:
    """Return the digest of a descriptor, whether of a file, a folder or a selection of files."""
    found = map(described.get, ("sha256", "dir_hash1", "selection_hash1"))
    return next((one for one in found if isinstance(one, str)), None)


class Recorded(Generic[T]):
    """A value at one place of a manifest; None where it is missing or of another type."""

    def __init__(self, kind: type[T], *names: str) -> None:
        self.kind, self.names = kind, names

    def __get__(self, manifest: Manifest, owner: type[Manifest]) -> T | None:
        found = dig(manifest.content, *self.names)
        return found if isinstance(found, self.kind) else None


def _provenance(kind: type[T], *names: str) -> Recorded[T]:
    return Recorded(kind, "run_provenance", *names)


@frozen
class Manifest:
    """A manifest that was read: what tablehost knows of it, whichever tool wrote it.

    Every field is None where the manifest lacks it or has another type there; see `sections` for
    their meaning.

    Args:
        content: all of it, with keys that this version does not know.
        digest: the sha256 of its bytes; empty where there is no manifest.
    """

    content: dict[str, Any] = field(factory=dict)
    digest: str = ""

    schema = Recorded(str, "schema")
    status = Recorded(str, "run", "status")
    items = Recorded(dict, "run", "items")
    failed = Recorded(int, "run", "items", "failed")
    done_before = Recorded(int, "run", "items", "done_before")
    by_code = Recorded(list, "run", "items", "by_code")
    rows_of_others = Recorded(int, "run", "rows_of_others")
    checksums = Recorded(list, "run", "checksums")
    bytes = Recorded(int, "table", "bytes")
    table_sha256 = Recorded(str, "table", "sha256")
    rows = Recorded(int, "table", "rows")
    rows_digest = Recorded(str, "table", "rows_digest")
    columns = Recorded(list, "table", "columns")
    key = Recorded(list, "table", "key")
    tolerance = Recorded(dict, "table", "tolerance")
    run = Recorded(dict, "run")
    table = Recorded(dict, "table")
    args = _provenance(dict, "args")
    args_from = _provenance(dict, "args_from")
    inputs = _provenance(dict, "inputs")
    no_inputs = _provenance(bool, "no_inputs")
    outputs = _provenance(dict, "outputs")
    run_id = _provenance(str, "run_id")
    started_at = _provenance(str, "started_at")
    finished_at = _provenance(str, "finished_at")
    cwd = _provenance(str, "cwd")
    root = _provenance(str, "root", "path")
    entrypoint = _provenance(dict, "entrypoint")
    builder_file = _provenance(str, "entrypoint", "path")
    code = _provenance(dict, "code")
    plugin = _provenance(dict, "code", "plugin")
    builder = _provenance(str, "code", "plugin", "builder")
    distribution = _provenance(str, "code", "plugin", "distribution")
    version = _provenance(str, "code", "plugin", "version")
    modules = _provenance(dict, "code", "plugin", "modules")
    not_followed = _provenance(dict, "code", "plugin", "not_followed")
    host = _provenance(dict, "code", "host")
    tools = _provenance(dict, "code", "tools")
    packages = _provenance(dict, "code", "packages")
    environment = _provenance(dict, "environment")
    python = _provenance(str, "environment", "python")
    table_recipe = _provenance(str, "recipe", "table")
    item_recipes = _provenance(dict, "recipe", "item")
    item_version = _provenance(int, "recipe", "item_version")
    left_out = _provenance(list, "recipe", "left_out")
    parents = _provenance(list, "parents")
    replaces = _provenance(dict, "replaces")
    sessions = _provenance(list, "sessions")

    def with_options(self, now: Mapping[str, str]) -> Manifest:
        """Return the manifest with other names of options, by those that it records."""
        block = dict(self.content.get("run_provenance") or {})
        for part in ("args", "args_from", "inputs"):
            if isinstance(block.get(part), dict):
                block[part] = {now.get(name, name): one for name, one in block[part].items()}
        tools, recipe = dig(block, "code", "tools"), dig(block, "recipe", "left_out")
        if isinstance(tools, dict):
            named = {now.get(name, name): one for name, one in tools.items()}
            block["code"] = block["code"] | {"tools": named}
        if isinstance(recipe, list):
            left_out = [now.get(name, name) for name in map(str, recipe)]
            block["recipe"] = block["recipe"] | {"left_out": left_out}
        return Manifest(self.content | {"run_provenance": block}, self.digest)

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Return the items that failed, as far as they are recorded."""
        found = dig(self.content, "run", "failures")
        return [one for one in (found if isinstance(found, list) else []) if isinstance(one, dict)]

    def recipes_of(self, function: str) -> set[str]:
        """Return the digests of the item recipes of a function; one for each of its settings."""
        maps = dig(self.content, "run", "maps")
        known = [one for one in (maps if isinstance(maps, list) else []) if isinstance(one, dict)]
        found = {one.get("recipe") for one in known if one.get("function") == function}
        found = found or {(self.item_recipes or {}).get(function)}
        return {one for one in found if isinstance(one, str)}

    @property
    def table_file(self) -> dict[str, Any]:
        """Return the descriptor of the table's file; upstream's scripts called it `parquet`."""
        found = ((self.outputs or {}).get(name) for name in ("table", "parquet"))
        return next((one for one in found if isinstance(one, dict)), {})

    @property
    def table_path(self) -> str | None:
        """Return the path of the table's file, absolute or from the root."""
        path = self.table_file.get("path")
        return path if isinstance(path, str) else None

    @property
    def sha256(self) -> str | None:
        """Return the digest of the table's file."""
        found = (self.table_sha256, self.table_file.get("sha256"))
        return next((one for one in found if isinstance(one, str)), None)


def _refuse_newer(manifest: Mapping[str, Any], path: Path) -> None:
    block = manifest.get("run_provenance")
    schema = block.get("schema") if isinstance(block, dict) else None
    major = str(schema).rpartition("-v")[2] if schema else ""
    if major.isdecimal() and (len(major) > _LONGEST_VERSION or int(major) > MAJOR):
        msg = (
            f"the manifest {path} has {str(schema)[:60]}, newer than this tablehost reads "
            f"(v{MAJOR}); update tablehost"
        )
        raise ManifestError(msg)


class _NotStrict(Exception):
    pass


def _refuse_constant(name: str) -> None:
    msg = f"{name} is not strict JSON"
    raise _NotStrict(msg)
