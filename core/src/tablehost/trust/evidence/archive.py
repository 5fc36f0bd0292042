"""The manifests at hand, found by the digests of what they speak of."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Any

from attrs import evolve, frozen

from tablehost.commit.output import Output
from tablehost.contract.errors import ManifestError, TablehostError
from tablehost.files.digests import file_digest
from tablehost.files.names import MANIFEST_SUFFIX
from tablehost.manifest.read import dig, find, read
from tablehost.trust.evidence.inputs import Recorded, listed, recorded
from tablehost.trust.evidence.subject import HISTORY_SUFFIX, Subject, subject


@frozen(kw_only=True)
class Kept:
    """A manifest and the digest that it is known by.

    Args:
        subject: the table that it speaks of, or spoke of before it was replaced.
        sha256: of the manifest's own bytes.
    """

    subject: Subject
    sha256: str

    @property
    def in_history(self) -> bool:
        """Tell whether another table lies in its place now."""
        place = self.subject.place
        return place is not None and place.parent.name.endswith(HISTORY_SUFFIX)


class Archive:
    """Every manifest that was looked at, current ones and those in histories."""

    def __init__(self) -> None:
        self._lock = RLock()  # tables are verified beside each other
        self._kept: dict[Path, Kept] = {}
        self._by: dict[tuple[str, str], Kept] = {}
        self._looked: set[Path] = set()

    def add(self, table: Subject) -> Kept | None:
        """Remember the manifest of a table; None where it has none that can be read."""
        if table.place is None or table.manifest is None:
            return None
        place = table.place.absolute()
        if place not in self._kept:
            kept = Kept(subject=table, sha256=file_digest(place).sha256)
            self._kept[place] = kept
            for name in _names(kept):
                self._by.setdefault(name, kept)
        return self._kept[place]

    def look_beside(self, table: Path) -> None:
        """Remember what stands beside a table: its manifest and its history."""
        if table in self._looked:
            return
        self._looked.add(table)
        with suppress(TablehostError, OSError):  # nothing is there any more
            self.add(subject(table))
        with suppress(TablehostError, OSError):
            self._look_in_history(Output.at(table).history)

    def look_in(self, folder: Path) -> None:
        """Remember the manifests in a folder, given absolute, and in the histories there."""
        if folder in self._looked or not os.access(folder, os.R_OK):
            return
        self._looked.add(folder)
        places = sorted(folder.iterdir())
        for place in places:
            if place.name.endswith(MANIFEST_SUFFIX) and place not in self._kept and place.is_file():
                self.add(subject(place))
        for place in places:
            if place.name.endswith(HISTORY_SUFFIX):
                self._look_in_history(place)

    def parent(self, child: Subject, one: Recorded) -> Kept | None:
        """Return the manifest of the table that an input was, or None where none is at hand.

        Args:
            child: the table that was made of it.
            one: the input.
        """
        if one.told.get("kind") == "directory":
            return None
        self.look_beside(one.path)
        claim, sha256 = claim_of(child, one), one.told.get("sha256")
        wanted = [
            ("manifest", claim.get("manifest_sha256")),
            ("run", claim.get("run_id")),
            ("table", sha256),
        ]
        for kind, digest in wanted:
            found = self._by.get((kind, digest)) if isinstance(digest, str) else None
            if found is None or found.subject.place == child.place:
                continue  # a table is not made of itself, though an edit may leave it as it was
            if _fits(found.subject, sha256):
                return found
        return None

    def inputs(self, child: Subject) -> list[Recorded]:
        """Return the inputs of a table, but for the one that it was written over.

        A table that is not at its place is found by its digest in the folder of the child.

        Args:
            child: the table that was made of them.
        """
        return [self._found(child, one) for one in recorded(child) if not in_place(child, one)]

    def _found(self, child: Subject, one: Recorded) -> Recorded:
        if os.path.exists(one.path):  # noqa: PTH110  # False where one may not look
            return one
        with self._lock:
            self.look_in(child.table.absolute().parent)
            parent = self.parent(child, one)
        if parent is None or parent.in_history or not parent.subject.table.is_file():
            return one
        return evolve(one, path=parent.subject.table, lay=one.path)

    def _look_in_history(self, folder: Path) -> None:
        table = folder.with_name(folder.name.removesuffix(HISTORY_SUFFIX))
        for place in sorted(folder.glob(f"*{MANIFEST_SUFFIX}")):
            try:
                told = read(place)
            except ManifestError:
                continue
            self.add(Subject(table=table, place=place, manifest=told, problem=None, torn=None))


def claim_of(child: Subject, one: Recorded) -> dict[str, Any]:
    """Return what a manifest says of an input that was itself a table with a manifest.

    Args:
        child: the table that was made of it.
        one: the input.

    Returns:
        With `manifest_sha256`, and perhaps `run_id` and `table_sha256`; empty where it was none.
    """
    lay, cwd = _lay(child.provenance("root", "path"), one.told["path"]), child.provenance("cwd")
    name = os.path.basename(lay)  # noqa: PTH119  # of a thousand claims most are told by their name
    for claim in _claims(child):
        if claim["path"].endswith(name) and _lay(cwd, claim["path"]) == lay:
            return claim
    return child.mapping("replaces") if in_place(child, one) else {}


def tables_in(child: Subject, folder: Recorded) -> list[Recorded]:
    """Return the files of an input folder that were tables with a manifest.

    Args:
        child: the table that was made of it.
        folder: the input; nothing is in a file.
    """
    if folder.told.get("kind") != "directory":
        return []
    lay = Path(_lay(child.provenance("root", "path"), folder.told["path"]))
    cwd = child.provenance("cwd")
    claims = [Path(_lay(cwd, claim["path"])) for claim in _claims(child)]
    names = [path.relative_to(lay) for path in claims if path.is_relative_to(lay)]
    digests = (listed(folder) or {}) if names else {}
    return [
        Recorded(
            option=folder.option,
            label=None,
            path=folder.path / name,
            told={"path": str(lay / name)} | ({"sha256": digests[name]} if name in digests else {}),
            listing=None,
        )
        for name in map(str, names)
    ]


def in_place(child: Subject, one: Recorded) -> bool:
    """Tell whether a table was written over the input that it was made of."""
    return bool(one.told["path"] == child.told.get("path"))


def _claims(child: Subject) -> list[dict[str, Any]]:
    return [one for one in child.sequence("parents") if isinstance(dig(one, "path"), str)]


def _fits(table: Subject, sha256: Any) -> bool:
    """Tell whether a manifest speaks of a file, as far as either tells."""
    return sha256 is None or table.sha256 in (None, sha256)


def _names(kept: Kept) -> Iterator[tuple[str, str]]:
    yield "manifest", kept.sha256
    run_id = kept.subject.provenance("run_id")
    if isinstance(run_id, str):
        yield "run", run_id
    if kept.subject.sha256 is not None:
        yield "table", kept.subject.sha256


def _lay(folder: Any, path: str) -> str:
    """Return where a path lay at the time of the run."""
    return os.path.normpath(Path(folder if isinstance(folder, str) else "", path))


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
