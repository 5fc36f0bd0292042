"""The items of one `run.map`: which are finished, which are to do, and how each ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Generic, Self

from attrs import evolve

from tablehost.console.reporter import Meter
from tablehost.contract.build import Failure
from tablehost.contract.errors import BrokenBuilder
from tablehost.contract.run import Result
from tablehost.files.digest_cache import StatCache
from tablehost.files.digests import Signature
from tablehost.items.checking import Checking
from tablehost.items.ledger import Ledger
from tablehost.items.ledger_file import LedgerError
from tablehost.items.results import decode
from tablehost.items.worker import Outcome, Task

_ITEMS_AT_ONCE = 500
_DIGESTS_AT_ONCE = 256
_LONGEST_DETAIL = 2000


class StoredResults(Generic[Result]):
    """The results of a map, read from the ledger each time they are iterated."""

    def __init__(self, ledger: Ledger, of_map: int, count: int, cls: type[Result]) -> None:
        self._ledger = ledger
        self._map = of_map
        self._count = count
        self._cls = cls

    def __iter__(self) -> Iterator[Result]:
        return (self._decoded(*row) for row in self._ledger.results(self._map))

    def __len__(self) -> int:
        return self._count

    def _decoded(self, key: str, text: str) -> Result:
        try:
            found: Result = decode(text, self._cls)
        except Exception as error:  # what was planted in the ledger may raise anything
            msg = (
                f"{self._ledger.path}: the row of {key!r} is not a result ({error}), although its "
                "checksum is right; measure every item again with --fresh"
            )
            raise LedgerError(msg) from error
        return found


class MapItems:
    """Carries items between a builder, the ledger and the workers.

    Args:
        ledger: where finished items are.
        of_map: the ledger's number of this map.
        cache: digests of files that did not change.
        input: the file that an item reads, if any.
        redact: takes secrets out of the detail of a failure.
        checking: checks the files that items read, if they are to be checked.
    """

    def __init__(
        self,
        ledger: Ledger,
        of_map: int,
        cache: StatCache,
        input: Callable[[Any], Path] | None,  # noqa: A002  # the contract's word
        redact: Callable[[str], str],
        *,
        checking: Checking | None,
    ) -> None:
        self.total = 0
        self.done = 0
        self.failed = 0
        self._ledger = ledger
        self._map = of_map
        self._cache = cache
        self._input = input
        self._redact = redact
        self._checking = checking
        self._pending: list[Task] = []
        self._digests: list[tuple[Signature, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ledger.commit()
        self._cache.put_many(self._digests)

    def enter(self, items: Iterable[Any], key: Callable[[Any], str]) -> None:
        """Enter the items in the ledger, and separate the finished from the pending."""
        source = iter(items)
        while some := list(islice(source, _ITEMS_AT_ONCE)):
            self._enter([self._task(item, key) for item in some])
        self._ledger.announce(self.total, self.done)

    def tasks(self) -> Iterator[Task]:
        """Yield what is to do, as workers take it."""
        for task in self._pending:
            if task.path is None:
                yield task
                continue
            known = self._ledger.known(self._map, [task.key]).get(task.key, frozenset())
            yield evolve(self._look(task, task.path), known=known)

    def work(self, outcomes: Iterable[list[Outcome]], meter: Meter) -> None:
        """Keep the outcomes of the tasks as they come in; they survive a kill from here on."""
        meter(0, self.failed)
        for some in outcomes:
            for outcome in some:
                self._note(outcome)
            self._ledger.commit()
            failed = sum(outcome.failure is not None for outcome in some)
            self.failed += failed
            meter(len(some) - failed, failed)
            if len(self._digests) >= _DIGESTS_AT_ONCE:
                self._cache.put_many(self._digests)
                self._digests.clear()

    def results(self, cls: type[Result]) -> StoredResults[Result]:
        """Return the results of the items that did not fail, ordered by key."""
        return StoredResults(self._ledger, self._map, self.total - self.failed, cls)

    def _note(self, outcome: Outcome) -> None:
        if outcome.signature and outcome.sha256:
            self._digests.append((outcome.signature, outcome.sha256))
        if self._checking and outcome.checksum:
            self._checking.note(outcome.key, outcome.checksum, outcome.signature)
        if outcome.failure:
            detail = self._redact(outcome.failure.detail)[:_LONGEST_DETAIL]
            outcome = evolve(outcome, failure=evolve(outcome.failure, detail=detail))
        self._ledger.note(self._map, outcome)

    def _task(self, item: Any, key: Callable[[Any], str]) -> Task:
        name = key(item)
        if not isinstance(name, str):
            msg = f"the key of {item!r} is {name!r}; a key is a string"
            raise BrokenBuilder(msg)
        path = self._input(item) if self._input else None
        checksum = self._checking.of(name, path) if self._checking and path else None
        return Task(name, item, path, checksum=checksum)

    def _enter(self, tasks: Iterable[Task]) -> None:
        good = []
        for task in tasks:
            if _is_utf8(task.key) and (task.path is None or _is_utf8(str(task.path))):
                good.append(task)
            else:
                self._enter_unsupported(task.key)
        known = self._ledger.known(self._map, [task.key for task in good])
        found = (self._finished(task, known.get(task.key, frozenset())) for task in good)
        done = {one.key: one for one in found if one is not None}
        for key in self._ledger.want(self._map, good, done):
            msg = f"two items have the key {key!r}; a key names one item"
            raise BrokenBuilder(msg)
        self.total += len(good)
        self.done += len(done)
        self._pending += [task for task in good if task.key not in done]

    def _finished(self, task: Task, known: frozenset[str]) -> Outcome | None:
        """Return the outcome of an item whose result the ledger has."""
        if task.path is None:
            return Outcome(task.key) if "" in known else None
        seen = self._look(task, task.path)
        if seen.signature is None or seen.sha256 is None or seen.sha256 not in known:
            return None
        if self._checking and seen.checksum:
            if not seen.checksum.agrees:
                return None  # a worker reads the file, or fails the item
            self._checking.note(task.key, seen.checksum, None)
        return Outcome(task.key, sha256=seen.sha256, size=seen.signature.size)

    def _enter_unsupported(self, name: str) -> None:
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        self._ledger.want(self._map, [Task(shown, None)], {})
        self.total += 1
        self.failed += 1
        failure = Failure(shown, "unsupported-name", "its name is not UTF-8")
        self._note(Outcome(shown, failure=failure))

    def _look(self, task: Task, path: Path) -> Task:
        """Return a task with its file's state and, if the stat cache has them, its digests."""
        try:
            signature = Signature.of(path)
        except OSError:
            return task  # the worker says what is wrong with it
        sha256, checksum = self._cache.get(signature), task.checksum
        if self._checking and checksum:
            checksum = self._checking.look(checksum, signature, sha256)
        return evolve(task, signature=signature, sha256=sha256, checksum=checksum)


def _is_utf8(text: str) -> bool:
    return text.encode(errors="ignore").decode() == text
