"""What a builder is handed: parallel work that survives, progress, scratch, a log."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from tablehost.errors import BrokenBuilder
from tablehost.roles import Role, path_roles, roles_of

if TYPE_CHECKING:
    from tablehost.ledger import Ledger
    from tablehost.plugins import Builder
    from tablehost.report import Meter, Reporter
    from tablehost.sample import Sample
    from tablehost.statcache import StatCache
    from tablehost.workers import Workers

Item = TypeVar("Item")
Settings = TypeVar("Settings")
Result = TypeVar("Result")


class Results(Generic[Result]):
    """The results of a map, ordered by key and read from the ledger each time they are iterated."""

    def __init__(self, ledger: Ledger, of_map: int, cls: type[Result]) -> None:
        self._ledger = ledger
        self._map = of_map
        self._cls = cls

    def __iter__(self) -> Iterator[Result]:
        from tablehost.results import decode  # noqa: PLC0415  # cattrs

        return (decode(text, self._cls) for text in self._ledger.results(self._map))

    def __len__(self) -> int:
        return self._ledger.result_count(self._map)


class Run:
    """One run, as its builder sees it.

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
        """Return how many processes `map` uses."""
        return self._pool.count

    @property
    def scratch(self) -> Path:
        """Return a private folder for this run; it always goes away."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        return self._scratch

    def progress(self, total: int, what: str) -> AbstractContextManager[Meter]:
        """Show how work other than `map` goes on.

        Args:
            total: how much there is to do.
            what: what is counted, in the plural.

        Returns:
            A context manager that yields a function to call with what was done since the last.
        """
        return self._reporter.progress(total, what)

    def digest(self, path: Path) -> str:
        """Return the sha256 of an input file, which the host reads anyway.

        It waits where the host has not read it to its end yet.

        Args:
            path: as it stands in the options.
        """
        return self._digest(path)

    def recipe(self, function: Callable[[Item, Settings], Result], settings: Any = None) -> str:
        """Return the item recipe: the digest of what, beside the item, decides a result.

        Args:
            function: the item function.
            settings: what would be given to `map`.
        """
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
        """Do long work on many items in parallel, so that it survives a kill.

        Args:
            function: at module level, called as `function(item, settings)` in a worker process.
                Its return annotation names the flat attrs class of its results. It raises
                `ItemFailed` for an item that has no result.
            items: what to work on; picklable.
            key: the name of an item; no two items of a map share one.
            settings: a frozen attrs instance, the same for all items. Fields annotated `Tool` or
                `InputFile` count by their content, `Tuning` fields do not count.
            input: the file that an item reads, if any; the host hashes it while it is worked on.

        Returns:
            The results, ordered by key, once the last item has ended. Items that failed are kept
            by the host and are not among them.

        Raises:
            BrokenBuilder: the function, a key or an item is not what `map` takes.
            Refused: the existing table was made by another recipe.
        """
        from tablehost.mapping import MapItems  # noqa: PLC0415  # only when there is work
        from tablehost.results import result_class  # noqa: PLC0415  # cattrs
        from tablehost.worker import Work  # noqa: PLC0415  # only when there is work

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
        return Results(self.ledger, number, cls)

    def _recipe(self, function: Callable[..., Any], settings: Any) -> tuple[str, str]:
        from tablehost.digests import json_digest  # noqa: PLC0415  # only when there is a map
        from tablehost.results import columns, result_class  # noqa: PLC0415  # as above

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
        from tablehost.statcache import hash_file  # noqa: PLC0415  # as above

        if settings is None:
            return {}
        if not attrs.has(type(settings)):
            msg = f"settings of run.map must be an attrs instance, not {type(settings).__name__}"
            raise BrokenBuilder(msg)
        counted: dict[str, Any] = {}
        for field in attrs.fields(_resolved(type(settings))):
            if {Role.TUNING, Role.GATE, Role.SECRET} & set(roles_of(field.type)):
                continue
            value = getattr(settings, field.name)
            roles = set(path_roles(field.type)) if isinstance(value, Path) else set()
            if Role.TOOL in roles:
                self.tools[field.name] = value
            if roles & {Role.TOOL, Role.INPUT_FILE}:
                value = {"sha256": hash_file(value, self._cache).sha256}
            counted[field.name] = _json_value(value)
        return counted


def _resolved(cls: type) -> type:
    return attrs.resolve_types(cls, include_extras=True)


def _json_value(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [_json_value(one) for one in value]
    return value
