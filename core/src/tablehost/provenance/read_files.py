"""The files that items read, by the input folder that each of them is in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from tablehost.contract.errors import TablehostError
from tablehost.contract.names import flag_of
from tablehost.files.digests import ReadInput, ReadInputs
from tablehost.objects.path import as_path, is_url


class InputChanged(TablehostError):
    """An input was not the same at the end of the run as at its start, or for two items."""

    def __init__(self, option: str | None, path: Path) -> None:
        named = f"{flag_of(option)}: {path}" if option else f"{path}"
        changed = f"{named} changed while the table was built"
        super().__init__(f"{changed}; nothing was written. Run again when it no longer changes")


class ReadFiles:
    """Assigns the files that items read to folders, without holding them in memory.

    Args:
        read: what they read.
        folders: the input folders; a file belongs to the first one that it is in.
        named: files that options name.

    Raises:
        InputChanged: a file was not the same for two items.
    """

    def __init__(self, read: ReadInputs, folders: Sequence[Path], named: Collection[str]) -> None:
        self.read = read
        self.folders = [Inside(self, folder) for folder in folders]
        self.others: dict[str, Inside] = {}
        """Files in no folder, which no option names: those on disk, and those of each bucket."""
        self.named: list[ReadInput] = []
        """Files in no folder, which an option names."""
        self._named = named
        before = ""
        for one in read:
            if one.path == before:
                raise InputChanged(None, as_path(one.path))
            before = one.path
            self._count(one)

    def folder_of(self, path: str) -> Inside | None:
        """Return the folder that a file belongs to; None where an option names the file."""
        found = next((one for one in self.folders if path.startswith(one.prefix)), None)
        if found is None and path not in self._named:
            return self.others.get(_bucket(path))
        return found

    def _count(self, one: ReadInput) -> None:
        folder = self.folder_of(one.path)
        if folder is None and one.path in self._named:
            self.named.append(one)
            return
        if folder is None:
            folder = self.others[_bucket(one.path)] = Inside(self, as_path(one.path).parent)
        while not one.path.startswith(folder.prefix):
            folder.move(folder.folder.parent)
        folder.number += 1
        folder.bytes += one.bytes


def _bucket(path: str) -> str:
    """Return the bucket that an object is in; empty for a file."""
    return "/".join(path.split("/", 3)[:3]) if is_url(path) else ""


class Inside(Collection[str]):
    """The files of a folder that items read, by their paths in it.

    Args:
        of: all files that items read.
        folder: that they are in.
    """

    def __init__(self, of: ReadFiles, folder: Path) -> None:
        self.number = 0
        self.bytes = 0
        self._of = of
        self.move(folder)

    def move(self, folder: Path) -> None:
        """Take another folder that they are in."""
        self.folder = folder
        self.prefix = str(folder.absolute()).rstrip("/") + "/"

    def __len__(self) -> int:
        return self.number

    def __contains__(self, name: object) -> bool:
        path = f"{self.prefix}{name}"
        return path in self._of.read and self._of.folder_of(path) is self

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.entries())

    def entries(self) -> Iterator[tuple[str, str]]:
        """Yield the files with their sha256, in the order of the bytes of their paths."""
        for one in self._of.read:
            if self._of.folder_of(one.path) is self:
                yield one.path.removeprefix(self.prefix), one.sha256
