"""An input's own manifest, and whether the input still matches it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from tablehost import ManifestError, Refused, manifest_of


@frozen(kw_only=True)
class Origin:
    """What the manifest of an input records.

    Args:
        manifest: its path.
        teacher: the teacher model; None where it is not recorded.
        matches: whether the table has the recorded sha256; None where it is not recorded.
    """

    manifest: Path
    teacher: str | None
    matches: bool | None


def read_origin(path: Path, who: str, digest: Callable[[Path], str]) -> Origin | None:
    """Read the manifest of a table, if it has one.

    Args:
        path: of the table.
        who: what to call it in a message.
        digest: returns a file's sha256.

    Raises:
        Refused: there is one, but it cannot be read.
    """
    try:
        found = manifest_of(path)
    except ManifestError as error:
        problem = f"{who}: {error}; repair or remove it"
        raise Refused([problem]) from error
    if found is None:
        return None
    place, manifest = found
    teacher = manifest.get("teacher_model")
    table = manifest.get("table")
    sha256 = table.get("sha256") if isinstance(table, dict) else None
    return Origin(
        manifest=place,
        teacher=teacher if isinstance(teacher, str) and teacher.strip() else None,
        matches=digest(path) == sha256 if isinstance(sha256, str) else None,
    )
