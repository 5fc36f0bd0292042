"""What one run works with, and the `Run` that a builder is handed."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from tablehost.contract.errors import BrokenBuilder
from tablehost.contract.run import Inputs, Item, Result, Results, Run, Settings
from tablehost.files.digests import json_digest
from tablehost.items.task import CodeChanged
from tablehost.options.fields import options_of
from tablehost.provenance.code import BuilderCode

if TYPE_CHECKING:
    from tablehost.commit.root import Root
    from tablehost.console.reporter import Meter, Reporter
    from tablehost.contract.build import Session
    from tablehost.contract.checksums import Checksums
    from tablehost.files.digest_cache import StatCache
    from tablehost.host.interrupts import Interrupts
    from tablehost.host.item_code import ItemCode
    from tablehost.host.replacing import Earlier
    from tablehost.host.request import Request
    from tablehost.items.checking import Checking
    from tablehost.items.ledger import Ledger
    from tablehost.items.pool import Pool
    from tablehost.items.recipe import ItemRecipe
    from tablehost.items.task import Needs
    from tablehost.manifest.sections import MapCounts
    from tablehost.provenance import inputs as provenance


_HAS_PASSWORD = re.compile(r"//[^/]*:[^/]*@")


@frozen(kw_only=True)
class Services:
    """What one run works with; `tablehost.host.run` opens and closes it.

    `code` is the builder's as the run began, `scratch` is made when it is first used, `staged` is
    the table until the commit.
    """

    request: Request
    session: Session
    code: BuilderCode
    reporter: Reporter
    interrupts: Interrupts
    earlier: Earlier
    root: Root
    scratch: Path
    staged: Path
    cache: StatCache
    inputs: provenance.Inputs
    pool: Pool
    ledger: Ledger


class HostRun(Run):
    """One run of the host, as its builder sees it."""

    def __init__(self, services: Services) -> None:
        self.log = logging.getLogger(f"tablehost.{services.request.builder.name}")
        self.maps: list[MapCounts] = []
        self.tools: dict[str, Path] = {}
        self.left_out: set[str] = set()
        self.observed: dict[str, dict[str, str]] = {}
        self.checked: dict[Path, Checking] = {}
        self._services = services
        self._is_mapping = False
        self._of_builder = {path: one.sha256 for path, one in services.code.contents.items()}
        self._files = {**self._of_builder}

    @property
    def item_recipes(self) -> dict[str, str]:
        """Return the digest of what each item function was mapped with."""
        found: dict[str, set[str]] = {}
        for one in self.maps:
            found.setdefault(one.function, set()).add(one.recipe)
        return {
            function: min(recipes) if len(recipes) == 1 else json_digest(sorted(recipes))
            for function, recipes in found.items()
        }

    @property
    def workers(self) -> int:
        """See `Run.workers`."""
        return self._services.pool.count

    @property
    def scratch(self) -> Path:
        """See `Run.scratch`."""
        self._services.scratch.mkdir(parents=True, exist_ok=True)
        return self._services.scratch

    def progress(self, total: int, what: str) -> AbstractContextManager[Meter]:
        """See `Run.progress`."""
        return self._services.reporter.progress(total, what)

    def digest(self, path: Path) -> str:
        """See `Run.digest`."""
        return self._services.inputs.digest(path)

    def local(self, path: Path) -> Path:
        """See `Run.local`."""
        return self._services.inputs.objects.local(path)

    def observe(self, name: str, *, uri: str, version: str) -> None:
        """See `Run.observe`."""
        request = self._services.request
        if not all(isinstance(one, str) and one for one in (name, uri, version)):
            msg = f"run.observe takes text, got {name!r}, uri={uri!r}, version={version!r}"
            raise BrokenBuilder(msg)
        if _HAS_PASSWORD.search(uri):
            msg = f"run.observe: the uri of {name!r} has a password in it; give it without"
            raise BrokenBuilder(msg)
        options = {option.name for option in options_of(type(request.options))}
        if name in {"items", *options, *self.observed}:
            msg = f"run.observe: the name {name!r} is taken; give this input another"
            raise BrokenBuilder(msg)
        where, which = request.redact(uri), request.redact(version)
        self.observed[name] = {"kind": "observed", "uri": where, "version": which}

    def leave_out(self, keys: Iterable[str]) -> None:
        """See `Run.leave_out`."""
        self.left_out.update(keys)
        self._services.earlier.check_left_out(self.left_out)

    def parts(self, path: Path) -> tuple[Path, ...]:
        """See `Run.parts`."""
        return self._services.inputs.parts(path)

    def recipe(self, function: Callable[[Item, Settings], Result], settings: Any = None) -> str:
        """See `Run.recipe`."""
        return self._recipe(function, settings).digest

    def map(
        self,
        function: Callable[[Item, Settings], Result],
        items: Iterable[Item],
        *,
        key: Callable[[Item], str],
        settings: Any = None,
        input: Callable[[Item], Inputs] | None = None,  # noqa: A002  # the contract's word
        identity: Callable[[Item], Any] | None = None,
        checksums: Checksums | None = None,
    ) -> Results[Result]:
        """See `Run.map`."""
        from tablehost.host import unencrypted  # only when there is work
        from tablehost.host.earlier_code import settle
        from tablehost.host.item_code import ItemCode
        from tablehost.items.finished import Code
        from tablehost.items.listing import Listing
        from tablehost.items.mapping import MapItems
        from tablehost.items.task import Work

        if self._is_mapping:
            msg = "run.map was called while another map lists its items; call it before"
            raise BrokenBuilder(msg)
        if checksums is not None and input is None:
            msg = "run.map has checksums, and no input that names the files to check; give both"
            raise BrokenBuilder(msg)
        services, request = self._services, self._services.request
        recipe = self._recipe(function, settings)
        services.earlier.check_recipe(recipe)
        in_table = services.earlier.items_of(recipe.function, recipe.digest)
        if request.sample is not None:
            items = request.sample.draw(items, key)
        its_code = ItemCode(request.builder, function, settings)
        with self._mapping():
            items = its_code.seen(items)
        files, needs = self._unchanged(its_code), self._needs(its_code, recipe)
        work = Work.of(function, request.builder.file, settings, files, needs)
        work = evolve(work, scratch=services.scratch.absolute())
        unencrypted.check_settings(request, settings, work.settings)
        code = Code.of(its_code.modules)
        number = services.ledger.begin_map(recipe.digest, recipe.text, in_table, code)
        settle(services.ledger, number, code, request.host)
        listing = Listing(key, input, identity)
        what = function.__name__.replace("_", " ")
        entered = (services.ledger, number, services.cache, listing, request.redact)
        checking = self._checking(checksums)
        with self._mapping(), MapItems(*entered, checking=checking) as mapped:
            mapped.enter(items)
            with services.reporter.progress(mapped.total, what, mapped.done) as meter:
                meter.hosts = _since(services.pool)
                tasks = unencrypted.checked(request, mapped.tasks())
                mapped.work(services.pool.run(work, tasks), meter)
        self.maps.append(mapped.counts(recipe.function, recipe.digest))
        return mapped.results(recipe.result)

    def _needs(self, code: ItemCode, recipe: ItemRecipe) -> Needs:
        from tablehost.items.task import Needs  # only when there is a map

        file, packages = self._services.request.builder.file, self._services.session.packages
        return Needs(
            modules=code.named,
            builder=self._of_builder if file else {},
            contents=recipe.contents,
            packages=tuple(packages or ()),
        )

    def _unchanged(self, code: ItemCode) -> dict[Path, str]:
        """Return the source files of items, which may have been imported earlier in this run.

        Raises:
            CodeChanged: one is not what it was then.
        """
        for path, sha256 in code.files.items():
            if self._files.setdefault(path, sha256) != sha256:
                msg = f"{path} has changed"
                raise CodeChanged(msg)
        return code.files

    @contextmanager
    def _mapping(self) -> Iterator[None]:
        self._is_mapping = True
        try:
            yield
        finally:
            self._is_mapping = False

    def close(self) -> None:
        """Close what maps have opened."""
        for checking in self.checked.values():
            checking.close()

    def _checking(self, checksums: Checksums | None) -> Checking | None:
        """Return what checks files against a list, the same one for every map."""
        from tablehost.items.checking import Checking  # only when there is a map

        if checksums is not None and checksums.path not in self.checked:
            self.checked[checksums.path] = Checking(checksums)
        return self.checked[checksums.path] if checksums is not None else None

    def _recipe(self, function: Callable[..., Any], settings: Any) -> ItemRecipe:
        from tablehost.items.recipe import item_recipe  # only when there is a map

        services = self._services
        recipe = item_recipe(services.request.builder, function, settings, services.cache)
        self.tools |= recipe.tools
        return recipe


def _since(pool: Pool) -> Callable[[], dict[str, int]]:
    """Return a function that counts the items that each host does from now on."""
    before = Counter({one.host: one.items for one in pool.hosts})
    return lambda: dict(Counter({one.host: one.items for one in pool.hosts}) - before)
