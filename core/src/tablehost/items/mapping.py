"""The items of one `run.map`: which are finished, which are to do, and what became of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Self

from attrs import evolve, frozen

from tablehost.console.reporter import Meter
from tablehost.contract.build import Failure
from tablehost.contract.errors import BrokenBuilder
from tablehost.files.digest_cache import StatCache
from tablehost.files.digests import Signature
from tablehost.items.ledger import Ledger, Wanted
from tablehost.items.worker import Outcome, Task

_ITEMS_AT_ONCE = 500
_DIGESTS_AT_ONCE = 256
_LONGEST_DETAIL = 2000


@frozen
class _Named:
    """An item with its key and the file that it reads."""

    name: str
    item: Any
    path: Path | None


class MapItems:
    """Carries items between a builder, the ledger and the workers.

    Args:
        ledger: where finished items are.
        of_map: the ledger's number of this map.
        cache: digests of files that did not change.
        input: the file that an item reads, if any.
        redact: takes secrets out of the detail of a failure.
    """

    def __init__(
        self,
        ledger: Ledger,
        of_map: int,
        cache: StatCache,
        input: Callable[[Any], Path] | None,  # noqa: A002  # the contract's word
        redact: Callable[[str], str],
    ) -> None:
        self.total = 0
        self.done = 0
        self.failed = 0
        self._ledger = ledger
        self._map = of_map
        self._cache = cache
        self._input = input
        self._redact = redact
        self._pending: list[tuple[str, Any]] = []
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
            self._enter([self._named(item, key) for item in some])
        self._ledger.announce(self.total, self.done)

    def tasks(self) -> Iterator[Task]:
        """Yield what is to do, as workers take it."""
        for name, item in self._pending:
            path = self._input(item) if self._input else None
            signature, sha256 = self._look(path)
            known = self._ledger.known(self._map, [name]).get(name, frozenset())
            yield Task(name, item, path, signature, sha256, known if path else frozenset())

    def work(self, outcomes: Iterable[list[Outcome]], meter: Meter) -> None:
        """Keep the outcomes of the tasks as they come in; they survive a kill from here on."""
        meter(0, self.failed)
        for some in outcomes:
            for outcome in some:
                self._note(outcome)
            self._ledger.commit()
            failed = sum(outcome.failure is not None for outcome in some)
            meter(len(some) - failed, failed)
            if len(self._digests) >= _DIGESTS_AT_ONCE:
                self._cache.put_many(self._digests)
                self._digests.clear()

    def _note(self, outcome: Outcome) -> None:
        if outcome.signature and outcome.sha256:
            self._digests.append((outcome.signature, outcome.sha256))
        if outcome.failure:
            detail = self._redact(outcome.failure.detail)[:_LONGEST_DETAIL]
            outcome = evolve(outcome, failure=evolve(outcome.failure, detail=detail))
        self._ledger.note(self._map, outcome)

    def _named(self, item: Any, key: Callable[[Any], str]) -> _Named:
        name = key(item)
        if not isinstance(name, str):
            msg = f"the key of {item!r} is {name!r}; a key is a string"
            raise BrokenBuilder(msg)
        return _Named(name, item, self._input(item) if self._input else None)

    def _enter(self, named: Iterable[_Named]) -> None:
        good = []
        for one in named:
            if _is_utf8(one.name) and (one.path is None or _is_utf8(str(one.path))):
                good.append(one)
            else:
                self._enter_unsupported(one.name)
        known = self._ledger.known(self._map, [one.name for one in good])
        wanted = [self._wanted(one, known.get(one.name, frozenset())) for one in good]
        for key in self._ledger.want(self._map, wanted):
            msg = f"two items have the key {key!r}; a key names one item"
            raise BrokenBuilder(msg)
        self.total += len(good)
        self.done += sum(one.done for one in wanted)
        self._pending += [
            (one.name, one.item) for one, asked in zip(good, wanted, strict=True) if not asked.done
        ]

    def _wanted(self, one: _Named, known: frozenset[str]) -> Wanted:
        if one.path is None:
            return Wanted(one.name, done="" in known)
        path = str(one.path.absolute())
        signature, sha256 = self._look(one.path)
        if signature is None or sha256 not in known:
            return Wanted(one.name, path)
        return Wanted(one.name, path, done=True, sha256=sha256, bytes=signature.size)

    def _enter_unsupported(self, name: str) -> None:
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        self._ledger.want(self._map, [Wanted(shown)])
        self.total += 1
        self.failed += 1
        failure = Failure(shown, "unsupported-name", "its name is not UTF-8")
        self._note(Outcome(shown, failure=failure))

    def _look(self, path: Path | None) -> tuple[Signature | None, str | None]:
        """Return a file's state and, where the stat cache has it, its digest."""
        if path is None:
            return None, None
        try:
            signature = Signature.of(path)
        except OSError:
            return None, None  # the worker says what is wrong with it
        return signature, self._cache.get(signature)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
