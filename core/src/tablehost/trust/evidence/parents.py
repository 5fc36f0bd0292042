"""The tables with a manifest that a table was made of."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path

from tablehost.errors import ManifestError
from tablehost.manifest import find
from tablehost.trust.evidence.archive import Archive, claim_of
from tablehost.trust.evidence.inputs import Recorded
from tablehost.trust.evidence.subjects import Subject, subject


def parents(child: Subject, archive: Archive) -> list[Recorded]:
    """Return the inputs of a table that have a manifest, or had one when they were read.

    Args:
        child: the table.
        archive: finds those that are not at their place.
    """
    files = (one for one in archive.inputs(child) if one.told.get("kind") != "directory")
    return [one for one in files if claim_of(child, one) or _has_manifest(one.path)]


def with_parents(children: Iterable[Subject], archive: Archive) -> list[Subject]:
    """Return tables and after them, each once, those that they were made of, up to the first.

    Args:
        children: the tables.
        archive: finds parents that are not at their place.
    """
    found = {one.table.absolute(): one for one in children}
    pending = deque(found.values())
    while pending:
        for one in parents(pending.popleft(), archive):
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
