"""What a table is made of: the descriptors of its inputs, and whether they stayed the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from attrs import field, frozen

from tablehost.digests import FileDigest, Signature
from tablehost.errors import TablehostError
from tablehost.folders import look, walk_files
from tablehost.ledger import ReadInput
from tablehost.listing import listing_of, write_listing
from tablehost.options import options_of, values_by_role
from tablehost.output import Output
from tablehost.roles import Labelled, Role
from tablehost.statcache import StatCache, hash_file


class InputChanged(TablehostError):
    """An input was not the same at the end of the run as at its start."""


@frozen
class Root:
    """The folder that the manifest's relative paths start from.

    Args:
        path: the enclosing git work tree, else the folder of the output.
        kind: which of the two.
        outside: paths that do not lie in it; they are written absolute.
    """

    path: Path
    kind: Literal["git", "folder"]
    outside: set[str] = field(factory=set)

    @classmethod
    def of(cls, output: Output) -> Root:
        """Find the root of an output."""
        folder = output.table.absolute().parent
        for candidate in (folder, *folder.parents):
            if (candidate / ".git").exists():
                return cls(candidate, "git")
        return cls(folder, "folder")

    def name(self, path: Path) -> str:
        """Return a path as the manifest writes it."""
        absolute = Path(os.path.abspath(path))  # noqa: PTH100  # `..` out, links kept
        if absolute.is_relative_to(self.path):
            return str(absolute.relative_to(self.path))
        self.outside.add(str(absolute))
        return str(absolute)


@frozen
class _Watched:
    """An input file under way: its state when the run began, and its digest to come."""

    option: str
    label: str | None
    path: Path
    before: Signature
    digest: Future[FileDigest]
    observed: Literal["before", "during"]


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
        self._files = [self._watch(*found) for found in _labelled_files(options)]
        self._globs = _globs(options)
        self._folders = [
            (option, folder, look(folder, self._globs))
            for option, folder in values_by_role(options, Role.INPUT_DIR)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def files(self) -> list[tuple[str, Path]]:
        """Return the input files with their options' names."""
        return [(watched.option, watched.path) for watched in self._files]

    def describe(self, read: Iterable[ReadInput]) -> dict[str, Any]:
        """Return the descriptors of all inputs, by option.

        Args:
            read: the files that items read.

        Raises:
            InputChanged: an input file changed since the run began.
        """
        described: dict[str, Any] = {}
        for watched in self._files:
            _collect(described, watched.option, self._file(watched))
        remaining = list(read)
        for option, folder, before in self._folders:
            inside = _inside(folder, remaining)
            taken = {one.path for one in inside.values()}
            remaining = [one for one in remaining if one.path not in taken]
            files = inside or self._hash_folder(option, folder, before)
            _collect(described, option, self._folder(option, folder, files))
        if remaining:
            common = Path(os.path.commonpath([Path(one.path).parent for one in remaining]))
            described["items"] = self._folder("items", common, _inside(common, remaining))
        return described

    def _watch(self, option: str, label: str | None, path: Path) -> _Watched:
        before = Signature.of(path)
        digest = self._pool.submit(hash_file, path, self._cache)
        own = self._output.table.exists() and path.samefile(self._output.table)
        if own:
            digest.result()
        return _Watched(option, label, path, before, digest, "before" if own else "during")

    def _file(self, watched: _Watched) -> dict[str, Any]:
        found = watched.digest.result()
        try:
            same = Signature.of(watched.path) == watched.before
        except OSError:
            same = False
        if not same:
            raise InputChanged(_changed(watched.option, watched.path))
        described = {
            "path": self._root.name(watched.path),
            "exists": True,
            "kind": "file",
            "sha256": found.sha256,
            "bytes": found.bytes,
            "observed": watched.observed,
        }
        return described | ({"label": watched.label} if watched.label else {})

    def _folder(self, option: str, folder: Path, inside: dict[str, ReadInput]) -> dict[str, Any]:
        lines = listing_of((name, one.sha256) for name, one in inside.items())
        digest = hashlib.sha256(lines).hexdigest()
        whole = set(walk_files(folder)) == set(inside)
        listing = self._output.history / f"{option}-{digest[:16]}.sha256.gz"
        listing.parent.mkdir(exist_ok=True)
        written = write_listing(listing, lines)
        return {
            "path": self._root.name(folder),
            "exists": True,
            "kind": "directory",
            "files": len(inside),
            "bytes": sum(one.bytes for one in inside.values()),
            "glob": list(self._globs),
            "dir_hash1" if whole else "selection_hash1": digest,
            "listing": {"path": self._root.name(listing), "sha256": written.sha256},
            "observed": "during",
        }

    def _hash_folder(
        self, option: str, folder: Path, before: Mapping[str, Signature]
    ) -> dict[str, ReadInput]:
        """Hash a folder that no item read, as it was before the builder saw it."""
        known = self._cache.get_many(before.values())
        found = {}
        prefix = f"{folder}/"
        for name, signature in before.items():
            path = prefix + name
            sha256 = known.get(signature) or hash_file(Path(path), self._cache).sha256
            found[name] = ReadInput(path, sha256, signature.size)
        if look(folder, self._globs) != before:
            raise InputChanged(_changed(option, folder))
        return found


def _changed(option: str, path: Path) -> str:
    flag = "--" + option.replace("_", "-")
    return (
        f"{flag}: {path} changed while the table was built; nothing was written. "
        "Run again when it is at rest"
    )


def _labelled_files(options: Any) -> Iterator[tuple[str, str | None, Path]]:
    """Yield `(option, label, path)` of every input file."""
    for option, path in values_by_role(options, Role.INPUT_FILE):
        value = getattr(options, option)
        values = value if isinstance(value, tuple) else (value,)
        labels = [one.label for one in values if isinstance(one, Labelled) and one.value is path]
        yield option, labels[0] if labels else None, path


def _inside(folder: Path, read: Iterable[ReadInput]) -> dict[str, ReadInput]:
    """Return the files that lie in a folder, by their path in it."""
    prefix = str(folder.absolute()).rstrip("/") + "/"
    return {one.path.removeprefix(prefix): one for one in read if one.path.startswith(prefix)}


def _globs(options: Any) -> tuple[str, ...]:
    """Return the builder's own selection, if it has an option `glob`."""
    if "glob" not in {option.name for option in options_of(type(options))}:
        return ("**/*",)
    glob = options.glob
    return (glob,) if isinstance(glob, str) else tuple(glob or ("**/*",))


def _collect(described: dict[str, Any], option: str, descriptor: dict[str, Any]) -> None:
    """Enter a descriptor: alone, or in a list where an option has several."""
    if option not in described:
        described[option] = descriptor
    elif isinstance(described[option], list):
        described[option].append(descriptor)
    else:
        described[option] = [described[option], descriptor]
