"""The manifests at hand, found by the digests of what they describe."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Any

from attrs import evolve

from tablehost.commit.output import Output
from tablehost.contract.errors import ManifestError, TablehostError
from tablehost.files.names import HISTORY_SUFFIX, MANIFEST_SUFFIX
from tablehost.manifest.read import dig, find
from tablehost.objects.path import ObjectPath, as_path, is_url
from tablehost.trust.evidence.inputs import RecordedInput, inputs_of, listed
from tablehost.trust.evidence.places import locate_file
from tablehost.trust.evidence.subject import Subject, recorded, subject


class Archive:
    """Every manifest that was read, current ones and those in histories, each once.

    Args:
        tables: those that are known already.
    """

    def __init__(self, tables: Iterable[Subject] = ()) -> None:
        self._lock = RLock()  # tables are verified in parallel
        self._tables = {one.table.absolute(): one for one in tables}
        self._by_manifest: dict[Path, Subject] = {}
        self._by_digest: dict[tuple[str, str | None], Subject] = {}
        self._searched: set[Path] = set()
        for one in self._tables.values():
            self._add(one)

    def table(self, path: Path) -> Subject:
        """Return the table at a path.

        Raises:
            UsageError: the path does not exist, or is a folder.
        """
        place = path.absolute()
        if place not in self._tables:
            self._tables[place] = subject(path)
            self._add(self._tables[place])
        return self._tables[place]

    def search(self, folder: Path) -> None:
        """Read the manifests in a folder, given absolute, and in the histories there."""
        if folder in self._searched or not os.access(folder, os.R_OK):
            return
        self._searched.add(folder)
        places = sorted(folder.iterdir())
        for place in places:
            new = place.name.endswith(MANIFEST_SUFFIX) and place not in self._by_manifest
            if new and place.is_file():
                self._add(subject(place))
        for place in places:
            if place.name.endswith(HISTORY_SUFFIX):
                self._search_history(place)

    def parent(self, child: Subject, one: RecordedInput) -> Subject | None:
        """Return the table that an input was; None where its manifest is not at hand."""
        if one.is_folder:
            return None
        if not isinstance(one.path, ObjectPath):  # only manifests on a file system are searched
            self._search_beside(one.path)
        claim, sha256 = claim_of(child, one), one.descriptor.get("sha256")
        wanted = {
            "manifest": claim.get("manifest_sha256"),
            "run": claim.get("run_id"),
            "table": sha256,
        }
        for kind, digest in wanted.items():
            found = self._by_digest.get((kind, digest)) if isinstance(digest, str) else None
            if found is None or found.place == child.place:
                continue  # a table is not made of itself, though an edit may leave it as it was
            if sha256 is None or found.manifest.sha256 in (None, sha256):
                return found
        return None

    def inputs(self, child: Subject) -> list[RecordedInput]:
        """Return the inputs of a table, except for the one that it was written over.

        A table that is not in its place is found by its digest in the folder of the child.
        """
        return [self._found(child, one) for one in inputs_of(child) if not in_place(child, one)]

    def _found(self, child: Subject, one: RecordedInput) -> RecordedInput:
        if isinstance(one.path, ObjectPath) or os.path.exists(one.path):  # noqa: PTH110  # False where one may not look
            return one
        with self._lock:
            self.search(child.table.absolute().parent)
            parent = self.parent(child, one)
        if parent is None or parent.in_history or not parent.table.is_file():
            return one
        return evolve(one, path=parent.table, former=one.path)

    def _add(self, table: Subject) -> None:
        if table.place is None or table.problem:
            return
        place = table.place.absolute()
        if place not in self._by_manifest:
            self._by_manifest[place] = table
            named = table.manifest
            digests = {"manifest": named.digest, "run": named.run_id, "table": named.sha256}
            for name in digests.items():
                self._by_digest.setdefault(name, table)

    def _search_beside(self, table: Path) -> None:
        """Read the manifest of a table and those of its history."""
        if table in self._searched:
            return
        self._searched.add(table)
        with suppress(TablehostError, OSError):  # nothing is there any more
            self.table(table)
        with suppress(TablehostError, OSError):
            self._search_history(Output.at(table).history)

    def _search_history(self, folder: Path) -> None:
        table = folder.with_name(folder.name.removesuffix(HISTORY_SUFFIX))
        for place in sorted(folder.glob(f"*{MANIFEST_SUFFIX}")):
            self._add(recorded(table, place))


def claim_of(child: Subject, one: RecordedInput) -> dict[str, Any]:
    """Return what a manifest records of an input that was itself a table with a manifest.

    Returns:
        With `manifest_sha256`, and perhaps `run_id` and `table_sha256`; empty where it was none.
    """
    former = _former(child.manifest.root, one.descriptor["path"])
    name = os.path.basename(former)  # noqa: PTH119  # decides for most of a thousand claims
    for claim in _claims(child):
        path = claim["path"]
        if path.endswith(name) and _former(child.manifest.root, path) == former:
            return claim
    return (child.manifest.replaces or {}) if in_place(child, one) else {}


def tables_in(child: Subject, folder: RecordedInput) -> list[RecordedInput]:
    """Return the files of an input folder that were tables with a manifest."""
    if not folder.is_folder:
        return []
    former = as_path(_former(child.manifest.root, folder.descriptor["path"]))
    claims = [as_path(_former(child.manifest.root, claim["path"])) for claim in _claims(child)]
    names = [str(path.relative_to(former)) for path in claims if path.is_relative_to(former)]
    entries = (listed(folder) or ()) if names else ()
    digests = {name: sha256 for name, sha256 in entries if name in names}
    return [
        RecordedInput(
            option=folder.option,
            label=None,
            path=folder.path / name,
            descriptor={"path": str(former / name)}
            | ({"sha256": digests[name]} if name in digests else {}),
            listing=None,
        )
        for name in names
    ]


def parents_beside(child: Subject, known: Iterable[RecordedInput]) -> list[RecordedInput]:
    """Return the tables that a manifest names as parents, and not among its inputs."""
    places = {_former(child.manifest.root, one.descriptor["path"]) for one in known}
    claimed = {_former(child.manifest.root, claim["path"]): claim for claim in _claims(child)}
    return [
        RecordedInput(
            option=str(claim.get("option") or "parents"),
            label=None,
            path=locate_file(child, claim["path"]),
            descriptor={"path": former, "sha256": claim.get("table_sha256")},
            listing=None,
        )
        for former, claim in claimed.items()
        if former not in places
    ]


def in_place(child: Subject, one: RecordedInput) -> bool:
    """Return whether a table was written over the input that it was made of."""
    return bool(one.descriptor["path"] == child.manifest.table_file.get("path"))


def recorded_parents(child: Subject, archive: Archive) -> list[RecordedInput]:
    """Return the inputs of a table that have a manifest, or had one when they were read."""
    files = (one for one in archive.inputs(child) if not one.is_folder)
    return [one for one in files if claim_of(child, one) or _has_manifest(one.path)]


def with_parents(children: Iterable[Subject], archive: Archive) -> list[Subject]:
    """Return tables and after them, each once, those that they were made of, up to the first."""
    found = {one.table.absolute(): one for one in children}
    pending = deque(found.values())
    while pending:
        for one in recorded_parents(pending.popleft(), archive):
            place = one.path.absolute()
            if isinstance(place, ObjectPath):
                continue  # it is compared as an input; what it was made of is not looked for
            if place not in found and (place.exists() or _has_manifest(place)):
                found[place] = archive.table(one.path)
                pending.append(found[place])
    return list(found.values())


def _claims(child: Subject) -> list[dict[str, Any]]:
    claims = child.manifest.parents or []
    return [one for one in claims if isinstance(dig(one, "path"), str)]


def _former(folder: str | None, path: str) -> str:
    """Return where a path was at the time of the run."""
    if is_url(path):
        return path
    return os.path.normpath(Path(folder or "", path))


def _has_manifest(table: Path) -> bool:
    if isinstance(table, ObjectPath):
        return False  # it is not looked for
    try:
        return find(table).is_file()
    except ManifestError:
        return False
