"""The inputs that a manifest names: where they are now, and whether they are still the same."""

from __future__ import annotations

import os
import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from tablehost.console.text import shown, some
from tablehost.contract.errors import ManifestError, TablehostError
from tablehost.contract.names import flag_of
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.files.digests import unchanged_digest
from tablehost.files.folder_listing import dir_hash1, read_listing
from tablehost.files.folders import EVERYTHING, Look, hash_files, look
from tablehost.files.parts import is_part
from tablehost.manifest.read import dig, folder_digest
from tablehost.objects.path import ObjectPath
from tablehost.trust.evidence.places import locate_file, unmoved
from tablehost.trust.evidence.subject import Subject

InputDepth = Literal["stat", "sample", "full"]
"""How to check: trust the cache for files not touched since; read some again; read all."""

SAMPLE = 100
"""So many files of a folder are read again by `sample`."""

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


def listed_digests(one: RecordedInput) -> dict[str, str] | None:
    """Return the recorded digests of a folder's files, by relative path.

    Returns:
        None where its listing is gone, damaged or another one, and for a file.
    """
    if one.listing is None:
        return None
    try:
        entries = dict(read_listing(one.listing))
    except (OSError, ManifestError):
        return None
    return entries if dir_hash1(entries.items()) == one.digest else None


def file_changes(a: Mapping[str, str], b: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Name the files of two folders that differ, from the digests of each by relative path."""
    return {
        "changed": _sorted(name for name in a.keys() & b.keys() if a[name] != b[name]),
        "added": _sorted(b.keys() - a.keys()),
        "removed": _sorted(a.keys() - b.keys()),
    }


def _check_folder(
    one: RecordedInput, digest: str, depth: InputDepth, cache: StatCache, seed: int
) -> InputCheck:
    """Compare a folder with its digest, and where that is not enough with its listing."""
    there = _there(one)
    read = partial(_digests, one.path, depth=depth, cache=cache, seed=seed)
    if "dir_hash1" in one.descriptor and there.dangling:
        return InputCheck(input=one, status="changed", added=there.dangling)
    if "dir_hash1" in one.descriptor:
        found = read(there)
        if dir_hash1(found.items()) == digest:
            return InputCheck(input=one, status="same")
        before = listed_digests(one)
        if before is None:
            return InputCheck(input=one, status="changed", why=f"{_NO_LISTING} changed")
        return _difference(one, before, found)
    before = listed_digests(one)
    if before is None:
        return InputCheck(input=one, status="unverifiable", why=f"{_NO_LISTING} were read")
    selected = {name: there.files[name] for name in there.files.keys() & before.keys()}
    found = read(Look(selected, there.seen_ns))
    beside = {*there.files, *there.dangling} - before.keys()
    return _difference(one, before, found, beside=beside)


def _difference(
    one: RecordedInput,
    before: Mapping[str, str],
    found: Mapping[str, str],
    beside: Collection[str] = (),
) -> InputCheck:
    """Name the files that differ; files beside a selection do not change its status."""
    files = file_changes(before, found)
    return InputCheck(
        input=one,
        status="changed" if any(files.values()) else "same",
        changed=files["changed"],
        added=_sorted([*files["added"], *beside]),
        removed=files["removed"],
    )


def _there(one: RecordedInput) -> Look:
    """Look at the files of a folder that the builder would see now."""
    there = look(one.path, _patterns(one))
    if not one.descriptor.get("parts"):
        return there
    files = {name: there.files[name] for name in filter(is_part, there.files)}
    return Look(files, there.seen_ns, tuple(filter(is_part, there.dangling)))


def _patterns(one: RecordedInput) -> Sequence[str]:
    """Return the patterns by which the files of a folder were selected."""
    patterns = one.descriptor.get("glob")
    known = isinstance(patterns, list) and all(isinstance(each, str) for each in patterns)
    return patterns if patterns and known else EVERYTHING


def _digests(
    folder: Path, there: Look, *, depth: InputDepth, cache: StatCache, seed: int
) -> dict[str, str]:
    """Digest the files of a folder, reading those again that the depth asks for."""
    found = {} if depth == "full" else hash_files(folder, there, cache)
    again = _read_again(_sorted(there.files), depth, seed)
    with ThreadPoolExecutor() as pool:
        read = pool.map(lambda name: unchanged_digest(folder / name, there.files[name]), again)
        return found | {name: one.sha256 for name, one in zip(again, read, strict=True)}


def _read_again(names: Sequence[str], depth: InputDepth, seed: int) -> Sequence[str]:
    if depth == "sample":
        return random.Random(seed).sample(names, min(SAMPLE, len(names)))
    return names if depth == "full" else ()


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=os.fsencode))
