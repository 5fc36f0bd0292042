"""An input of one or several files: a file, a folder of part files, or a glob."""

from __future__ import annotations

import re
from pathlib import Path

from attrs import field, frozen

from tablehost.files.folders import EVERYTHING, walk_files
from tablehost.files.names import is_kept_beside

_MAGIC = re.compile(r"[*?\[]")
_NO_PART = (".", "_")  # prefixes of names that readers of part files skip


@frozen(kw_only=True)
class Parts:
    """The files of a path.

    Args:
        folder: that they are in.
        patterns: that they match in it; none where the path is a file itself.
        names: of the files in it, in the order of their bytes.
        whole: whether these are all files of the folder, where no glob chose among them.
        left_out: files that match too, and are not taken for parts.
    """

    folder: Path
    patterns: tuple[str, ...]
    names: tuple[str, ...]
    whole: bool = field(default=False, eq=False)
    left_out: tuple[str, ...] = field(default=(), eq=False)

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files, in the order of their names' bytes."""
        return tuple(self.folder / name for name in self.names)

    @property
    def single(self) -> bool:
        """Return whether the path is a file itself."""
        return not self.patterns


def parts_of(path: Path) -> Parts:
    """Find the files of a path.

    Args:
        path: a file; a folder, for the files below it; or a glob as of `pathlib`, such as
            `parts/**/*.parquet`. Left out are files and folders whose name begins with `.` or `_`,
            and what tablehost keeps beside a table: manifest, ledger, history, ...; they are
            named in `left_out`. Links are followed.

    Raises:
        OSError: a folder cannot be read.
    """
    if path.is_dir():
        return _matching(path, EVERYTHING)
    if path.exists() or not _MAGIC.search(str(path)):
        return single(path)
    fixed = [parent for parent in path.parents if not _MAGIC.search(str(parent))]
    return _matching(fixed[0], (str(path.relative_to(fixed[0])),))


def is_part(name: str) -> bool:
    """Return whether a file of a folder is one of its parts.

    Args:
        name: its path in the folder.
    """
    *_, last = steps = name.split("/")
    return not is_kept_beside(last) and not any(step.startswith(_NO_PART) for step in steps)


def single(path: Path) -> Parts:
    """Return the parts of a path that is a file."""
    return Parts(folder=path.parent, patterns=(), names=(path.name,))


def _matching(folder: Path, patterns: tuple[str, ...]) -> Parts:
    found = walk_files(folder, patterns) if folder.is_dir() else []
    names = tuple(filter(is_part, found))
    left_out = tuple(name for name in found if not is_part(name))
    return Parts(
        folder=folder,
        patterns=patterns,
        names=names,
        whole=patterns == EVERYTHING and not left_out,
        left_out=left_out,
    )
