"""The files of a folder."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from tablehost.digests import Signature

Pattern = tuple[str, ...]

_ALL: set[Pattern] = {("**", "*")}
_ALL_LEFT: set[Pattern] = {(), ("**", "*")}  # below a file or folder of any name


def walk_files(folder: Path, patterns: Sequence[str] = ("**/*",)) -> list[str]:
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


def look(folder: Path, patterns: Sequence[str] = ("**/*",)) -> dict[str, Signature]:
    """Look at the files that `walk_files` lists, without reading them.

    Returns:
        By relative path, in the order of the path's bytes, what the file looks like from outside.

    Raises:
        OSError: a folder cannot be read, or a file went away.
    """
    seen = [
        (name, Signature.from_stat(entry.stat(follow_symlinks=False)))
        for name, entry in _matching(folder, patterns)
    ]
    return dict(sorted(seen, key=lambda one: os.fsencode(one[0])))


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
