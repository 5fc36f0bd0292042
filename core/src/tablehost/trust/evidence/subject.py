"""The tables that a question is about, each with its manifest: the one door to both."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

from tablehost.commit import commit
from tablehost.commit.output import Output
from tablehost.contract.errors import ManifestError, TablehostError, UsageError
from tablehost.files.names import MANIFEST_SUFFIX, usual_manifest
from tablehost.manifest import read as manifest

_TABLE_SUFFIX = ".parquet"
HISTORY_SUFFIX = ".history"
_INTENT_SUFFIX = ".intent.json"


@frozen(kw_only=True)
class Subject:
    """A table and its manifest, as they lie there now.

    Args:
        table: where the table is, or should be.
        place: where its manifest is; None where there is none.
        manifest: what it says; None where it says nothing that can be read.
        problem: why not, in a sentence.
        torn: a commit on this table that did not finish.
    """

    table: Path
    place: Path | None
    manifest: dict[str, Any] | None
    problem: str | None
    torn: commit.Intent | None

    def says(self, *names: str) -> Any:
        """Return what stands deep in the manifest, or None where it is silent."""
        return manifest.dig(self.manifest, *names)

    def provenance(self, *names: str) -> Any:
        """Return what stands deep in the run's provenance, or None where it is silent."""
        return self.says("run_provenance", *names)

    def mapping(self, *names: str) -> dict[str, Any]:
        """Return a mapping deep in the run's provenance; empty where it tells none."""
        found = self.provenance(*names)
        return found if isinstance(found, dict) else {}

    def sequence(self, *names: str) -> list[Any]:
        """Return a list deep in the run's provenance; empty where it tells none."""
        found = self.provenance(*names)
        return found if isinstance(found, list) else []

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Return the items that failed, as far as the manifest tells."""
        found = self.says("run", "failures")
        return [one for one in (found if isinstance(found, list) else []) if isinstance(one, dict)]

    @property
    def key(self) -> list[Any] | None:
        """Return the columns that identify a row; None where the manifest names none."""
        found = self.says("table", "key")
        return found if isinstance(found, list) else None

    @property
    def tolerance(self) -> dict[str, Any]:
        """Return by column within which difference two builds agree, as the manifest tells it."""
        found = self.says("table", "tolerance")
        return found if isinstance(found, dict) else {}

    @property
    def told(self) -> dict[str, Any]:
        """Return the descriptor of the table's file; upstream's scripts called it `parquet`."""
        found = (self.provenance("outputs", name) for name in ("table", "parquet"))
        return next((one for one in found if isinstance(one, dict)), {})

    @property
    def sha256(self) -> str | None:
        """Return the digest that the manifest gives the table's file, if it does."""
        found = (self.says("table", "sha256"), self.told.get("sha256"))
        return next((one for one in found if isinstance(one, str)), None)

    @property
    def roots(self) -> list[Path]:
        """Return the folders that the manifest's relative paths may start from, likeliest first.

        A table that was moved together with its surroundings finds them where they are now.
        """
        found = []
        told = self.told.get("path")
        table = Path(os.path.abspath(self.table))  # noqa: PTH100  # `..` out, links kept
        if isinstance(told, str) and not Path(told).is_absolute():
            parts = Path(told).parts
            if table.parts[-len(parts) :] == parts:
                found.append(Path(*table.parts[: -len(parts)]))
        recorded = self.provenance("root", "path")
        if isinstance(recorded, str):
            found.append(Path(recorded))
        return list(dict.fromkeys([*found, table.parent]))


def subjects(paths: Iterable[Path]) -> list[Subject]:
    """Find the tables that paths stand for.

    Args:
        paths: of tables, of manifests, or of folders, which stand for every table below them.

    Returns:
        Each table once, in the order of the paths.

    Raises:
        UsageError: a path leads nowhere, or a folder has neither table nor manifest.
    """
    found: dict[Path, Subject] = {}
    for path in paths:
        for one in _below(path) if path.is_dir() else [subject(path)]:
            found.setdefault(one.table.absolute(), one)
    return list(found.values())


def subject(path: Path) -> Subject:
    """Find the one table that a path stands for.

    Args:
        path: of the table or of its manifest.

    Raises:
        UsageError: the path leads nowhere, or to a folder.
    """
    if path.is_dir():
        msg = f"{path} is a folder; give a table or its manifest"
        raise UsageError(msg)
    if _is_manifest(path):
        return _described(path)
    try:
        place = manifest.find(path)
    except ManifestError as error:
        torn = _torn(path)
        if not path.exists() and torn is None:
            raise UsageError(str(error)) from error
        return Subject(table=path, place=None, manifest=None, problem=str(error), torn=torn)
    return _read(path, place)


def looked_up_again(one: Subject) -> Subject:
    """Look at a table and its manifest once more."""
    if one.place is not None:
        return _read(one.table, one.place)
    try:
        return subject(one.table)
    except UsageError:
        return one  # it is gone


def _below(folder: Path) -> Iterator[Subject]:
    """Yield every table below a folder; a manifest that lies apart speaks for its table first."""
    tables: list[Path] = []
    manifests: list[Path] = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.endswith(HISTORY_SUFFIX))
        paths = [Path(here, name) for name in sorted(names) if not name.startswith(".")]
        manifests += [path for path in paths if _is_manifest(path)]
        # a table whose first commit was cut off is not there yet, but its note is
        noted = [Path(str(path).removesuffix(_INTENT_SUFFIX)) for path in paths]
        there = [path for path in noted if path.suffix == _TABLE_SUFFIX]
        tables += [path for path in dict.fromkeys(there) if path.exists() or _torn(path)]
    if not tables and not manifests:
        msg = f"{folder} has no table and no manifest in it"
        raise UsageError(msg)
    described = {one.table.absolute(): one for one in map(_described, manifests)}
    for table in tables:
        place = table.absolute()
        yield described.pop(place) if place in described else subject(table)
    yield from described.values()  # their tables are gone, or have another suffix


def _is_manifest(path: Path) -> bool:
    return path.name.endswith(MANIFEST_SUFFIX) and path.is_file()


def _described(place: Path) -> Subject:
    """Return the table that a manifest speaks of: beside it, else where it says."""
    beside = place.with_name(place.name.removesuffix(MANIFEST_SUFFIX))
    for candidate in (beside, beside.with_name(beside.name + _TABLE_SUFFIX)):
        if candidate.is_file():
            return _read(candidate, place)
    found = _read(beside, place)
    told = found.told.get("path")
    if isinstance(told, str):
        for root in found.roots:
            table = root / told
            if os.path.isfile(table) and not usual_manifest(table).is_file():  # noqa: PTH113  # False where one may not look
                return _read(table, place)
    return found


def _read(table: Path, place: Path) -> Subject:
    try:
        told, problem = manifest.read(place), None
    except ManifestError as error:
        told, problem = None, str(error)
    return Subject(table=table, place=place, manifest=told, problem=problem, torn=_torn(table))


def _torn(table: Path) -> commit.Intent | None:
    try:
        return commit.pending(Output.at(table))
    except TablehostError:
        return None  # the note of it is not readable; `run` says so
