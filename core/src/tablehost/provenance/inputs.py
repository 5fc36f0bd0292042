"""What a table is made of: the descriptors of its inputs, and whether they stayed the same."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, Self

from attrs import frozen

from tablehost.commit.output import Output
from tablehost.commit.root import Root
from tablehost.console.text import some
from tablehost.contract.errors import BrokenBuilder, TablehostError
from tablehost.contract.names import flag_of
from tablehost.files.atomic import make_folder
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.files.digests import ChangedWhileRead, FileDigest, ReadInput, Signature
from tablehost.files.folder_listing import listing_of, write_listing
from tablehost.files.folders import EVERYTHING, Look, hash_files, look, walk_files
from tablehost.files.names import LISTING_SUFFIX
from tablehost.files.parts import parts_of
from tablehost.objects.path import ObjectPath, as_path
from tablehost.options.fields import options_of
from tablehost.provenance.fetched import Fetched
from tablehost.provenance.given import Given

_log = logging.getLogger("tablehost")
_LEFT_OUT = "%s: of %s, %d files are not taken for parts: %s"


class NotListed(TablehostError):
    """The listing of an input folder could not be written."""

    def __init__(self, listing: Path, error: OSError) -> None:
        super().__init__(
            f"{listing} could not be written: {error.strerror}; the earlier table, if any, is "
            "untouched and finished items are kept"
        )


class InputChanged(TablehostError):
    """An input was not the same at the end of the run as at its start, or for two items."""

    def __init__(self, option: str | None, path: Path) -> None:
        named = f"{flag_of(option)}: {path}" if option else f"{path}"
        changed = f"{named} changed while the table was built"
        super().__init__(f"{changed}; nothing was written. Run again when it no longer changes")


class DanglingLink(TablehostError):
    """A file of an input folder is a link that points to nothing."""

    def __init__(self, option: str, path: Path) -> None:
        what = f"{path} is a symbolic link to {path.readlink()}, which is not there"
        super().__init__(f"{flag_of(option)}: {what}; nothing was written")


@frozen
class _Watched:
    """An input file under way: its state when the run began, and its digest to come."""

    option: str
    path: Path
    before: Signature
    digest: Future[FileDigest]
    observed: Literal["before", "during"]

    def unchanged(self) -> FileDigest:
        """Wait for the digest, and check that the file is still the one that was hashed."""
        with suppress(ChangedWhileRead, FileNotFoundError):
            found = self.digest.result()
            fetched = isinstance(self.path, ObjectPath)  # and its copy is what was read
            if fetched or Signature.of(self.path) == self.before:
                return found
        raise InputChanged(self.option, self.path)


@frozen
class _Input:
    """A path that an option gives, with its files under way."""

    given: Given
    files: tuple[_Watched, ...]


@frozen
class _Files:
    """The files of a folder that are an input; `whole` if it has no others."""

    folder: Path
    digests: Mapping[str, str]
    bytes: int
    globs: Sequence[str]
    whole: bool


class Inputs:
    """Hashes the input files of a run beside the build, and describes every input at its end.

    Args:
        options: the builder's options instance.
        given: the paths that it gives.
        output: what the run writes; an input that is rebuilt in place is hashed before the build.
        root: what paths are relative to.
        cache: digests of files that did not change.
        copies: the folder for the copies of objects; it need not be there.
    """

    def __init__(
        self,
        options: Any,
        given: Iterable[Given],
        output: Output,
        root: Root,
        cache: StatCache,
        *,
        copies: Path,
    ) -> None:
        self._output = output
        self._root = root
        self._cache = cache
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="hash-inputs")
        self.objects = Fetched(copies, self._pool, cache)
        self._globs = _globs(options)
        self._inputs = []
        self._folders = []
        for one in given:
            if one.role.content == "folder":
                self._folders.append((one.option, one.path, look(one.path, self._globs)))
            elif not one.role.tool:
                if left_out := one.parts.left_out:
                    _log.info(_LEFT_OUT, one.flag, one.path, len(left_out), some(left_out))
                files = tuple(self._watch(one.option, file) for file in one.parts.files)
                self._inputs.append(_Input(one, files))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.objects.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def files(self) -> list[tuple[str, Path, str]]:
        """Return the input files with their options' names and their sha256."""
        return [(one.option, one.path, one.unchanged().sha256) for one in self._watched]

    @property
    def rebuilt(self) -> bool:
        """Return whether the run writes over one of them."""
        return any(one.observed == "before" for one in self._watched)

    def digest(self, path: Path) -> str:
        """Return the sha256 of an input file as it was when the run began.

        Args:
            path: as it is in the options, or as `parts` returns it.
        """
        found = next((one for one in self._watched if one.path == path), None)
        return (found.unchanged() if found else hash_file(path, self._cache)).sha256

    def parts(self, path: Path) -> tuple[Path, ...]:
        """Return the files of an input as they were found when the run began.

        Raises:
            BrokenBuilder: no option of role `InputFile` or `InputFiles` gives the path.
        """
        for one in self._inputs:
            if one.given.path == path:
                return one.given.parts.files
        msg = (
            f"run.parts({str(path)!r}): no option of role InputFile or InputFiles gives this path; "
            "pass the option's value"
        )
        raise BrokenBuilder(msg)

    def describe(self, read: Iterable[ReadInput]) -> dict[str, Any]:
        """Return the descriptors of all inputs, by option; those of `read` were read by items.

        Raises:
            InputChanged: an input file changed since the run began.
        """
        described: dict[str, list[Any]] = {}
        for one in self._inputs:
            given = one.given
            found = self._file(one.files[0]) if given.parts.single else self._parts(one)
            label = {"label": given.label} if given.label else {}
            described.setdefault(given.option, []).append(found | label)
        remaining = _once(read)
        for option, folder, before in self._folders:
            inside = _inside(folder, remaining)
            taken = {one.path for one in inside.values()}
            remaining = [one for one in remaining if one.path not in taken]
            files = self._read(folder, inside) if inside else self._at_rest(option, folder, before)
            described.setdefault(option, []).append(self._folder(option, files))
        for common, below in _by_folder(self._unnamed(remaining)):
            items = self._folder("items", self._read(common, below))
            described.setdefault("items", []).append(items)
        return {name: some if len(some) > 1 else some[0] for name, some in described.items()}

    def _unnamed(self, read: Iterable[ReadInput]) -> Iterator[ReadInput]:
        """Yield the files that items read and no option names."""
        named = {str(one.path.absolute()): one for one in self._watched}
        for one in read:
            watched = named.get(one.path)
            if watched is None:
                yield one
            elif watched.unchanged().sha256 != one.sha256:
                raise InputChanged(watched.option, watched.path)

    @property
    def _watched(self) -> Iterator[_Watched]:
        return (file for one in self._inputs for file in one.files)

    def _watch(self, option: str, path: Path) -> _Watched:
        try:
            before = Signature.of(path)
        except OSError as error:  # it was there when the options were checked
            raise InputChanged(option, path) from error
        if isinstance(path, ObjectPath):
            return _Watched(option, path, before, self.objects.digest(path, before), "during")
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

    def _parts(self, one: _Input) -> dict[str, Any]:
        """Describe several files that one path stands for."""
        given, parts = one.given, one.given.parts
        found = [file.unchanged() for file in one.files]
        now = parts_of(given.path)
        if now != parts:
            raise InputChanged(given.option, given.path)
        digests = {name: file.sha256 for name, file in zip(parts.names, found, strict=True)}
        whole = now.whole or (parts.patterns != EVERYTHING and _is_whole(parts.folder, digests))
        size = sum(file.bytes for file in found)
        files = _Files(parts.folder, digests, size, parts.patterns, whole)
        return self._folder(given.option, files) | {"parts": True}

    def _read(self, folder: Path, inside: Mapping[str, ReadInput]) -> _Files:
        """Return the files of a folder that items read."""
        digests = {name: one.sha256 for name, one in inside.items()}
        size = sum(one.bytes for one in inside.values())
        return _Files(folder, digests, size, self._globs, _is_whole(folder, digests))

    def _at_rest(self, option: str, folder: Path, before: Look) -> _Files:
        """Return the files of a folder that no item read, as the run found them."""
        for name in before.dangling:
            raise DanglingLink(option, folder / name)
        with suppress(ChangedWhileRead, FileNotFoundError):
            digests = hash_files(folder, before, self._cache)
            if look(folder, self._globs) == before:
                whole = self._globs == EVERYTHING or _is_whole(folder, digests)
                return _Files(folder, digests, before.bytes, self._globs, whole)
        raise InputChanged(option, folder)

    def _folder(self, option: str, files: _Files) -> dict[str, Any]:
        lines = listing_of(files.digests.items())
        digest = hashlib.sha256(lines).hexdigest()
        listing = self._output.history / f"{option}-{digest[:16]}{LISTING_SUFFIX}"
        try:
            make_folder(listing.parent)
            written = write_listing(listing, lines)
        except OSError as error:
            raise NotListed(listing, error) from error
        return {
            "path": self._root.name(files.folder),
            "exists": True,
            "kind": "directory",
            "files": len(files.digests),
            "bytes": files.bytes,
            "glob": list(files.globs),
            "dir_hash1" if files.whole else "selection_hash1": digest,
            "listing": {"path": self._root.name(listing), "sha256": written.sha256},
            "observed": "during",
        }


