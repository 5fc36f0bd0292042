"""The inputs that a manifest names: where they lie now, and whether they are still the same."""

from __future__ import annotations

import os
import random
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from tablehost.errors import ManifestError, TablehostError
from tablehost.folders import walk_files
from tablehost.listing import dir_hash1, read_listing
from tablehost.manifest import dig, folder_digest
from tablehost.statcache import StatCache, hash_file
from tablehost.trust.subjects import Subject

Depth = Literal["stat", "sample", "full"]
"""How hard to look: trust the cache for files not touched since; read some again; read all."""

SAMPLE = 100
"""So many files of a folder are read again by `sample`."""


@frozen(kw_only=True)
class Recorded:
    """An input as a manifest names it.

    Args:
        option: the option that it was given by.
        label: in front of it, if any.
        path: where it lies now, as far as that can be told.
        told: its descriptor.
        listing: the list of a folder's files; None for a file.
    """

    option: str
    label: str | None
    path: Path
    told: Mapping[str, Any]
    listing: Path | None

    def __str__(self) -> str:
        label = f"{self.label}=" if self.label else ""
        return f"--{self.option.replace('_', '-')} {label}{self.path}"


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


def recorded(subject: Subject, moved: Mapping[Path, Path] | None = None) -> list[Recorded]:
    """Name the inputs of a table, in the order of their options.

    Args:
        subject: the table.
        moved: folders or files that lie elsewhere now, by where they lay.
    """
    return list(_recorded(subject, moved or {}))


def locate(subject: Subject, told: str, moved: Mapping[Path, Path] | None = None) -> Path:
    """Return where a path of a manifest lies now.

    Args:
        subject: whose manifest it is.
        told: the path as it stands there.
        moved: folders or files that lie elsewhere now, by where they lay.

    Returns:
        The first place at which something lies, else the likeliest.
    """
    places = [root / told for root in subject.roots]  # an absolute path stays as it is
    for old, new in (moved or {}).items():
        for place in (Path(told), *places):
            if place.is_relative_to(old):
                return new / place.relative_to(old)
    return next((place for place in places if place.exists()), places[0])


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
    if not one.path.exists():
        return State(input=one, verdict="missing")
    try:
        if one.told.get("kind") == "directory":
            return _compare_folder(one, digest, depth, cache, seed)
        found = hash_file(one.path, None if depth == "full" else cache).sha256
    except (OSError, TablehostError) as error:
        return State(input=one, verdict="unverifiable", why=str(error))
    return State(input=one, verdict="same" if found == digest else "changed")


def _recorded(subject: Subject, moved: Mapping[Path, Path]) -> Iterator[Recorded]:
    told = subject.provenance("inputs")
    for option, described in told.items() if isinstance(told, dict) else ():
        for one in described if isinstance(described, list) else [described]:
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
    """Compare a folder with its listing, else with its digest alone."""
    there = set(walk_files(one.path, one.told.get("glob") or ["**/*"]))
    before = _listed(one)
    if before is None:
        found = _digests(one.path, there, depth, cache, seed)
        if dir_hash1(found.items()) == digest:
            return State(input=one, verdict="same")
        why = "its listing is gone or damaged, so nobody can tell which files"
        return State(input=one, verdict="changed", why=why)
    found = _digests(one.path, there & before.keys(), depth, cache, seed)
    changed = [name for name, sha256 in found.items() if before[name] != sha256]
    added, removed = there - before.keys(), before.keys() - there
    # what was added beside a selection of files is no part of it
    differs = changed or removed or (added and "dir_hash1" in one.told)
    return State(
        input=one,
        verdict="changed" if differs else "same",
        changed=_sorted(changed),
        added=_sorted(added),
        removed=_sorted(removed),
    )


def _listed(one: Recorded) -> dict[str, str] | None:
    """Return the digests of a folder's files as they were, where the listing is the one meant."""
    if one.listing is None:
        return None
    try:
        entries = dict(read_listing(one.listing))
    except (OSError, ManifestError):
        return None
    return entries if dir_hash1(entries.items()) == folder_digest(dict(one.told)) else None


def _digests(
    folder: Path, names: Collection[str], depth: Depth, cache: StatCache, seed: int
) -> dict[str, str]:
    """Digest some files of a folder, reading those again that the depth asks for."""
    ordered = _sorted(names)
    again = set(ordered if depth == "full" else ())
    if depth == "sample":
        again.update(random.Random(seed).sample(ordered, min(SAMPLE, len(ordered))))
    return {
        name: hash_file(folder / name, None if name in again else cache).sha256 for name in ordered
    }


def _sorted(names: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=os.fsencode))
