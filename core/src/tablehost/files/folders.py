"""The files of a folder."""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path

from attrs import field, frozen

from tablehost.files.digest_cache import StatCache
from tablehost.files.digests import Signature, State, state_of, unchanged_digest
from tablehost.files.reading import check_walkable

EVERYTHING = ("**/*",)
"""The pattern of all files of a folder."""

Pattern = tuple[str, ...]

_MOST_PARTS = 256
_LONGEST_PATTERN = 4096  # as of a path

_ALL: set[Pattern] = {("**", "*")}
_ALL_LEFT: set[Pattern] = {(), ("**", "*")}  # below a file or folder of any name


@frozen
class Look:
    """The states of a folder's files.

    Args:
        files: the state of each, by relative path; of a link, that of the file that it points to.
        seen_ns: when observing them began; not compared.
        dangling: links that point to nothing.
    """

    files: dict[str, State]
    seen_ns: int = field(eq=False)
    dangling: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Return the total size of all files."""
        return sum(size for _, _, size, _, _ in self.files.values())


def walk_files(folder: Path, patterns: Sequence[str] = EVERYTHING) -> list[str]:
    """List the regular files of a folder that match any of the patterns, as `find -L` does.

    A pattern is as for `pathlib`, relative to the folder: `*.mp4` matches in the folder itself,
    `**/*.mp4` also below it. A link is what it points to; one that points to nothing is listed, so
    that its reader fails, and one to a folder that it lies in is not followed. A folder that cannot
    be read is an error, never an empty one.

    Args:
        folder: to search.
        patterns: of the files to list.

    Returns:
        Relative paths with `/`, in the order of their bytes, as `os.fsdecode` returns them: a name
        that is not UTF-8 keeps its bytes.

    Raises:
        OSError: a folder cannot be read, or a pattern is too long.
    """
    return sorted((name for name, _ in _matching(folder, patterns)), key=os.fsencode)


def walk(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield every folder below one, itself first, with the names of its folders and its files.

    As `os.walk`, which ends in a RecursionError a thousand folders deep. Links are not followed,
    and the caller may remove folders from the names that it is given.

    Raises:
        OSError: a folder cannot be read, for another reason than that it is another user's.
    """
    todo = [folder]
    while todo:
        here = todo.pop()
        folders: list[str] = []
        files: list[str] = []
        with suppress(PermissionError), os.scandir(here) as entries:
            for entry in entries:
                (folders if entry.is_dir() else files).append(entry.name)
        yield here, folders, files
        below = (here / name for name in reversed(folders))
        todo += [one for one in below if not one.is_symlink()]


def remove_folder(folder: Path) -> None:
    """Remove a folder with everything in it, however deep; a link is removed, not followed.

    `shutil.rmtree` ends in a RecursionError a thousand folders deep, and longer paths are refused
    by the system: so a folder is moved to the top before it is emptied.

    Raises:
        OSError: it is not there, or something in it cannot be removed. The rest of it is gone.
    """
    if folder.is_symlink():
        folder.unlink()
        return
    prefix, numbers = secrets.token_hex(8), count()
    todo = [folder]
    while todo:
        here = todo.pop()
        for entry in _entries(here):
            path = Path(entry)
            with suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    path.unlink()
                    continue
                path.chmod(0o700)  # a read-only folder can be neither moved nor emptied
                todo.append(path.rename(folder / f"{prefix}-{next(numbers)}"))
        if here != folder:
            with suppress(OSError):
                here.rmdir()
    folder.rmdir()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder; one that cannot be read has none."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def look(folder: Path, patterns: Sequence[str] = EVERYTHING) -> Look:
    """Observe the files that `walk_files` lists, in any order, without reading them.

    Args:
        folder: to search.
        patterns: of the files.

    Raises:
        OSError: a folder cannot be read, or a file vanished.
    """
    seen_ns = time.time_ns()
    files, dangling = {}, []
    for name, entry in _matching(folder, patterns):
        if _is_dangling(entry):
            dangling.append(name)
        else:
            files[name] = state_of(entry.stat())
    return Look(files, seen_ns, tuple(sorted(dangling, key=os.fsencode)))


def hash_files(folder: Path, seen: Look, cache: StatCache) -> dict[str, str]:
    """Digest the files of a folder, each in its observed state; those in the cache are not read.

    Args:
        folder: that they are in.
        seen: their observed states.
        cache: looked up first, and added to.

    Returns:
        By relative path the sha256, in the order of `seen`.

    Raises:
        ChangedWhileRead: a file that had to be read has another state.
    """
    known = cache.get_many(seen.files.values(), seen.seen_ns)
    digests, read = {}, []
    try:
        for name, state in seen.files.items():
            sha256 = known.get(state)
            if sha256 is None:
                sha256 = unchanged_digest(folder / name, state).sha256
                read.append((Signature(state, seen.seen_ns), sha256))
                known[state] = sha256
            digests[name] = sha256
    finally:
        cache.put_many(read)
    return digests


def _matching(folder: Path, patterns: Sequence[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    status = folder.stat()
    check_walkable(folder, status)
    above: tuple[tuple[int, int], ...] = (_identity(status),)
    todo = [(os.fspath(folder), "", {_parts(pattern) for pattern in patterns}, above)]
    while todo:
        here, prefix, wanted, above = todo.pop()
        with os.scandir(here) as entries:
            for entry in entries:
                name = entry.name
                left = _ALL_LEFT if wanted == _ALL else _left(name, wanted)
                if () in left and (_is_dangling(entry) or entry.is_file()):
                    yield prefix + name, entry
                elif left - {()} and not _is_dangling(entry) and entry.is_dir():
                    status = entry.stat()
                    check_walkable(entry.path, status)
                    own = _identity(status)
                    if own not in above:  # else a link led here, and would without end
                        below = (entry.path, f"{prefix}{name}/", left - {()}, (*above, own))
                        todo.append(below)


def _is_dangling(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a link that points to nothing, or to itself."""
    if not entry.is_symlink():
        return False
    try:
        entry.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return True
        raise
    return False


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _left(name: str, wanted: Collection[Pattern]) -> set[Pattern]:
    return {rest for pattern in wanted for rest in _after(name, pattern)}


def _parts(pattern: str) -> Pattern:
    """Split a pattern; `**` that follows itself says nothing more, and would be tried as often."""
    split = [part for part in pattern.split("/") if part not in {"", "."}]
    pairs = zip(split, ["", *split], strict=False)
    parts = tuple(part for part, before in pairs if (part, before) != ("**", "**"))
    if len(parts) > _MOST_PARTS or len(pattern) > _LONGEST_PATTERN:
        raise OSError(errno.ENAMETOOLONG, "the pattern is too long", f"{pattern[:60]}...")
    return (*parts, "*") if parts[-1:] == ("**",) else parts


def _after(name: str, pattern: Pattern) -> Iterator[Pattern]:
    """Yield the rests of a pattern to match below a name; an empty rest is a match."""
    while pattern[:1] == ("**",):  # any number of folders, also none
        yield pattern
        pattern = pattern[1:]
    if pattern and fnmatchcase(name, pattern[0]):
        yield pattern[1:]
