"""Locate a table and its manifest."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from attrs import evolve, field, frozen

from tablehost.commit.intent import Pending
from tablehost.commit.lock import PATIENCE, Committing, cut_off
from tablehost.commit.output import Output
from tablehost.contract.errors import ManifestError, TablehostError, UsageError
from tablehost.files.folders import walk
from tablehost.files.names import HISTORY_SUFFIX, INTENT_SUFFIX, MANIFEST_SUFFIX, usual_manifest
from tablehost.manifest.read import Manifest, find, read_typed

_TABLE_SUFFIX = ".parquet"

T = TypeVar("T")


@frozen(kw_only=True)
class Torn:
    """Why a table and its manifest cannot be read as a pair.

    Args:
        why: a sentence.
        cut_off: the commit that did not finish; None where its note cannot be read, or it is
            under way.
        live: whether a run is at its commit.
    """

    why: str
    cut_off: Pending | None = None
    live: bool = False


@frozen(kw_only=True)
class Subject:
    """A table and its manifest, as they are on disk now.

    Args:
        table: where the table is, or should be.
        place: where its manifest is; None where there is none.
        manifest: what it records; empty where there is none that can be read.
        problem: why there is none, in a sentence.
        torn: a commit on this table that did not finish.
        moved: new places of recorded folders or files, by their old ones.
        stamp: which file the table was; another one in its place has another.
        asked: when it was first looked at.
    """

    table: Path
    place: Path | None = None
    manifest: Manifest = field(factory=Manifest)
    problem: str | None = None
    torn: Torn | None = None
    moved: Mapping[Path, Path] = field(factory=dict)
    stamp: tuple[int, ...] = ()
    asked: float = field(factory=time.monotonic, eq=False)

    @property
    def in_history(self) -> bool:
        """Return whether another table is in its place now."""
        return self.place is not None and self.place.parent.name.endswith(HISTORY_SUFFIX)

    @property
    def roots(self) -> list[Path]:
        """Return the folders that the manifest's relative paths may start from, likeliest first.

        A table that was moved together with its surroundings finds them where they are now.
        """
        found = []
        path = self.manifest.table_path
        table = Path(os.path.abspath(self.table))  # noqa: PTH100  # `..` out, links kept
        if path is not None and not Path(path).is_absolute():
            parts = Path(path).parts
            if table.parts[-len(parts) :] == parts:
                found.append(Path(*table.parts[: -len(parts)]))
        if self.manifest.root is not None:
            found.append(Path(self.manifest.root))
        return list(dict.fromkeys([*found, table.parent]))


def subjects(paths: Iterable[Path]) -> list[Subject]:
    """Find the tables that paths refer to.

    Args:
        paths: of tables, of manifests, or of folders, which mean every table below them.

    Returns:
        Each table once, in the order of the paths.

    Raises:
        UsageError: a path does not exist, or a folder has neither table nor manifest.
    """
    found: dict[Path, Subject] = {}
    for path in paths:
        for one in _below(path) if path.is_dir() else [subject(path)]:
            found.setdefault(one.table.absolute(), one)
    return list(found.values())


def subject(path: Path) -> Subject:
    """Find the one table that a path refers to.

    Raises:
        UsageError: the path does not exist, or is a folder.
    """
    if path.is_dir():
        msg = f"{path} is a folder; give a table or its manifest"
        raise UsageError(msg)
    if _is_manifest(path):
        return _described(path)
    try:
        place = find(path)
    except ManifestError as error:
        torn = _torn(path)
        if not path.exists() and torn is None:
            raise UsageError(str(error)) from error
        return Subject(table=path, problem=str(error), torn=torn)
    return at(path, place)


def at(table: Path, place: Path, asked: float | None = None) -> Subject:
    """Read the manifest at a place.

    Args:
        table: which it describes.
        place: where it is.
        asked: when this pair was first looked at; now if it was not yet.
    """
    asked = time.monotonic() if asked is None else asked
    torn = _torn(table, place, PATIENCE - (time.monotonic() - asked))
    return evolve(recorded(table, place), torn=torn, stamp=_stamp(table), asked=asked)


def recorded(table: Path, place: Path) -> Subject:
    """Read the manifest at a place, of a table that need not be there."""
    try:
        return Subject(table=table, place=place, manifest=read_typed(place))
    except ManifestError as error:
        return Subject(table=table, place=place, problem=str(error))


def settled(one: Subject, ask: Callable[[Subject], T], is_good: Callable[[T], bool]) -> T:
    """Ask about a table and its manifest, and again where a run replaced them meanwhile.

    Args:
        one: the pair.
        ask: looks at it, part by part.
        is_good: whether an answer is one that parts of two pairs would not give.
    """
    while True:
        answer = ask(one)
        if is_good(answer):
            return answer
        now = _looked_at_again(one)
        if now == one or time.monotonic() - one.asked > PATIENCE:
            return answer
        one = now


def _looked_at_again(one: Subject) -> Subject:
    if one.in_history:
        return one
    if one.place is not None:
        return evolve(at(one.table, one.place, one.asked), moved=one.moved)
    try:
        return evolve(subject(one.table), asked=one.asked)
    except UsageError:
        return one  # it is gone


def _stamp(table: Path) -> tuple[int, ...]:
    try:
        found = table.stat()
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _below(folder: Path) -> Iterator[Subject]:
    """Yield every table below a folder, by the manifest that was written elsewhere if any."""
    tables: list[Path] = []
    manifests: list[Path] = []
    for here, folders, names in walk(folder):
        folders[:] = sorted(one for one in folders if not one.endswith(HISTORY_SUFFIX))
        paths = [Path(here, name) for name in sorted(names) if not name.startswith(".")]
        manifests += [path for path in paths if _is_manifest(path)]
        # a table whose first commit was cut off is not there yet, but its note is
        noted = [Path(str(path).removesuffix(INTENT_SUFFIX)) for path in paths]
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
    """Return the table that a manifest describes: beside it, else at the path that it records."""
    beside = place.with_name(place.name.removesuffix(MANIFEST_SUFFIX))
    for candidate in (beside, beside.with_name(beside.name + _TABLE_SUFFIX)):
        if candidate.is_file():
            return at(candidate, place)
    found = at(beside, place)
    if found.manifest.table_path is not None:
        for root in found.roots:
            table = root / found.manifest.table_path
            if os.path.isfile(table) and not usual_manifest(table).is_file():  # noqa: PTH113  # False where one may not look
                return evolve(found, table=table, torn=_torn(table, place))
    return found


def _torn(table: Path, place: Path | None = None, patience: float = PATIENCE) -> Torn | None:
    try:
        found = cut_off(Output.at(table, place), patience)
    except TablehostError as error:
        return Torn(why=str(error), live=isinstance(error, Committing))
    if found is None:
        return None
    return Torn(why=f"the commit of run {found.run_id} was cut off", cut_off=found)
