"""What a table is made of: the descriptors of its inputs, and whether they stayed the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from attrs import frozen

from tablehost.commit.output import Output
from tablehost.commit.root import Root
from tablehost.contract.errors import TablehostError
from tablehost.contract.names import flag_of
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.files.digests import ChangedWhileRead, FileDigest, ReadInput, Signature
from tablehost.files.folder_listing import listing_of, write_listing
from tablehost.files.folders import EVERYTHING, Look, hash_files, look, walk_files
from tablehost.files.names import LISTING_SUFFIX
from tablehost.files.parts import Parts, parts_of, single
from tablehost.options.fields import options_of
from tablehost.options.record import paths_of


class InputChanged(TablehostError):
    """An input was not the same at the end of the run as at its start."""


@frozen
class _Watched:
    """An input file under way: its state when the run began, and its digest to come."""

    option: str
    path: Path
    before: Signature
    digest: Future[FileDigest]
    observed: Literal["before", "during"]

    def unchanged(self) -> FileDigest:
        """Wait for the digest, and see to it that the file is still the one that was hashed."""
        with suppress(ChangedWhileRead, FileNotFoundError):
            found = self.digest.result()
            if Signature.of(self.path) == self.before:
                return found
        raise InputChanged(_changed(self.option, self.path))


@frozen
class _Given:
    """A path that an option was given, and the files that it stands for."""

    option: str
    label: str | None
    path: Path
    parts: Parts
    files: tuple[_Watched, ...]


class Inputs:
    """Hashes the input files of a run beside the build, and describes every input at its end.

    Args:
        options: the builder's options instance.
        output: what the run writes; an input that is rebuilt in place is hashed before the build.
        root: what paths are relative to.
        cache: digests of files that did not change.
    """

    def __init__(self, options: Any, output: Output, root: Root, cache: StatCache) -> None:
        self._options = options
        self._output = output
        self._root = root
        self._cache = cache
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="hash-inputs")
        self._given = [self._take(*found) for found in _labelled_paths(options)]
        self._globs = _globs(options)
        self._folders = [
            (one.option, one.path, look(one.path, self._globs))
            for one in paths_of(options)
            if one.role.content == "folder"
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def files(self) -> list[tuple[str, Path, str]]:
        """Return the input files with their options' names and their sha256."""
        files = (one for given in self._given for one in given.files)
        return [(one.option, one.path, one.unchanged().sha256) for one in files]

    @property
    def rebuilt(self) -> bool:
        """Tell whether the run writes over one of them."""
        return any(one.observed == "before" for given in self._given for one in given.files)

    def digest(self, path: Path) -> str:
        """Return the sha256 of an input file as it was when the run began.

        Args:
            path: as it stands in the options, or as `parts_of` finds it there.
        """
        files = (one for given in self._given for one in given.files)
        found = next((one for one in files if one.path == path), None)
        return (found.unchanged() if found else hash_file(path, self._cache)).sha256

    def describe(self, read: Iterable[ReadInput]) -> dict[str, Any]:
        """Return the descriptors of all inputs, by option.

        Args:
            read: the files that items read.

        Raises:
            InputChanged: an input file changed since the run began.
        """
        described: dict[str, Any] = {}
        for given in self._given:
            found = self._file(given.files[0]) if given.parts.single else self._parts(given)
            label = {"label": given.label} if given.label else {}
            _collect(described, given.option, found | label)
        remaining = list(read)
        for option, folder, before in self._folders:
            inside = _inside(folder, remaining)
            taken = {one.path for one in inside.values()}
            remaining = [one for one in remaining if one.path not in taken]
            found = (
                self._folder_of_items(option, folder, inside)
                if inside
                else self._folder_at_rest(option, folder, before)
            )
            _collect(described, option, found)
        if remaining:
            common = Path(os.path.commonpath([Path(one.path).parent for one in remaining]))
            described["items"] = self._folder_of_items("items", common, _inside(common, remaining))
        return described

    def _take(self, option: str, label: str | None, path: Path, parts: Parts) -> _Given:
        files = tuple(self._watch(option, file) for file in parts.files)
        return _Given(option, label, path, parts, files)

    def _watch(self, option: str, path: Path) -> _Watched:
        before = Signature.of(path)
        digest = self._pool.submit(hash_file, path, self._cache)
        own = self._output.table.exists() and path.samefile(self._output.table)
        if own:
            digest.result()
        return _Watched(option, path, before, digest, "before" if own else "during")

    def _file(self, watched: _Watched) -> dict[str, Any]:
        found = watched.unchanged()
        return {
            "path": self._root.name(watched.path),
            "exists": True,
            "kind": "file",
            "sha256": found.sha256,
            "bytes": found.bytes,
            "observed": watched.observed,
        }

    def _parts(self, given: _Given) -> dict[str, Any]:
        """Describe several files that one path stands for."""
        parts = given.parts
        found = [one.unchanged() for one in given.files]
        if parts_of(given.path) != parts:
            raise InputChanged(_changed(given.option, given.path))
        digests = {name: one.sha256 for name, one in zip(parts.names, found, strict=True)}
        size = sum(one.bytes for one in found)
        whole = _is_whole(parts.folder, digests)
        described = self._folder(
            given.option, parts.folder, digests, size, parts.patterns, whole=whole
        )
        return described | {"parts": True}

    def _folder_of_items(
        self, option: str, folder: Path, inside: dict[str, ReadInput]
    ) -> dict[str, Any]:
        """Describe a folder by the files in it that items read."""
        digests = {name: one.sha256 for name, one in inside.items()}
        size = sum(one.bytes for one in inside.values())
        whole = _is_whole(folder, digests)
        return self._folder(option, folder, digests, size, self._globs, whole=whole)

    def _folder_at_rest(self, option: str, folder: Path, before: Look) -> dict[str, Any]:
        """Describe a folder that no item read, as it was before the builder saw it."""
        digests = self._unchanged_files(option, folder, before)
        whole = self._globs == EVERYTHING or _is_whole(folder, digests)
        return self._folder(option, folder, digests, before.bytes, self._globs, whole=whole)

    def _unchanged_files(self, option: str, folder: Path, before: Look) -> dict[str, str]:
        with suppress(ChangedWhileRead, FileNotFoundError):
            digests = hash_files(folder, before, self._cache)
            if look(folder, self._globs) == before:
                return digests
        raise InputChanged(_changed(option, folder))

    def _folder(
        self,
        option: str,
        folder: Path,
        digests: Mapping[str, str],
        size: int,
        globs: Sequence[str],
        *,
        whole: bool,
    ) -> dict[str, Any]:
        lines = listing_of(digests.items())
        digest = hashlib.sha256(lines).hexdigest()
        listing = self._output.history / f"{option}-{digest[:16]}{LISTING_SUFFIX}"
        listing.parent.mkdir(exist_ok=True)
        written = write_listing(listing, lines)
        return {
            "path": self._root.name(folder),
            "exists": True,
            "kind": "directory",
            "files": len(digests),
            "bytes": size,
            "glob": list(globs),
            "dir_hash1" if whole else "selection_hash1": digest,
            "listing": {"path": self._root.name(listing), "sha256": written.sha256},
            "observed": "during",
        }


