"""The inputs that a manifest names: where they are now, and whether they are still the same."""

from __future__ import annotations

import heapq
import os
import random
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby, islice, repeat
from pathlib import Path
from typing import Any, Literal, TypeVar

from attrs import evolve, frozen

from tablehost.console.text import shown, some
from tablehost.contract.errors import ManifestError, TablehostError
from tablehost.contract.names import flag_of
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.files.digests import State, unchanged_digest
from tablehost.files.folder_listing import digest_of, listing_lines, read_listing
from tablehost.files.folders import EVERYTHING, Look, hash_files, look
from tablehost.files.parts import is_part
from tablehost.files.states_on_disk import StatesOnDisk
from tablehost.manifest.read import dig, folder_digest
from tablehost.objects.path import ObjectPath
from tablehost.trust.evidence.places import locate_file, unmoved
from tablehost.trust.evidence.subject import Subject

A = TypeVar("A")
B = TypeVar("B")

Entries = Iterable[tuple[str, str]]
"""The files of a folder with their sha256, in the order of the bytes of their names."""

InputDepth = Literal["stat", "sample", "full"]
"""How to check: trust the cache for files not touched since; read some again; read all."""

SAMPLE = 100
"""So many files of a folder are read again by `sample`."""

_AT_ONCE = 500
_NO_LISTING = "its listing is gone or damaged; unknown which files"


@frozen(kw_only=True)
class RecordedInput:
    """An input as a manifest records it.

    Args:
        option: the option that it was given by.
        label: in front of it, if any.
        path: where it is now, as far as that is known.
        descriptor: what the manifest records of it.
        listing: the list of a folder's files; None for a file.
        former: where it was, if it was found elsewhere by its digest.
    """

    option: str
    label: str | None
    path: Path
    descriptor: Mapping[str, Any]
    listing: Path | None
    former: Path | None = None

    def __str__(self) -> str:
        label = f"{self.label}=" if self.label else ""
        return f"{flag_of(self.option)} {label}{shown(self.former or self.path)}"

    @property
    def digest(self) -> str | None:
        """Return the digest of its content; None where the manifest has none."""
        return folder_digest(dict(self.descriptor))

    @property
    def is_folder(self) -> bool:
        """Return whether it was a folder."""
        return bool(self.descriptor.get("kind") == "directory")

    @property
    def move(self) -> str | None:
        """Say where it was found, if it was not in its place."""
        return f"{self} was found as {shown(self.path)}" if self.former else None


@frozen(kw_only=True)
class Observed:
    """An input that is no local file: its name, where it was, and which version was read."""

    name: str
    uri: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} ({self.uri}, version {self.version}) is no local file"


@frozen(kw_only=True)
class InputCheck:
    """What became of an input.

    Args:
        input: which.
        status: `unverifiable` where the manifest does not record enough.
        changed: of a folder, the files that have other content.
        added: of a folder, the files that it has and had not.
        removed: of a folder, the files that are gone.
        why: one sentence, where the status is not clear by itself.
    """

    input: RecordedInput
    status: Literal["same", "changed", "missing", "unverifiable"]
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    why: str = ""

    def __str__(self) -> str:
        files = {"changed": self.changed, "added": self.added, "removed": self.removed}
        which = [f"{len(names)} {how}: {some(names)}" for how, names in files.items() if names]
        gone = "it is not there" if self.status == "missing" else "it has other content"
        return f"{self.input}: {self.why or '; '.join(which) or gone}"


def inputs_of(subject: Subject) -> Iterator[RecordedInput]:
    """Yield the inputs of a table, in the order of their options."""
    for option, described in (subject.manifest.inputs or {}).items():
        for named in described if isinstance(described, list) else [described]:
            one = {"path": named} if isinstance(named, str) else named
            if not isinstance(one, dict) or not isinstance(one.get("path"), str):
                continue
            listing = dig(one, "listing", "path")
            yield RecordedInput(
                option=option,
                label=one.get("label"),
                path=locate_file(subject, one["path"]),
                descriptor=one,
                listing=unmoved(subject, listing) if isinstance(listing, str) else None,
            )


def observed_by(subject: Subject) -> Iterator[Observed]:
    """Yield the inputs of a table that are no local files."""
    for name, one in (subject.manifest.inputs or {}).items():
        if dig(one, "kind") == "observed":
            yield Observed(name=name, uri=str(one.get("uri")), version=str(one.get("version")))


def check_input(
    one: RecordedInput, depth: InputDepth, cache: StatCache, seed: int = 0
) -> InputCheck:
    """Check whether an input is still what the manifest records."""
    digest = one.digest
    if digest is None:
        return InputCheck(input=one, status="unverifiable", why="the manifest has no digest of it")
    try:
        if not _exists(one.path):
            return InputCheck(input=one, status="missing")
        if one.is_folder:
            return _check_folder(one, digest, depth, cache, seed)
        found = hash_file(one.path, None if depth == "full" else cache).sha256
    except (OSError, TablehostError) as error:
        return InputCheck(input=one, status="unverifiable", why=str(error))
    return InputCheck(input=one, status="same" if found == digest else "changed")


def _exists(path: Path) -> bool:
    """Return whether a path is there; False where one may not look, and an error of a store."""
    if isinstance(path, ObjectPath):
        return path.exists()
    return os.path.exists(path)  # noqa: PTH110  # False where one may not look


