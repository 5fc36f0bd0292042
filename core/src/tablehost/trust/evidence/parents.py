"""The tables with a manifest that a table was made of."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path

from tablehost.errors import ManifestError
from tablehost.manifest import find
from tablehost.trust.evidence.archive import claim_of, in_place
from tablehost.trust.evidence.inputs import Recorded, recorded
from tablehost.trust.evidence.subjects import Subject, subject


def inputs_elsewhere(child: Subject) -> list[Recorded]:
    """Return the inputs of a table but for the one that it was written over."""
    return [one for one in recorded(child) if not in_place(child, one)]


def parents(child: Subject) -> list[Recorded]:
    """Return the inputs of a table that have a manifest, or had one when they were read."""
    files = (one for one in inputs_elsewhere(child) if one.told.get("kind") != "directory")
    return [one for one in files if claim_of(child, one) or _has_manifest(one.path)]


def with_parents(children: Iterable[Subject]) -> list[Subject]:
    """Return tables and after them, each once, those that they were made of, up to the first."""
    found = {one.table.absolute(): one for one in children}
    pending = deque(found.values())
    while pending:
        for one in parents(pending.popleft()):
            place = one.path.absolute()
            if place not in found and (place.exists() or _has_manifest(place)):
                found[place] = subject(one.path)
                pending.append(found[place])
    return list(found.values())


def _has_manifest(table: Path) -> bool:
    try:
        return find(table).is_file()
    except ManifestError:
        return False
