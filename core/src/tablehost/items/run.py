"""The `Run` that the host hands to a builder."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

import attrs

from tablehost.contract.errors import BrokenBuilder
from tablehost.contract.run import Item, Result, Results, Run, Settings
from tablehost.options.grammar import parse
from tablehost.options.record import as_recorded

if TYPE_CHECKING:
    from tablehost.builders.builder import Builder
    from tablehost.console.reporter import Meter, Reporter
    from tablehost.files.digest_cache import StatCache
    from tablehost.items.ledger import Ledger
    from tablehost.items.sample import Sample
    from tablehost.items.workers import Workers


class StoredResults(Generic[Result]):
    """The results of a map, read from the ledger each time they are iterated."""

    def __init__(self, ledger: Ledger, of_map: int, cls: type[Result]) -> None:
        self._ledger = ledger
        self._map = of_map
        self._cls = cls

    def __iter__(self) -> Iterator[Result]:
        from tablehost.items.results import decode  # cattrs

        return (decode(text, self._cls) for text in self._ledger.results(self._map))

    def __len__(self) -> int:
        return self._ledger.result_count(self._map)


class HostRun(Run):
    """One run of the host.

    Args:
        builder: whose run it is.
        pool: the processes that `map` uses.
        reporter: where progress and the log go.
        cache: digests of files that did not change.
        scratch: the private folder, made when it is first asked for.
        open_ledger: opens the ledger, when `map` is first called.
        check_recipe: refuses an item recipe that the existing table was not made by.
        redact: takes secrets out of text.
        digest: gives the sha256 of an input file.
        sample: draws the items that `map` does, where it is not to do all.
    """

    def __init__(
        self,
        *,
        builder: Builder,
        pool: Workers,
        reporter: Reporter,
        cache: StatCache,
        scratch: Path,
        open_ledger: Callable[[], Ledger],
        check_recipe: Callable[[str, str], None],
        redact: Callable[[str], str],
        digest: Callable[[Path], str],
        sample: Sample | None,
    ) -> None:
        self.log = logging.getLogger(f"tablehost.{builder.name}")
        self.ledger: Ledger | None = None
        self.recipes: dict[str, str] = {}
        self.tools: dict[str, Path] = {}
        self._builder = builder
        self._pool = pool
        self._reporter = reporter
        self._cache = cache
        self._scratch = scratch
        self._open_ledger = open_ledger
        self._check_recipe = check_recipe
        self._redact = redact
        self._digest = digest
        self._sample = sample

    @property
    def workers(self) -> int:
        """See `Run.workers`."""
        return self._pool.count

    @property
    def scratch(self) -> Path:
        """See `Run.scratch`."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        return self._scratch

    def progress(self, total: int, what: str) -> AbstractContextManager[Meter]:
        """See `Run.progress`."""
        return self._reporter.progress(total, what)

    def digest(self, path: Path) -> str:
        """See `Run.digest`."""
        return self._digest(path)

    def recipe(self, function: Callable[[Item, Settings], Result], settings: Any = None) -> str:
        """See `Run.recipe`."""
        return self._recipe(function, settings)[0]

    def map(
        self,
        function: Callable[[Item, Settings], Result],
        items: Iterable[Item],
        *,
        key: Callable[[Item], str],
        settings: Any = None,
        input: Callable[[Item], Path] | None = None,  # noqa: A002  # the contract's word
    ) -> Results[Result]:
        """See `Run.map`."""
        from tablehost.items.mapping import MapItems  # only when there is work
        from tablehost.items.results import result_class  # cattrs
        from tablehost.items.worker import Work  # only when there is work

        cls = result_class(function)
        digest, text = self._recipe(function, settings)
        name = f"{function.__module__}:{function.__qualname__}"
        self._check_recipe(name, digest)
        self.recipes[name] = digest
        if self.ledger is None:
            self.ledger = self._open_ledger()
        if self._sample is not None:
            items = self._sample.draw(items, key)
        what = function.__name__.replace("_", " ")
        number = self.ledger.begin_map(digest, text)
        work = Work.of(function, self._builder.file, settings)
        with MapItems(self.ledger, number, self._cache, input, self._redact) as mapped:
            mapped.enter(items, key)
            with self._reporter.progress(mapped.total, what, mapped.done) as meter:
                meter(0, mapped.failed)
                for outcomes in self._pool.run(work, mapped.tasks()):
                    mapped.note(outcomes)
                    failed = sum(outcome.failure is not None for outcome in outcomes)
                    meter(len(outcomes) - failed, failed)
        return StoredResults(self.ledger, number, cls)

    def _recipe(self, function: Callable[..., Any], settings: Any) -> tuple[str, str]:
        from tablehost.files.digests import json_digest  # only when there is a map
        from tablehost.items.results import columns, result_class

        if "<" in function.__qualname__:
            msg = f"{function.__qualname__} must stand at module level, so that workers find it"
            raise BrokenBuilder(msg)
        recipe = {
            "builder": self._builder.name,
            "function": f"{function.__module__}:{function.__qualname__}",
            "item_version": self._builder.item_version,
            "result": columns(result_class(function)),
            "settings": self._settings(settings),
        }
        return json_digest(recipe), json.dumps(recipe, sort_keys=True)

    def _settings(self, settings: Any) -> dict[str, Any]:
        """Return what of the settings decides a result; tools and files by their content."""
        from tablehost.files.digest_cache import hash_file

        if settings is None:
            return {}
        if not attrs.has(type(settings)):
            msg = f"settings of run.map must be an attrs instance, not {type(settings).__name__}"
            raise BrokenBuilder(msg)
        counted: dict[str, Any] = {}
        for field in attrs.fields(attrs.resolve_types(type(settings), include_extras=True)):
            node = parse(field.type)
            if not node.semantic:
                continue
            value = getattr(settings, field.name)
            roles = node.path_roles if isinstance(value, Path) else ()
            if any(role.tool for role in roles):
                self.tools[field.name] = value
            if any(role.content == "file" for role in roles):
                value = {"sha256": hash_file(value, self._cache).sha256}
            counted[field.name] = as_recorded(value)
        return counted