def listed(one: RecordedInput) -> Entries | None:
    """Return the files of a folder with their digests, as recorded, in the order of their names.

    Returns:
        None where its listing is gone, damaged or another one, and for a file.
    """
    if one.listing is None:
        return None
    try:
        digest = digest_of(listing_lines(read_listing(one.listing)))
    except (OSError, ManifestError):
        return None
    return _Listed(one.listing) if digest == one.digest else None


@frozen
class _Listed:
    """The files of a listing; they are read anew each time."""

    path: Path

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return read_listing(self.path)


def file_changes(a: Entries, b: Entries) -> dict[str, tuple[str, ...]]:
    """Name the files of two folders that differ, from the digests of each in order of the names."""
    found: dict[str, list[str]] = {"changed": [], "added": [], "removed": []}
    for name, before, now in beside_each_other(a, b):
        if before != now:
            how = "added" if before is None else "removed" if now is None else "changed"
            found[how].append(name)
    return {how: tuple(names) for how, names in found.items()}


def beside_each_other(
    a: Iterable[tuple[str, A]], b: Iterable[tuple[str, B]]
) -> Iterator[tuple[str, A | None, B | None]]:
    """Yield each name of two mappings with both values, from pairs in the order of the names."""
    sides: Any = (zip(repeat(side), pairs) for side, pairs in enumerate((a, b)))
    merged = heapq.merge(*sides, key=lambda one: os.fsencode(one[1][0]))
    for name, found in groupby(merged, key=lambda one: one[1][0]):
        values: dict[int, Any] = {side: value for side, (_, value) in found}
        yield name, values.get(0), values.get(1)


def _check_folder(
    one: RecordedInput, digest: str, depth: InputDepth, cache: StatCache, seed: int
) -> InputCheck:
    """Compare a folder with its listing, and without that with its digest."""
    there, before = _there(one), listed(one)
    read = partial(_digests, one.path, depth=depth, cache=cache, seed=seed)
    if "dir_hash1" in one.descriptor:
        if there.dangling:
            return InputCheck(input=one, status="changed", added=there.dangling)
        if before is not None:
            return _difference(one, before, read(there))
        if digest_of(listing_lines(read(there))) == digest:
            return InputCheck(input=one, status="same")
        return InputCheck(input=one, status="changed", why=f"{_NO_LISTING} changed")
    if before is None:
        return InputCheck(input=one, status="unverifiable", why=f"{_NO_LISTING} were read")
    return _check_selection(one, there, before, read)


def _check_selection(
    one: RecordedInput, there: Look, before: Entries, read: Callable[[Look], Entries]
) -> InputCheck:
    """Compare the files of a folder that are in its listing; others do not change its status."""
    beside = {*there.dangling}
    beside.difference_update(name for name, _ in before)

    def selected() -> Iterator[tuple[str, State]]:
        for name, state, recorded in beside_each_other(there.files.items(), before):
            if recorded is None:
                beside.add(name)
            elif state is not None:
                yield name, state

    found = read(Look(StatesOnDisk(selected()), there.seen_ns))
    checked = _difference(one, before, found)
    return evolve(checked, added=_sorted([*checked.added, *beside]))


def _difference(one: RecordedInput, before: Entries, found: Entries) -> InputCheck:
    """Name the files that differ."""
    files = file_changes(before, found)
    return InputCheck(
        input=one,
        status="changed" if any(files.values()) else "same",
        changed=files["changed"],
        added=files["added"],
        removed=files["removed"],
    )


def _there(one: RecordedInput) -> Look:
    """Look at the files of a folder that the builder would see now."""
    there = look(one.path, _patterns(one), StatesOnDisk)
    if not one.descriptor.get("parts"):
        return there
    files = StatesOnDisk((name, state) for name, state in there.files.items() if is_part(name))
    return Look(files, there.seen_ns, tuple(filter(is_part, there.dangling)))


def _patterns(one: RecordedInput) -> Sequence[str]:
    """Return the patterns by which the files of a folder were selected."""
    patterns = one.descriptor.get("glob")
    known = isinstance(patterns, list) and all(isinstance(each, str) for each in patterns)
    return patterns if patterns and known else EVERYTHING


def _digests(
    folder: Path, there: Look, *, depth: InputDepth, cache: StatCache, seed: int
) -> Iterator[tuple[str, str]]:
    """Digest the files of a folder, reading those again that the depth asks for."""
    again = _read_again(len(there.files), depth, seed)
    rest = enumerate(there.files.items())

    def digest(named: tuple[str, State]) -> tuple[str, str]:
        name, state = named
        return name, unchanged_digest(folder / name, state).sha256

    with ThreadPoolExecutor() as pool:
        while some := list(islice(rest, _AT_ONCE)):
            known = (one for _, one in some if depth != "full")
            found = dict(hash_files(folder, known, there.seen_ns, cache))
            found.update(pool.map(digest, [one for at, one in some if at in again]))
            yield from ((name, found[name]) for _, (name, _) in some)


def _read_again(count: int, depth: InputDepth, seed: int) -> Container[int]:
    """Return the places of the files to read again, in the order of their names."""
    if depth == "sample":
        return {*random.Random(seed).sample(range(count), min(SAMPLE, count))}
    return range(count if depth == "full" else 0)


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=os.fsencode))
