"""Local copies of the objects that one item reads; they go away with it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from tablehost.contract.errors import ItemFailed
from tablehost.files.digests import Keep
from tablehost.objects.errors import StoreError
from tablehost.objects.path import ObjectPath, copied


class Copies:
    """The folder for the copies of an item's objects, made when the first is fetched.

    Args:
        paths: that the item reads, in the order in which they are numbered.
        scratch: the folder for it, which need not be there; None for the usual one.
    """

    def __init__(self, paths: Sequence[Path], scratch: Path | None) -> None:
        self._objects = [path for path in paths if isinstance(path, ObjectPath)]
        self._scratch = scratch
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    @contextmanager
    def kept(self, path: Path, name: str) -> Iterator[Keep | None]:
        """Give what keeps a file of an input, piece by piece; None where it is no object's.

        Args:
            path: of the input.
            name: of the file in it; empty where it is the input itself.

        Raises:
            ItemFailed: it cannot be written.
        """
        if not isinstance(path, ObjectPath):
            yield None
            return
        try:
            place = self._of(path) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as file:
                yield file.write
        except StoreError:
            raise
        except OSError as error:
            what = f"its copy could not be written: {error.strerror or error}"
            raise ItemFailed("unreadable", what) from error

    def item(self, pickled: bytes) -> Any:
        """Return an item with the copies in the place of its objects."""
        if not self._objects:
            return pickle.loads(pickled)  # noqa: S301  # the host's own
        with copied({str(path): self._of(path) for path in self._objects}):
            return pickle.loads(pickled)  # noqa: S301  # the host's own

    def named(self, text: str) -> str:
        """Return a message with the objects in the place of their copies."""
        for path in self._objects if self._folder is not None else ():
            text = text.replace(str(self._of(path)), str(path))
        return text

    def _of(self, path: ObjectPath) -> Path:
        if self._folder is None:
            if self._scratch is not None:
                self._scratch.mkdir(parents=True, exist_ok=True)
            self._folder = TemporaryDirectory(
                prefix="object-", dir=self._scratch, ignore_cleanup_errors=True
            )
        return Path(self._folder.name, str(self._objects.index(path)), path.name)
