"""The path of an object, which stands where the path of a file may."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase
from pathlib import Path, PosixPath
from typing import Any, NoReturn

from tablehost.contract.errors import BrokenBuilder
from tablehost.objects import store
from tablehost.objects.errors import NoObject
from tablehost.objects.state import Facts, State, as_stat, state_of_object

SCHEMES = ("s3", "gs", "az")
_STARTS = tuple(f"{scheme}:/" for scheme in SCHEMES)
_copies: ContextVar[Mapping[str, Path]] = ContextVar("_copies")


def is_url(text: str) -> bool:
    """Return whether a text names an object, or a prefix of some."""
    scheme, found, _ = text.partition("://")
    return bool(found) and scheme in SCHEMES


def unfit(url: str) -> str | None:
    """Return why a URL can be no input, or None."""
    bucket, *steps = url.partition("://")[2].rstrip("/").split("/")
    if "@" in bucket:
        return "has credentials in it; set them in the environment"
    if not bucket:
        return "names no bucket"
    if any(step in {"", ".", ".."} for step in steps):
        return "has an empty step, `.` or `..` in it, as no path of a file has"
    return None


def as_path(text: str) -> Path:
    """Return the path that a text names: of an object where it is a URL, else of a file."""
    return ObjectPath(text) if is_url(text) else Path(text)


def absolute(path: os.PathLike[str]) -> str:
    """Return a path as text that depends on no folder; links stay as they are."""
    return str(path) if isinstance(path, ObjectPath) else os.path.abspath(path)  # noqa: PTH100


@contextmanager
def copied(copies: Mapping[str, Path]) -> Iterator[None]:
    """Let what is unpickled meanwhile have local copies in place of objects.

    Args:
        copies: by URL.
    """
    token = _copies.set(copies)
    try:
        yield
    finally:
        _copies.reset(token)


class ObjectPath(PosixPath):
    """An object of a store, or the prefix of some, which is a folder of them.

    It has the names and parts of a path, can be looked at, and lists what is in it, but it is no
    file: `run.local` gives its file to a builder, and an item is called with that in its place.
    """

    facts: Facts | None = None
    """What the store said of the object when it was listed, or first looked at."""
    listed: Mapping[str, Facts] | None = None
    """Of a prefix, what it had when it was listed last, by relative name."""

    def __str__(self) -> str:
        text = super().__str__()
        return text.replace(":/", "://", 1) if text.startswith(_STARTS) else text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectPath) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> Any:
        return _unpickled, (str(self), self.facts)

    def __truediv__(self, name: Any) -> ObjectPath:
        if not str(name):
            return self
        found = super().__truediv__(name)
        found.facts = (self.listed or {}).get(str(name))
        return found

    def __fspath__(self) -> NoReturn:
        msg = f"{self} is in an object store and was opened as a file; open run.local(path) instead"
        raise BrokenBuilder(msg)

    def is_absolute(self) -> bool:
        """Return True."""
        return True

    def absolute(self) -> ObjectPath:
        """Return the path itself."""
        return self

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:  # noqa: ARG002
        """Return what the store says of it, or said when it was listed or first looked at."""
        self.facts = facts = self.facts or store.look_at(str(self))
        return as_stat(None if facts is None else state_of_object(str(self), facts), facts)

    def lstat(self) -> os.stat_result:
        """Return what `stat` does: a store has no links."""
        return self.stat()

    def exists(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002
        """Return whether the store has it, or something below it."""
        return self._mode() != 0

    def is_file(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002
        """Return whether it is an object."""
        return stat.S_ISREG(self._mode())

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002
        """Return whether it is a prefix of objects."""
        return stat.S_ISDIR(self._mode())

    def is_symlink(self) -> bool:
        """Return False: a store has no links."""
        return False

    def iterdir(self) -> Generator[ObjectPath, None, None]:
        """Yield what is directly in a prefix; as it was listed, if it was."""
        yield from self.glob("*")

    def glob(self, pattern: str, **_: Any) -> Generator[ObjectPath, None, None]:
        """Yield the objects and prefixes below a prefix that match; as it was listed, if it was."""
        names = self.look_below() if self.listed is None else self.listed
        below = (name.split("/") for name in names)
        found = ("/".join(steps[:end]) for steps in below for end in range(1, len(steps) + 1))
        for name in dict.fromkeys(found):
            if _matches(name.split("/"), pattern.split("/")):
                yield self / name

    def rglob(self, pattern: str, **_: Any) -> Generator[ObjectPath, None, None]:
        """Yield what matches a pattern at any depth."""
        yield from self.glob(f"**/{pattern}")

    def walk(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse; `rglob` has all objects."""
        self.__fspath__()

    def look_below(self) -> Mapping[str, Facts]:
        """List the objects below a prefix by relative name, in the order of their bytes.

        Raises:
            StoreError: it cannot be listed.
        """
        self.listed = store.list_below(str(self))
        return self.listed

    def chunks(self, state: State | None = None) -> Iterator[bytes]:
        """Fetch an object.

        Args:
            state: that it must have.

        Raises:
            Replaced: it has another.
            StoreError: the store does not give it.
        """
        return store.fetch(str(self), self.facts, state)

    def _mode(self) -> int:
        try:
            return self.stat().st_mode
        except NoObject:
            return 0


def _matches(steps: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern or not steps:
        return not pattern and not steps
    if pattern[0] == "**":
        return any(_matches(steps[start:], pattern[1:]) for start in range(len(steps)))
    return fnmatchcase(steps[0], pattern[0]) and _matches(steps[1:], pattern[1:])


def _unpickled(url: str, facts: Facts | None) -> Path:
    copy = _copies.get({}).get(url)
    if copy is not None:
        return copy
    found = ObjectPath(url)
    found.facts = facts
    return found