def _changed(option: str, path: Path) -> str:
    return (
        f"{flag_of(option)}: {path} changed while the table was built; nothing was written. "
        "Run again when it is at rest"
    )


def _labelled_paths(options: Any) -> Iterator[tuple[str, str | None, Path, Parts]]:
    """Yield `(option, label, path, parts)` of every path that stands for input files."""
    for one in paths_of(options):
        if not one.role.tool and one.role.content != "folder":
            parts = parts_of(one.path) if one.role.content == "files" else single(one.path)
            yield one.option, one.label, one.path, parts


def _inside(folder: Path, read: Iterable[ReadInput]) -> dict[str, ReadInput]:
    """Return the files that lie in a folder, by their path in it."""
    prefix = str(folder.absolute()).rstrip("/") + "/"
    return {one.path.removeprefix(prefix): one for one in read if one.path.startswith(prefix)}


def _is_whole(folder: Path, names: Iterable[str]) -> bool:
    """Tell whether these are all files of a folder."""
    return set(walk_files(folder)) == set(names)


def _globs(options: Any) -> tuple[str, ...]:
    """Return the builder's own selection, if it has an option `glob`."""
    if "glob" not in {option.name for option in options_of(type(options))}:
        return EVERYTHING
    glob = options.glob
    return (glob,) if isinstance(glob, str) else tuple(glob or EVERYTHING)


def _collect(described: dict[str, Any], option: str, descriptor: dict[str, Any]) -> None:
    """Enter a descriptor: alone, or in a list where an option has several."""
    if option not in described:
        described[option] = descriptor
    elif isinstance(described[option], list):
        described[option].append(descriptor)
    else:
        described[option] = [described[option], descriptor]
