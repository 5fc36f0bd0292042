"""The items of one `run.map`: which are finished, which are to do, and how each ended."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, Self

from attrs import evolve

from tablehost.console.reporter import Meter
from tablehost.contract.build import Failure
from tablehost.contract.errors import BrokenBuilder, ItemFailed
from tablehost.contract.run import Result
from tablehost.files.digest_cache import StatCache
from tablehost.files.digests import Signature
from tablehost.files.folders import Look
from tablehost.items.checking import Checking
from tablehost.items.ledger import Ledger
from tablehost.items.ledger_file import LedgerError
from tablehost.items.listing import Listing
from tablehost.items.reading import is_utf8, read, see
from tablehost.items.results import ResultType, decoder_of
from tablehost.items.task import Outcome, Task
from tablehost.manifest.sections import MapCounts

_ITEMS_AT_ONCE = 128
_QUICK_SECONDS = 0.05
_DIGESTS_AT_ONCE = 256
_LONGEST_DETAIL = 2000


class StoredResults(Generic[Result]):
    """The results of a map, read from the ledger each time they are iterated."""

    def __init__(self, ledger: Ledger, of_map: int, count: int, kind: ResultType) -> None:
        self._ledger = ledger
        self._map = of_map
        self._count = count
        self._decode = decoder_of(kind)

    def __iter__(self) -> Iterator[Result]:
        return (self._decoded(*row) for row in self._ledger.results(self._map))

    def __len__(self) -> int:
        return self._count

    def _decoded(self, key: str, stored: bytes) -> Result:
        try:
            found: Result = self._decode(stored)
        except Exception as error:  # what was planted in the ledger may raise anything
            msg = (
                f"{self._ledger.path}: the row of {key!r} is not a result ({error}), although its "
                "checksum is right; measure every item again with --fresh"
            )
            raise LedgerError(msg) from error
        return found


class MapItems:
    """Carries items between a builder, the ledger and the pool.

    Args:
        ledger: where finished items are.
        of_map: the ledger's number of this map.
        cache: digests of files that did not change.
        listing: how its items are named, and what distinguishes them.
        redact: takes secrets out of the detail of a failure.
        checking: checks the files that items read, if they are to be checked.
    """

    def __init__(
        self,
        ledger: Ledger,
        of_map: int,
        cache: StatCache,
        listing: Listing,
        redact: Callable[[str], str],
        *,
        checking: Checking | None,
    ) -> None:
        self.total = 0
        self.done = 0
        self.ok = 0
        self.failed = 0
        self._reasons: Counter[str] = Counter()
        self._ledger = ledger
        self._map = of_map
        self._cache = cache
        self._listing = listing
        self._redact = redact
        self._checking = checking
        self._pending: Iterable[Task] = ()
        self._digests: list[tuple[Signature, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ledger.commit()
        self._cache.put_many(self._digests)

    def enter(self, items: Iterable[Any]) -> None:
        """Enter the items in the ledger, and separate the finished from the pending.

        What is a sequence already is entered as a whole, so that what is wrong with an item is said
        before the first one is worked on. Others are entered while work goes on.
        """
        self._pending = self._entered(items)
        if isinstance(items, Sequence):
            self._ledger.pending.replace(self._pending)
            self._pending = self._ledger.pending

    def tasks(self) -> Iterator[Task]:
        """Yield what is to do, as workers take it."""
        for task in self._pending:
            if not task.paths:
                yield task
                continue
            known = self._ledger.known(self._map, [task]).get(task.key, frozenset())
            for found, _ in self._look([task]):
                yield evolve(found, known=known)

    def work(self, outcomes: Iterable[list[Outcome]], meter: Meter) -> None:
        """Keep the outcomes of the tasks as they come in; they survive a kill from here on."""
        meter.reasons = self._reasons
        meter(0, self.failed)
        for some in outcomes:
            noted = [self._note(outcome) for outcome in some]
            self._ledger.commit()
            meter.total = self.total
            meter(sum(not one.failure for one in noted), self.failed - meter.failed)
            if len(self._digests) >= _DIGESTS_AT_ONCE:
                self._cache.put_many(self._digests)
                self._digests.clear()

    def results(self, kind: ResultType) -> StoredResults[Any]:
        """Return the results of the items that did not fail, ordered by key."""
        return StoredResults(self._ledger, self._map, self.total - self.failed, kind)

    def counts(self, function: str, recipe: str) -> MapCounts:
        """Return what became of the items."""
        return MapCounts(
            function=function,
            recipe=recipe,
            total=self.total,
            done_before=self.total - self.ok - self.failed,
            ok=self.ok,
            failed=self.failed,
        )

    def _note(self, outcome: Outcome) -> Outcome:
        self._digests += [(one.signature, one.sha256) for one in outcome.read if one.signature]
        if self._checking:
            outcome = self._checking.checked_off(outcome)
        if outcome.failure:
            self.failed += 1
            self._reasons[outcome.failure.reason] += 1
            detail = self._redact(outcome.failure.detail)[:_LONGEST_DETAIL]
            outcome = evolve(outcome, failure=evolve(outcome.failure, detail=detail))
        self.ok += outcome.result is not None
        self._ledger.note(self._map, outcome)
        return outcome

    def _entered(self, items: Iterable[Any]) -> Iterator[Task]:
        """Enter items, and yield those that are to do: more at a time as long as they come quickly.

        An item that is listed slowly is handed on at once.
        """
        some: list[Task] = []
        at_once, began = 1, time.monotonic()  # the first one was listed before
        for item in items:
            some.append(self._listing.task(item))
            is_slow = time.monotonic() - began > _QUICK_SECONDS
            if is_slow or len(some) == at_once:
                yield from self._enter(some)
                at_once = max(1, len(some) // 2) if is_slow else min(2 * at_once, _ITEMS_AT_ONCE)
                some, began = [], time.monotonic()
        yield from self._enter(some)

    def _enter(self, tasks: Iterable[Task]) -> list[Task]:
        good = []
        for task in tasks:
            if all(map(is_utf8, (task.key, *map(str, task.paths)))):
                good.append(task)
            else:
                self._enter_unsupported(task.key)
        known = self._ledger.known(self._map, good)
        looked_at = self._look(task for task in good if task.key in known)
        found = (self._finished(task, end, known[task.key]) for task, end in looked_at)
        done = {one.key: one for one in found if one is not None}
        for key in self._ledger.want(self._map, good, done):
            msg = f"two items have the key {key!r}; a key names one item"
            raise BrokenBuilder(msg)
        self.total += len(good)
        self.done += len(done)
        self._ledger.announce(len(good), len(done))
        return [task for task in good if task.key not in done]

    def _finished(self, task: Task, end: Outcome | None, known: frozenset[str]) -> Outcome | None:
        """Return the outcome of an item if the ledger has its result, with what it has read."""
        if end is None or end.inputs not in known:
            return None
        checksums = [one.checksum for one in end.read if one.checksum]
        if not all(one.agrees for one in checksums):
            return None  # a worker reads the file, or fails the item
        for one in checksums:
            if self._checking:
                self._checking.note(task.key, one, None)
        return end

    def _enter_unsupported(self, name: str) -> None:
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        self._ledger.want(self._map, [Task(shown, b"")], {})
        self.total += 1
        failure = Failure(shown, "unsupported-name", "its name is not UTF-8")
        self._note(Outcome(shown, failure=failure))
        self._ledger.announce(1, 0)

    def _look(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Outcome | None]]:
        """Yield tasks with the digests of their files that are known, and what each then has read.

        Many files are looked up at once, but no more than that are held.
        """
        some: list[tuple[Task, list[Look]]] = []
        files = 0
        for task in tasks:
            if not task.paths:
                yield task, Outcome(task.key, task.identity)
                continue
            try:
                looks = [see(path) for path in task.paths]
            except ItemFailed:
                yield task, None  # the worker says what is wrong with it
                continue
            some.append((task, looks))
            files += sum(len(one.files) for one in looks)
            if files >= _ITEMS_AT_ONCE:
                yield from self._looked_up(some)
                some, files = [], 0
        yield from self._looked_up(some)

    def _looked_up(
        self, some: Sequence[tuple[Task, list[Look]]]
    ) -> Iterator[tuple[Task, Outcome | None]]:
        every = [one for _, looks in some for one in looks]
        states = (state for one in every for state in one.files.values())
        known = self._cache.get_many(states, min((one.seen_ns for one in every), default=0))
        for task, looks in some:
            of_task = [state for one in looks for state in one.files.values()]
            digests = {state: known[state] for state in of_task if state in known}
            checksums = self._checking.listed(task, looks, digests) if self._checking else {}
            found = evolve(task, digests=digests, checksums=checksums)
            if len(digests) < len({*of_task}) or any(one.own is None for one in checksums.values()):
                yield found, None
                continue
            reading = read(found, looks)
            yield found, Outcome(task.key, task.identity, inputs=reading.digest, read=reading.files)
