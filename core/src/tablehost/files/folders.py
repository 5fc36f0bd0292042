"""The files of a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from attrs import field, frozen

from tablehost.files.digest_cache import StatCache
from tablehost.files.digests import Signature, State, state_of, unchanged_digest

EVERYTHING = ("**/*",)
"""The pattern of all files of a folder."""

Pattern = tuple[str, ...]

_ALL: set[Pattern] = {("**", "*")}
_ALL_LEFT: set[Pattern] = {(), ("**", "*")}  # below a file or folder of any name


@frozen
class Look:
    """What the files of a folder look like from outside.

    Args:
        files: the state of each, by relative path.
        seen_ns: when the look began; not compared.
    """

    files: dict[str, State]
    seen_ns: int = field(eq=False)

    @property
    def bytes(self) -> int:
        """Return the size of all files together."""
        return sum(size for _, _, size, _, _ in self.files.values())


def walk_files(folder: Path, patterns: Sequence[str] = EVERYTHING) -> list[str]:
    """List the regular files of a folder that match any of the patterns.

    A pattern is as for `pathlib`, relative to the folder: `*.mp4` looks at the folder itself,
    `**/*.mp4` also below it. Links are neither listed nor followed, and a folder that cannot be
    read is an error, never an empty one.

    Args:
        folder: where to look.
        patterns: what to look for.

    Returns:
        Relative paths with `/`, in the order of their bytes. They are text as `os.fsdecode` makes
        it, so a name that is not UTF-8 keeps its bytes.

    Raises:
        OSError: a folder cannot be read.
    """
    return sorted((name for name, _ in _matching(folder, patterns)), key=os.fsencode)


def look(folder: Path, patterns: Sequence[str] = EVERYTHING) -> Look:
    """Look at the files that `walk_files` lists, in any order, without reading them.

    Args:
        folder: where to look.
        patterns: what to look for.

    Raises:
        OSError: a folder cannot be read, or a file went away.
    """
    seen_ns = time.time_ns()
    files = {
        name: state_of(entry.stat(follow_symlinks=False))
        for name, entry in _matching(folder, patterns)
    }
    return Look(files, seen_ns)


def hash_files(folder: Path, seen: Look, cache: StatCache) -> dict[str, str]:
    """Digest the files of a folder, each as it was seen; those that the cache knows are not read.

    Args:
        folder: where they lie.
        seen: the look at them.
        cache: where to look first, and to remember.

    Returns:
        By relative path the sha256, in the look's order.

    Raises:
        ChangedWhileRead: a file that had to be read does not look as it was seen.
    """
    known = cache.get_many(seen.files.values(), seen.seen_ns)
    digests, read = {}, []
    try:
        for name, state in seen.files.items():
            sha256 = known.get(state)
            if sha256 is None:
                sha256 = unchanged_digest(folder / name, state).sha256
                read.append((Signature(state, seen.seen_ns), sha256))
            digests[name] = sha256
    finally:
        cache.put_many(read)
    return digests


def _matching(folder: Path, patterns: Sequence[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    todo = [(os.fspath(folder), "", {_parts(pattern) for pattern in patterns})]
    while todo:
        here, prefix, wanted = todo.pop()
        with os.scandir(here) as entries:
            for entry in entries:
                name = entry.name
                left = _ALL_LEFT if wanted == _ALL else _left(name, wanted)
                if () in left and entry.is_file(follow_symlinks=False):
                    yield prefix + name, entry
                elif left - {()} and entry.is_dir(follow_symlinks=False):
                    todo.append((entry.path, f"{prefix}{name}/", left - {()}))


def _left(name: str, wanted: Collection[Pattern]) -> set[Pattern]:
    return {rest for pattern in wanted for rest in _after(name, pattern)}


def _parts(pattern: str) -> Pattern:
    parts = tuple(part for part in pattern.split("/") if part not in {"", "."})
    return (*parts, "*") if parts[-1:] == ("**",) else parts


def _after(name: str, pattern: Pattern) -> Iterator[Pattern]:
    """Yield what is left to match below a file or folder of that name; nothing left is a match."""
    while pattern[:1] == ("**",):  # it stands for any number of folders, none too
        yield pattern
        pattern = pattern[1:]
    if pattern and fnmatchcase(name, pattern[0]):
        yield pattern[1:]