def _by_folder(read: Iterable[ReadInput]) -> Iterator[tuple[Path, Mapping[str, ReadInput]]]:
    """Yield the folder that all files are in, and that of all objects of a bucket."""
    places: dict[str, list[ReadInput]] = {}
    for one in read:
        place = as_path(one.path)
        bucket = str(place.parents[-3]) if isinstance(place, ObjectPath) else ""
        places.setdefault(bucket, []).append(one)
    for bucket, files in places.items():
        parents = [os.path.dirname(one.path.removeprefix(bucket)) for one in files]  # noqa: PTH120
        folder = as_path(bucket + os.path.commonpath(parents))
        yield folder, _inside(folder, files)


def _once(read: Iterable[ReadInput]) -> list[ReadInput]:
    """Return each file that items read, which must have been the same for all of them."""
    found: dict[str, ReadInput] = {}
    for one in read:
        if found.setdefault(one.path, one) is not one:
            raise InputChanged(None, as_path(one.path))
    return list(found.values())


def _inside(folder: Path, read: Iterable[ReadInput]) -> dict[str, ReadInput]:
    """Return the files in a folder, by their path in it."""
    prefix = str(folder.absolute()).rstrip("/") + "/"
    return {one.path.removeprefix(prefix): one for one in read if one.path.startswith(prefix)}


def _is_whole(folder: Path, names: Iterable[str]) -> bool:
    """Return whether these are all files of a folder."""
    return set(walk_files(folder)) == set(names)


def _globs(options: Any) -> tuple[str, ...]:
    """Return the builder's own selection, if it has an option `glob`."""
    if "glob" not in {option.name for option in options_of(type(options))}:
        return EVERYTHING
    glob = options.glob
    return (glob,) if isinstance(glob, str) else tuple(glob or EVERYTHING)
