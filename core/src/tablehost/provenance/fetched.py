"""The objects of a store that a run reads: each is fetched once, and kept for the run."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tablehost.contract.errors import BrokenBuilder, Interrupted, Stopped
from tablehost.files.digest_cache import StatCache
from tablehost.files.digests import FileDigest, Signature, unchanged_digest
from tablehost.objects.errors import StoreError
from tablehost.objects.path import ObjectPath


class Fetched:
    """Copies of objects, whoever asks for one first.

    Args:
        folder: for the copies; it need not be there.
        pool: fetches them.
        cache: is given their digests.
    """

    def __init__(self, folder: Path, pool: ThreadPoolExecutor, cache: StatCache) -> None:
        self._folder = folder.absolute()
        self._pool = pool
        self._cache = cache
        self._stopped = False
        self._copies: dict[ObjectPath, tuple[Path, Future[FileDigest]]] = {}

    def digest(self, path: ObjectPath, before: Signature) -> Future[FileDigest]:
        """Return the digest to come of an object, which has a state and is fetched if it was not.

        Args:
            path: of the object.
            before: its state.
        """
        if path not in self._copies:
            copy = self._folder / str(len(self._copies)) / path.name
            self._copies[path] = copy, self._pool.submit(self._fetch, path, before, copy)
        return self._copies[path][1]

    def local(self, path: Path) -> Path:
        """Return the copy of an object, once it is there; the path of a file as it is.

        Raises:
            BrokenBuilder: it is a prefix of objects.
            ChangedWhileRead: it was replaced since it was looked at.
            StoreError: the store does not give it.
        """
        if not isinstance(path, ObjectPath):
            return path
        if path not in self._copies:
            if path.is_dir():
                msg = f"run.local takes one object, and {path} is a prefix of several"
                raise BrokenBuilder(msg)
            self.digest(path, Signature.of(path))
        copy, digest = self._copies[path]
        digest.result()
        return copy

    def stop(self) -> None:
        """Fetch no more, not even the rest of what is under way."""
        self._stopped = True

    def named(self, text: str) -> str:
        """Return a message with the objects in the place of their copies."""
        for path, (copy, _) in self._copies.items():
            text = text.replace(str(copy), str(path))
        return text

    def _fetch(self, path: ObjectPath, before: Signature, copy: Path) -> FileDigest:
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            with copy.open("wb") as file:

                def keep(piece: bytes) -> None:
                    if self._stopped:
                        msg = f"{path} is not fetched to its end"
                        raise Interrupted(msg)
                    file.write(piece)

                found = unchanged_digest(path, before.state, keep=keep)
        except StoreError:
            raise
        except OSError as error:
            msg = f"{path} could not be copied to {copy.parent}: {error.strerror}"
            raise Stopped(msg) from error
        self._cache.put_many([(before, found.sha256)])
        return found
