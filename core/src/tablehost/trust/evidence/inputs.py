"""The inputs that a manifest names: where they lie now, and whether they are still the same."""

from __future__ import annotations

import os
import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from tablehost.console.text import flag, shown, some
from tablehost.contract.errors import ManifestError, TablehostError
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.files.digests import unchanged_digest
from tablehost.files.folder_listing import dir_hash1, read_listing
from tablehost.files.folders import EVERYTHING, Look, hash_files, look
from tablehost.files.parts import is_part
from tablehost.manifest.read import dig, folder_digest
from tablehost.trust.evidence.places import locate
from tablehost.trust.evidence.subject import Subject

Depth = Literal["stat", "sample", "full"]
"""How hard to look: trust the cache for files not touched since; read some again; read all."""

SAMPLE = 100
"""So many files of a folder are read again by `sample`."""

_NO_LISTING = "its listing is gone or damaged, so nobody can tell which files"


@frozen(kw_only=True)
class Recorded:
    """An input as a manifest names it.

    Args:
        option: the option that it was given by.
        label: in front of it, if any.
        path: where it lies now, as far as that can be told.
        told: its descriptor.
        listing: the list of a folder's files; None for a file.
        lay: where it should be, if it was found elsewhere by its digest.
    """

    option: str
    label: str | None
    path: Path
    told: Mapping[str, Any]
    listing: Path | None
    lay: Path | None = None

    def __str__(self) -> str:
        label = f"{self.label}=" if self.label else ""
        return f"{flag(self.option)} {label}{shown(self.lay or self.path)}"

    @property
    def move(self) -> str | None:
        """Say where it was found, if it was not where it should be."""
        return f"{self} was found as {shown(self.path)}" if self.lay else None


@frozen(kw_only=True)
class State:
    """What became of an input.

    Args:
        input: which.
        verdict: `same`, `changed`, `missing`, or `unverifiable` where the manifest is silent.
        changed: of a folder, the files that have other content.
        added: of a folder, the files that it has and had not.
        removed: of a folder, the files that are gone.
        why: one sentence, where the verdict does not speak for itself.
    """

    input: Recorded
    verdict: Literal["same", "changed", "missing", "unverifiable"]
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    why: str = ""

    def __str__(self) -> str:
        files = {"changed": self.changed, "added": self.added, "removed": self.removed}
        which = [f"{len(names)} {how}: {some(names)}" for how, names in files.items() if names]
        gone = "it is not there" if self.verdict == "missing" else "it has other content"
        return f"{self.input}: {self.why or '; '.join(which) or gone}"


def recorded(subject: Subject, moved: Mapping[Path, Path] | None = None) -> list[Recorded]:
    """Name the inputs of a table, in the order of their options.

    Args:
        subject: the table.
        moved: folders or files that lie elsewhere now, by where they lay.
    """
    return list(_recorded(subject, moved or {}))


def compare(one: Recorded, depth: Depth, cache: StatCache, seed: int = 0) -> State:
    """Tell whether an input is still what the manifest says.

    Args:
        one: the input.
        depth: how hard to look.
        cache: digests of files that did not change.
        seed: of the sample.
    """
    digest = folder_digest(dict(one.told))
    if digest is None:
        return State(input=one, verdict="unverifiable", why="the manifest has no digest of it")
    if not os.path.exists(one.path):  # noqa: PTH110  # False where one may not look
        return State(input=one, verdict="missing")
    try:
        if one.told.get("kind") == "directory":
            return _compare_folder(one, digest, depth, cache, seed)
        found = hash_file(one.path, None if depth == "full" else cache).sha256
    except (OSError, TablehostError) as error:
        return State(input=one, verdict="unverifiable", why=str(error))
    return State(input=one, verdict="same" if found == digest else "changed")


