"""What a table is made of: the descriptors of its inputs, and whether they stayed the same."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
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
from tablehost.files.digests import ChangedWhileRead, FileDigest, ReadInputs, Signature
from tablehost.files.folder_listing import listing_lines, write_listing
from tablehost.files.folders import (
    EVERYTHING,
    Look,
    has_no_others,
    hash_files,
    is_as_seen,
    look,
)
from tablehost.files.parts import parts_of
from tablehost.files.states_on_disk import StatesOnDisk
from tablehost.objects.path import ObjectPath
from tablehost.options.fields import options_of
from tablehost.provenance.fetched import Fetched
from tablehost.provenance.given import Given
from tablehost.provenance.read_files import InputChanged, Inside, ReadFiles

_log = logging.getLogger("tablehost")
_LEFT_OUT = "%s: of %s, %d files are not taken for parts: %s"


class NotListed(TablehostError):
    """The listing of an input folder could not be written."""

    def __init__(self, listing: Path, error: OSError) -> None:
        super().__init__(
            f"{listing} could not be written: {error.strerror}; the earlier table, if any, is "
            "untouched and finished items are kept"
        )


class NotReadable(TablehostError):
    """A file of an input folder cannot be read."""

    def __init__(self, option: str, error: OSError) -> None:
        what = f"{flag_of(option)}: {error.filename} cannot be read: {error.strerror or error}"
        super().__init__(f"{what}; nothing was written")


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
    """The files of a folder that are an input; `whole` if it has no others.

    `entries` are their names and sha256, in the order of the names' bytes.
    """

    folder: Path
    number: int
    bytes: int
    entries: Iterable[tuple[str, str]]
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
                self._folders.append(
                    (one.option, one.path, look(one.path, self._globs, StatesOnDisk))
                )
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

    def describe(self, read: ReadInputs) -> dict[str, Any]:
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
        named = {str(one.path.absolute()): one for one in self._watched}
        files = ReadFiles(read, [folder for _, folder, _ in self._folders], named)
        for (option, folder, before), inside in zip(self._folders, files.folders, strict=True):
            there = self._read(inside) if inside.number else self._at_rest(option, folder, before)
            described.setdefault(option, []).append(self._folder(option, there))
        for file in files.named:
            watched = named[file.path]
            if watched.unchanged().sha256 != file.sha256:
                raise InputChanged(watched.option, watched.path)
        for inside in files.others.values():
            described.setdefault("items", []).append(self._folder("items", self._read(inside)))
        return {name: some if len(some) > 1 else some[0] for name, some in described.items()}

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
        whole = now.whole or (parts.patterns != EVERYTHING and has_no_others(parts.folder, digests))
        size = sum(file.bytes for file in found)
        files = _Files(parts.folder, len(found), size, digests.items(), parts.patterns, whole)
        return self._folder(given.option, files) | {"parts": True}

    def _read(self, inside: Inside) -> _Files:
        """Return the files of a folder that items read."""
        folder, number, size = inside.folder, inside.number, inside.bytes
        whole = has_no_others(folder, inside)
        return _Files(folder, number, size, inside.entries(), self._globs, whole)

    def _at_rest(self, option: str, folder: Path, before: Look) -> _Files:
        """Return the files of a folder that no item read, as the run found them."""
        for name in before.dangling:
            raise DanglingLink(option, folder / name)
        with _changes_of(option, folder):
            whole = self._globs == EVERYTHING or has_no_others(folder, before.files)
        digests = self._hashed(option, folder, before)
        return _Files(folder, len(before.files), before.bytes, digests, self._globs, whole)

    def _hashed(self, option: str, folder: Path, before: Look) -> Iterator[tuple[str, str]]:
        """Yield the digests of a folder's files, and check that they are those that were there."""
        with _changes_of(option, folder):
            yield from hash_files(folder, before.files.items(), before.seen_ns, self._cache)
            if not is_as_seen(folder, self._globs, before):
                raise InputChanged(option, folder)

    def _folder(self, option: str, files: _Files) -> dict[str, Any]:
        history = self._output.history
        try:
            make_folder(history)
            listing = write_listing(history / option, listing_lines(files.entries))
        except OSError as error:
            raise NotListed(history / option, error) from error
        return {
            "path": self._root.name(files.folder),
            "exists": True,
            "kind": "directory",
            "files": files.number,
            "bytes": files.bytes,
            "glob": list(files.globs),
            "dir_hash1" if files.whole else "selection_hash1": listing.digest,
            "listing": {"path": self._root.name(listing.path), "sha256": listing.sha256},
            "observed": "during",
        }


@contextmanager
def _changes_of(option: str, folder: Path) -> Iterator[None]:
    """Turn what goes wrong where the files of an input folder are looked at into its errors."""
    try:
        yield
    except (ChangedWhileRead, FileNotFoundError) as error:
        raise InputChanged(option, folder) from error
    except OSError as error:
        raise NotReadable(option, error) from error


def _globs(options: Any) -> tuple[str, ...]:
    """Return the builder's own selection, if it has an option `glob`."""
    if "glob" not in {option.name for option in options_of(type(options))}:
        return EVERYTHING
    glob = options.glob
    return (glob,) if isinstance(glob, str) else tuple(glob or EVERYTHING)
