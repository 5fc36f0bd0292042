"""Find the manifest of a table, and read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tablehost.contract.errors import ManifestError
from tablehost.files.names import MANIFEST_SUFFIX, usual_manifest

MAJOR = 1


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
    """Return where the manifest of a table is, and what it says; None where it has none.

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


def maker(found: dict[str, Any]) -> str | None:
    """Return the name of the builder that a manifest says it was made by."""
    name = dig(found, "run_provenance", "code", "plugin", "builder")
    return name if isinstance(name, str) else None


def item_recipes(found: dict[str, Any]) -> dict[str, str]:
    """Return the item recipes that a manifest names, by item function."""
    recipes = dig(found, "run_provenance", "recipe", "item")
    return recipes if isinstance(recipes, dict) else {}
