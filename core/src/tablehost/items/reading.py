"""What an item reads: the state and the digest of each of its files and folders."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from attrs import frozen

from tablehost.contract.errors import ItemFailed
from tablehost.files.digests import Signature, json_digest, state_of, unchanged_digest
from tablehost.files.folder_listing import dir_hash1
from tablehost.files.folders import Look, look
from tablehost.items.copies import Copies
from tablehost.items.task import ReadFile, Task
from tablehost.objects.errors import NoObject
from tablehost.objects.path import ObjectPath

_ITSELF = ""  # the name of a file among the files of an input that is this file


@frozen
class Reading:
    """The inputs of an item with the digests of their files.

    Args:
        digest: of all inputs; empty for none, and a single file's own.
        files: every file of them.
    """

    digest: str
    files: tuple[ReadFile, ...]


def see(path: Path) -> Look:
    """Observe an input of an item: a file, or all files of a folder.

    Raises:
        ItemFailed: it is not there, or has a file that cannot be recorded.
    """
    seen_ns = time.time_ns()
    try:
        status = path.stat()
        seen = look(path) if stat.S_ISDIR(status.st_mode) else None
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            raise _missing(path, error) from error
        raise ItemFailed("unreadable", error.strerror or str(error)) from error
    if seen is None:
        if not stat.S_ISREG(status.st_mode):
            raise ItemFailed("not-a-regular-file", f"it is {_kind(status.st_mode)}")
        return Look({_ITSELF: state_of(status)}, seen_ns)
    for name in seen.dangling:
        raise ItemFailed("dangling-link", f"{name} is a symbolic link to nothing")
    for name in seen.files:
        if not is_utf8(name):
            raise ItemFailed("unsupported-name", f"the name of {os.fsencode(name)!r} is not UTF-8")
    return seen


def read(task: Task, looks: Sequence[Look], copies: Copies | None = None) -> Reading:
    """Digest the files of an item's inputs, as they were seen; what is known is not read.

    Args:
        task: the item.
        looks: how each of its inputs was seen.
        copies: keeps the objects among them, which are fetched for it even if they are known.

    Raises:
        ItemFailed: a file cannot be read.
        ChangedWhileRead: it has another state.
    """
    digests: list[str] = []
    files: list[ReadFile] = []
    for path, seen in zip(task.paths, looks, strict=True):
        found = {name: _file(task, path, name, seen, copies) for name in seen.files}
        listing = [(name, one.sha256) for name, one in found.items()]
        is_file = _ITSELF in found
        digests.append(found[_ITSELF].sha256 if is_file else f"folder {dir_hash1(listing)}")
        files += found.values()
    return Reading(_together(digests), tuple(files))


def has_changed(paths: Sequence[Path], looks: Sequence[Look]) -> bool:
    """Return whether an input is not as it was seen; of objects the item has copies."""
    seen = zip(paths, looks, strict=False)
    try:
        return any(see(path) != before for path, before in seen if not isinstance(path, ObjectPath))
    except ItemFailed:
        return True


def is_utf8(text: str) -> bool:
    """Return whether a name can be recorded: others are not text."""
    return text.encode(errors="ignore").decode() == text


def _together(digests: Sequence[str]) -> str:
    if len(digests) > 1:
        return f"several {json_digest(list(digests))}"
    return digests[0] if digests else ""


def _file(task: Task, path: Path, name: str, seen: Look, copies: Copies | None) -> ReadFile:
    """Return a file with its digests, reading it where one of them is not known."""
    file = path / name if name else path
    state, checksum = seen.files[name], task.checksums.get(file) if task.checksums else None
    sha256 = task.digests.get(state)
    fetch = copies is not None and isinstance(path, ObjectPath)
    if fetch or sha256 is None or (checksum is not None and checksum.own is None):
        try:
            with copies.kept(path, name) if copies else nullcontext() as keep:
                found = unchanged_digest(file, state, checksum.other if checksum else None, keep)
        except NoObject as error:
            raise _missing(file, error) from error
        except OSError as error:
            raise ItemFailed("unreadable", error.strerror or str(error)) from error
        sha256, checksum = found.sha256, checksum.seen(found) if checksum else None
    seen_as = Signature(state, seen.seen_ns)
    return ReadFile(str(file.absolute()), seen_as, sha256, seen_as.size, checksum)


def _kind(mode: int) -> str:
    return "a FIFO" if stat.S_ISFIFO(mode) else "a device or socket"


def _missing(path: Path, error: OSError) -> ItemFailed:
    said = error.strerror or str(error)
    if path.is_symlink():
        return ItemFailed("dangling-link", f"it is a symbolic link to {path.readlink()}: {said}")
    return ItemFailed("vanished", said)
