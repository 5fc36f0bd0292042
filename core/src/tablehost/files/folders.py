"""The files of a folder."""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import count, islice
from pathlib import Path

from attrs import field, frozen

from tablehost.files.digest_cache import StatCache
from tablehost.files.digests import Signature, State, state_of, unchanged_digest
from tablehost.files.reading import check_walkable
from tablehost.objects.errors import NoObject
from tablehost.objects.path import ObjectPath

EVERYTHING = ("**/*",)
"""The pattern of all files of a folder."""

Pattern = tuple[str, ...]

_AT_ONCE = 500
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

    files: Mapping[str, State]
    seen_ns: int = field(eq=False)
    dangling: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Return the total size of all files."""
        return sum(size for _, (_, _, size, _, _) in self.files.items())


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
    return sorted(_names(folder, patterns), key=os.fsencode)


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


def look(
    folder: Path,
    patterns: Sequence[str] = EVERYTHING,
    keep: Callable[[Iterable[tuple[str, State]]], Mapping[str, State]] = dict,
) -> Look:
    """Observe the files that `walk_files` lists, without reading them.

    Args:
        folder: to search.
        patterns: of the files.
        keep: where to: `StatesOnDisk` for a folder of any size, whose files are then in order.

    Raises:
        OSError: a folder cannot be read, or a file vanished.
    """
    seen_ns = time.time_ns()
    dangling: list[str] = []
    files = keep(_states(folder, patterns, dangling))
    return Look(files, seen_ns, tuple(sorted(dangling, key=os.fsencode)))


def is_as_seen(folder: Path, patterns: Sequence[str], before: Look) -> bool:
    """Return whether a folder has the files that it had, in the same states.

    Args:
        folder: to search.
        patterns: of the files.
        before: what `look` returned.

    Raises:
        OSError: as `look`.
    """
    dangling: list[str] = []
    number = 0
    for name, state in _states(folder, patterns, dangling):
        if before.files.get(name) != state:
            return False
        number += 1
    return number == len(before.files) and {*dangling} == {*before.dangling}


def has_no_others(folder: Path, names: Collection[str]) -> bool:
    """Return whether these are the names of all files of a folder; each must be there once."""
    number = 0
    for name in _names(folder, EVERYTHING):
        if name not in names:
            return False
        number += 1
    return number == len(names)


def hash_files(
    folder: Path, files: Iterable[tuple[str, State]], seen_ns: int, cache: StatCache
) -> Iterator[tuple[str, str]]:
    """Digest files of a folder, each in its observed state; those in the cache are not read.

    Args:
        folder: that they are in.
        files: their names and observed states.
        seen_ns: when observing them began.
        cache: looked up first, and added to.

    Yields:
        Their names and sha256, in the same order.

    Raises:
        ChangedWhileRead: a file that had to be read has another state.
    """
    rest = iter(files)
    while some := list(islice(rest, _AT_ONCE)):
        known = cache.get_many((state for _, state in some), seen_ns)
        read = []
        try:
            for name, state in some:
                if state not in known:
                    known[state] = unchanged_digest(folder / name, state).sha256
                    read.append((Signature(state, seen_ns), known[state]))
        finally:
            cache.put_many(read)
        yield from ((name, known[state]) for name, state in some)


def _names(folder: Path, patterns: Sequence[str]) -> Iterable[str]:
    if isinstance(folder, ObjectPath):
        return _objects(folder, patterns)
    return (name for name, _ in _matching(folder, patterns))


def _states(
    folder: Path, patterns: Sequence[str], dangling: list[str]
) -> Iterator[tuple[str, State]]:
    """Yield the states of files, and note the names of links that point to nothing."""
    if isinstance(folder, ObjectPath):
        yield from ((name, state_of((folder / name).stat())) for name in _objects(folder, patterns))
        return
    for name, entry in _matching(folder, patterns):
        if _is_dangling(entry):
            dangling.append(name)
        else:
            yield name, state_of(entry.stat())


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


def _objects(folder: ObjectPath, patterns: Sequence[str]) -> list[str]:
    """List the objects below a prefix that match any of the patterns, in the order of their bytes.

    Raises:
        NoObject: there is none at all, which a store does not distinguish from no such prefix.
    """
    names, wanted = folder.look_below(), {_parts(pattern) for pattern in patterns}
    if not names:
        raise NoObject(str(folder))
    return [name for name in names if wanted == _ALL or _fits(name, wanted)]


def _fits(name: str, wanted: set[Pattern]) -> bool:
    for step in name.split("/"):
        wanted = _left(step, wanted)
    return () in wanted


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