def listed(one: Recorded) -> dict[str, str] | None:
    """Return the digests of a folder's files as they were, by relative path.

    Args:
        one: the folder.

    Returns:
        None where its listing is gone, damaged or another one, and for a file.
    """
    if one.listing is None:
        return None
    try:
        entries = dict(read_listing(one.listing))
    except (OSError, ManifestError):
        return None
    return entries if dir_hash1(entries.items()) == folder_digest(dict(one.told)) else None


def file_changes(a: Mapping[str, str], b: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Name the files of two folders that were changed, added and removed.

    Args:
        a: the digests of the first one's files, by relative path.
        b: those of the second.
    """
    return {
        "changed": _sorted(name for name in a.keys() & b.keys() if a[name] != b[name]),
        "added": _sorted(b.keys() - a.keys()),
        "removed": _sorted(a.keys() - b.keys()),
    }


def _recorded(subject: Subject, moved: Mapping[Path, Path]) -> Iterator[Recorded]:
    for option, described in subject.mapping("inputs").items():
        for named in described if isinstance(described, list) else [described]:
            one = {"path": named} if isinstance(named, str) else named
            if not isinstance(one, dict) or not isinstance(one.get("path"), str):
                continue
            listing = dig(one, "listing", "path")
            yield Recorded(
                option=option,
                label=one.get("label"),
                path=locate(subject, one["path"], moved),
                told=one,
                listing=locate(subject, listing) if isinstance(listing, str) else None,
            )


def _compare_folder(one: Recorded, digest: str, depth: Depth, cache: StatCache, seed: int) -> State:
    """Compare a folder with its digest, and where that does not say enough with its listing."""
    there = _there(one)
    read = partial(_digests, one.path, depth=depth, cache=cache, seed=seed)
    if "dir_hash1" in one.told:
        found = read(there)
        if dir_hash1(found.items()) == digest:
            return State(input=one, verdict="same")
        before = listed(one)
        if before is None:
            return State(input=one, verdict="changed", why=f"{_NO_LISTING} changed")
        return _difference(one, before, found)
    before = listed(one)
    if before is None:
        return State(input=one, verdict="unverifiable", why=f"{_NO_LISTING} were read")
    selected = {name: there.files[name] for name in there.files.keys() & before.keys()}
    found = read(Look(selected, there.seen_ns))
    return _difference(one, before, found, beside=there.files.keys() - before.keys())


def _difference(
    one: Recorded,
    before: Mapping[str, str],
    found: Mapping[str, str],
    beside: Collection[str] = (),
) -> State:
    """Tell which files differ; what lies beside a selection of files makes no difference to it."""
    files = file_changes(before, found)
    return State(
        input=one,
        verdict="changed" if any(files.values()) else "same",
        changed=files["changed"],
        added=_sorted([*files["added"], *beside]),
        removed=files["removed"],
    )


def _there(one: Recorded) -> Look:
    """Look at the files of a folder that the builder would see now."""
    there = look(one.path, _patterns(one))
    if not one.told.get("parts"):
        return there
    return Look({name: there.files[name] for name in filter(is_part, there.files)}, there.seen_ns)


def _patterns(one: Recorded) -> Sequence[str]:
    """Return what the files of a folder were selected by."""
    told = one.told.get("glob")
    known = isinstance(told, list) and all(isinstance(pattern, str) for pattern in told)
    return told if told and known else EVERYTHING


def _digests(
    folder: Path, there: Look, *, depth: Depth, cache: StatCache, seed: int
) -> dict[str, str]:
    """Digest the files of a folder, reading those again that the depth asks for."""
    found = {} if depth == "full" else hash_files(folder, there, cache)
    again = _read_again(_sorted(there.files), depth, seed)
    with ThreadPoolExecutor() as pool:
        read = pool.map(lambda name: unchanged_digest(folder / name, there.files[name]), again)
        return found | {name: one.sha256 for name, one in zip(again, read, strict=True)}


def _read_again(names: Sequence[str], depth: Depth, seed: int) -> Sequence[str]:
    if depth == "sample":
        return random.Random(seed).sample(names, min(SAMPLE, len(names)))
    return names if depth == "full" else ()


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=os.fsencode))
