"""An input's own manifest, and whether the input still matches it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tablehost import ManifestError, Refused, manifest_of
from tablehost_combine.fields import OwnManifest


def read_own_manifest(
    path: Path, who: str, digest: Callable[[Path], str]
) -> tuple[OwnManifest | None, str | None]:
    """Read the manifest of a table, if it has one.

    Args:
        path: of the table.
        who: what to call it in a message.
        digest: returns a file's sha256.

    Returns:
        The manifest, and the teacher model that it records; None for what there is not.

    Raises:
        Refused: there is one, but it cannot be read.
    """
    try:
        found = manifest_of(path)
    except ManifestError as error:
        problem = f"{who}: {error}; repair or remove it"
        raise Refused([problem]) from error
    if found is None:
        return None, None
    place, manifest = found
    teacher = manifest.get("teacher_model")
    table = manifest.get("table")
    sha256 = table.get("sha256") if isinstance(table, dict) else None
    matches = digest(path) == sha256 if isinstance(sha256, str) else None
    known = isinstance(teacher, str) and teacher.strip()
    return OwnManifest(path=str(place), matches=matches), teacher if known else None
