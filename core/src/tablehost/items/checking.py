"""Check the files that items read against a list of checksums."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from tablehost.console.text import counted
from tablehost.contract.build import Failure
from tablehost.contract.checksums import Checksums
from tablehost.contract.errors import Refused
from tablehost.files.digests import Signature, State
from tablehost.items.checksum import Checksum
from tablehost.objects.path import as_path

if TYPE_CHECKING:  # workers have none
    from collections.abc import Mapping, Sequence

    from tablehost.files.digest_cache import StatCache
    from tablehost.files.folders import Look
    from tablehost.items.task import Outcome, Task

_log = logging.getLogger("tablehost")
_DIGESTS_AT_ONCE = 256


class Checking:
    """Checks the files of items against one list, and counts the items, over all maps, by key.

    Args:
        checksums: the list.
    """

    def __init__(self, checksums: Checksums) -> None:
        self.list = checksums
        self.not_listed: set[str] = set()
        self._agrees: dict[str, bool] = {}
        self._cache = _cache_of(checksums.algorithm)
        self._digests: list[tuple[Signature, str]] = []

    @property
    def checked(self) -> int:
        """Return how many items have a file that was compared with the list."""
        return len(self._agrees)

    @property
    def differed(self) -> int:
        """Return of how many of these the file is not the one in the list."""
        return self.checked - sum(self._agrees.values())

    def close(self) -> None:
        """Remember the digests that are new."""
        if self._cache is not None:
            self._cache.put_many(self._digests)
            self._cache.close()

    def of(self, key: str, file: Path) -> Checksum | None:
        """Return what the list says of the file of an item, or None where it is not in the list."""
        listed = self.list.of(file)
        if listed is None:
            self.not_listed.add(key)
            return None
        return Checksum(self.list.algorithm, listed)

    def listed(
        self, task: Task, looks: Sequence[Look], sha256: Mapping[State, str]
    ) -> dict[Path, Checksum]:
        """Return what the list says of the files that an item reads, also of those in a folder.

        Args:
            task: the item.
            looks: how each of its inputs was seen.
            sha256: digests that are known, by state.
        """
        found = {}
        for path, seen in zip(task.paths, looks, strict=True):
            own = sha256
            if self._cache is not None:
                own = self._cache.get_many(seen.files.values(), seen.seen_ns)
            for name, state in seen.files.items():
                checksum = self.of(task.key, path / name)
                if checksum is not None:
                    found[path / name] = evolve(checksum, own=own.get(state))
        return found

    def checked_off(self, outcome: Outcome) -> Outcome:
        """Count the files that an item read, and remember their digests.

        Returns:
            How the item ended: it fails where a file that is in the list was not compared, since
            it was not there when the host looked.
        """
        for one in outcome.read:
            if one.checksum is not None:
                self.note(outcome.key, one.checksum, one.signature)
            elif self.of(outcome.key, as_path(one.path)) is not None:
                detail = f"{one.path} appeared while it was looked at"
                failure = Failure(outcome.key, "changed-while-read", detail)
                outcome = evolve(outcome, result=None, failure=outcome.failure or failure)
        return outcome

    def note(self, key: str, checksum: Checksum, signature: Signature | None) -> None:
        """Count an item whose file was compared, and remember the file's own digest.

        Args:
            key: of the item.
            checksum: of its file.
            signature: the file's state before it was read; None where it was not read.
        """
        if checksum.own is None:
            return
        self._agrees[key] = self._agrees.get(key, True) and checksum.agrees
        if self._cache is not None and signature is not None:
            self._digests.append((signature, checksum.own))
            if len(self._digests) >= _DIGESTS_AT_ONCE:
                self._cache.put_many(self._digests)
                self._digests.clear()

    def report(self) -> None:
        """Log how many items were checked, and how many were not."""
        agree, path = self.checked - self.differed, self.list.path
        _log.info("%d of %d checked files agree with %s", agree, self.checked, path)
        if self.not_listed:
            number = counted(len(self.not_listed), "file")
            first = min(self.not_listed)
            _log.warning("%s not checked: not in %s (the first is %r)", number, path, first)

    def refuse_another_list(self) -> None:
        """Check that one file at least is the one in the list.

        Raises:
            Refused: every file that was compared differs; a single one may be damaged itself.
        """
        if self.checked == self.differed > 1:
            problem = (
                f"every file that the list of checksums {self.list.path} has differs from it "
                f"({self.differed} of {self.differed}, the first is {min(self._agrees)}), so it "
                f"is not the list of these files, or not of their {self.list.algorithm}; give "
                "another list"
            )
            raise Refused([problem])


def _cache_of(algorithm: str) -> StatCache | None:
    """Return a cache of an algorithm's digests; those of sha256 are in the host's."""
    from tablehost.files.digest_cache import StatCache  # workers have none

    return None if algorithm == "sha256" else StatCache(algorithm=algorithm)
