"""One run, told top-down: preflight, describe inputs, build, write, describe, commit."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from attrs import evolve

from tablehost import calls, commit, failure, preflight, provenance
from tablehost import manifest as manifests
from tablehost.blame import builder_at_fault, disk_at_fault, guarded
from tablehost.build import Build, Items, Session
from tablehost.clock import new_run_id, utc_now
from tablehost.digests import file_digest
from tablehost.errors import Interrupted, Refused, TablehostError
from tablehost.inputs import Inputs
from tablehost.interrupts import Interrupts
from tablehost.ledger import Ledger
from tablehost.ledger_file import LedgerError, is_damaged, set_aside
from tablehost.options import options_of
from tablehost.output import Output
from tablehost.report import Reporter
from tablehost.request import Landed, Request
from tablehost.roles import Role
from tablehost.root import Root
from tablehost.run import Run
from tablehost.sections import Recipe, Replaced
from tablehost.statcache import StatCache
from tablehost.workers import Workers

if TYPE_CHECKING:
    from tablehost.facts import Facts
    from tablehost.table import TableInfo

_log = logging.getLogger("tablehost")


class NothingSucceeded(TablehostError):
    """Every item failed."""

    exit_code = 1


def run(request: Request, reporter: Reporter) -> Landed:
    """Build a table and land it together with its manifest.

    Args:
        request: which builder, with which options, to which place.
        reporter: what tells how it goes.

    Raises:
        Refused: the preflight or the builder says no; nothing was touched.
        BrokenBuilder: the builder failed; the old pair is untouched.
        Interrupted: by a signal; finished items are kept.
    """
    output, overwrite = request.output, request.host.overwrite
    problems = preflight.problems(request.options, output, overwrite=overwrite)
    if problems:
        raise Refused(problems)
    interrupts = Interrupts()
    with interrupts.listening(), _folders(output), commit.locked(output):
        for sentence in commit.recover(output):
            _log.warning("%s: %s", output.table, sentence)
        problems = [] if overwrite else preflight.refusals(output, request.builder.name)
        if problems:
            raise Refused(problems)
        with StatCache() as cache, _Session(request, reporter, cache, interrupts) as session:
            return session.build()


@contextmanager
def _folders(output: Output) -> Iterator[None]:
    """Make the folders that are missing; where nothing came to lie in them, remove them again."""
    made: list[Path] = []
    for folder in {output.table.absolute().parent, output.manifest.absolute().parent}:
        made += [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for folder in sorted(set(made), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()


class _Session:
    """One sitting of a run, from the builder's first call to the commit."""

    def __init__(
        self, request: Request, reporter: Reporter, cache: StatCache, interrupts: Interrupts
    ) -> None:
        self.request = request
        self.output = request.output
        self.reporter = reporter
        self.cache = cache
        self.interrupts = interrupts
        self.run_id = new_run_id()
        self.started_at = utc_now()
        self.began = time.monotonic()
        self.previous_path = commit.current_manifest(self.output)
        self.previous = _read_previous(self.previous_path)
        self.staged = self.output.staged(self.output.table, self.run_id)
        self.scratch = self.output.scratch(_scratch_folder(request.options))
        self.resources = ExitStack()
        self.root = Root.of(self.output)
        self.inputs = self.resources.enter_context(
            Inputs(request.options, self.output, self.root, cache)
        )
        self.run = Run(
            builder=request.builder,
            pool=self.resources.enter_context(Workers(request.workers)),
            reporter=reporter,
            cache=cache,
            scratch=self.scratch,
            open_ledger=self._open_ledger,
            check_recipe=self._check_recipe,
            redact=request.redact,
            digest=self.inputs.digest,
            sample=request.sample,
        )

    def __enter__(self) -> Self:
        shutil.rmtree(self.scratch, ignore_errors=True)  # a killed run's
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        with self.resources:
            shutil.rmtree(self.scratch, ignore_errors=True)
            for path in self.output.leftovers():
                path.unlink()
            if error is not None:
                self._note_end(error)

    def build(self) -> Landed:
        """Build, write, describe, commit."""
        who, out = str(self.request.builder), str(self.output.table)
        self.reporter.event("started", run_id=self.run_id, builder=who, out=out)
        build = calls.build_table(self.request, self.run)
        self._refuse_if_nothing_came_of_it()
        table = self._write(build)
        self._fill(build, table)
        fields = calls.describe_manifest(self.request, build)
        facts = self._facts(build, table)
        return self._land(facts, fields)

    def _refuse_if_nothing_came_of_it(self) -> None:
        """Keep an existing table from being replaced by an empty one when every item failed."""
        items = self._items()
        if items.failed and items.failed == items.total:
            first = items.failures[0]
            msg = (
                f"none of {items.total} items became a row, so no table was written; the first is "
                f"{first.key}: {first.reason}: {first.detail} (all are in {self.output.failed})"
            )
            raise NothingSucceeded(msg)

    def _write(self, build: Build) -> TableInfo:
        from tablehost.table import write_table  # noqa: PLC0415  # pyarrow

        data = guarded(self.request, build.data)
        with builder_at_fault(self.request, "its stream"), disk_at_fault(self.request):
            return write_table(data, self.staged, schema=build.schema)

    def _fill(self, build: Build, table: TableInfo) -> None:
        build.rows = table.rows
        build.schema = table.schema
        build.elapsed = time.monotonic() - self.began
        build.items = self._items()
        if self.run.ledger is not None:
            *earlier, this = self.run.ledger.sessions()
            build.sessions = (*earlier, self._as_it_ends(this, build.items))

    def _as_it_ends(self, this: Session, items: Items) -> Session:
        """Return this session as it will stand in the ledger when the table has landed."""
        return evolve(
            this,
            finished_at=utc_now(),
            ok=items.ok,
            failed=items.failed,
            outcome="partial" if items.failed else "complete",
        )

    def _facts(self, build: Build, table: TableInfo) -> Facts:
        from tablehost.facts import Facts  # noqa: PLC0415  # pyarrow

        read = self.run.ledger.read_inputs() if self.run.ledger else ()
        return Facts(
            request=self.request,
            run_id=self.run_id,
            started_at=self.started_at,
            build=build,
            table=table,
            inputs=self.inputs.describe(read),
            input_files=self.inputs.files,
            code=provenance.code_of(
                self.request.builder, self.request.options, self.run.tools, self.cache
            ),
            item_recipes=self.run.recipes,
            replaces=self._replaces(),
            root=self.root,
        )

    def _land(self, facts: Facts, fields: Any) -> Landed:
        from tablehost.facts import host_sections, recipe_of  # noqa: PLC0415  # pyarrow

        self._check_kind()
        recipe = recipe_of(facts)
        if self._nothing_to_do(facts.table, recipe):
            return self._landed("nothing-to-do", facts.build)
        who = str(self.request.builder)
        merged = manifests.merge(fields, host_sections(facts, recipe, self.staged))
        manifests.check(merged, self.request.builder.fields_class, who)
        with disk_at_fault(self.request):
            staged = self.output.staged(self.output.manifest, self.run_id)
            staged.write_text(manifests.to_json(merged), encoding="utf-8")
            with self.interrupts.shielded():
                commit.commit(self.output, self.run_id, facts.table.sha256)
                self.output.failed.unlink(missing_ok=True)
                self._tell_what_is_lost()
                return self._landed(facts.status, facts.build)

    def _tell_what_is_lost(self) -> None:
        if self.inputs.rebuilt:
            _log.warning(
                "%s was rebuilt in place: the earlier table can no longer be replayed; its "
                "manifest is kept in %s",
                self.output.table,
                self.output.history,
            )

    def _nothing_to_do(self, table: TableInfo, recipe: Recipe) -> bool:
        """Tell whether this run found everything done and made what is there already."""
        if self.previous is None or self.request.host.overwrite or self.run.ledger is None:
            return False
        return (
            not self.run.ledger.worked()
            and self.previous_path == self.output.manifest
            and manifests.dig(self.previous, "run_provenance", "recipe", "table") == recipe.table
            and manifests.dig(self.previous, "table", "sha256") == table.sha256
        )

    def _landed(self, outcome: str, build: Build) -> Landed:
        if self.run.ledger is not None:
            self.run.ledger.end_session(outcome, utc_now())
        return Landed(
            outcome=outcome,
            output=self.output,
            run_id=self.run_id,
            rows=build.rows,
            items=build.items,
            elapsed=time.monotonic() - self.began,
        )

    def _note_end(self, error: BaseException) -> None:
        """Note in the ledger and, for a failure, in a report why there is no new table."""
        interrupted = isinstance(error, Interrupted | KeyboardInterrupt)
        if self.run.ledger is not None:
            with suppress(LedgerError):  # it may be what the run failed of
                self.run.ledger.end_session("interrupted" if interrupted else "failed", utc_now())
        if not interrupted and not isinstance(error, Refused):
            failure.report(self.request, self.run_id, self._items(), error)

    def _items(self) -> Items:
        return self.run.ledger.items() if self.run.ledger else Items()

    def _replaces(self) -> Replaced | None:
        if self.previous is None or self.previous_path is None:
            return None
        return Replaced(
            run_id=manifests.dig(self.previous, "run_provenance", "run_id"),
            manifest_sha256=file_digest(self.previous_path).sha256,
        )

    def _open_ledger(self) -> Ledger:
        path = self.output.ledger
        why = is_damaged(path)
        if why is not None:
            set_aside(path, f"damaged-{self.run_id}", f"the ledger {path} is damaged ({why})")
        elif self.request.host.fresh and path.exists():
            set_aside(path, f"before-{self.run_id}", f"--fresh: the ledger {path} is not used")
        ledger = Ledger(
            path, run_id=self.run_id, started_at=self.started_at, workers=self.request.workers
        )
        return self.resources.enter_context(ledger)

    def _check_kind(self) -> None:
        """Let a table of items be replaced only by a table of the same kind of items."""
        before = preflight.item_recipes(self.previous or {})
        if before and not self.request.host.overwrite and not set(before) & set(self.run.recipes):
            msg = f"--out: {self.output.table} was made of other items; --overwrite replaces it"
            raise Refused([msg])

    def _check_recipe(self, function: str, digest: str) -> None:
        """Let a table be replaced only by items of the same recipe, unless told otherwise."""
        if self.previous is None or self.request.host.overwrite:
            return
        before = preflight.item_recipes(self.previous).get(function)
        if before is not None and before != digest:
            msg = (
                f"--out: {self.output.table} was made with other settings, tools or code of "
                f"{function}; give another --out, or --overwrite to replace it"
            )
            raise Refused([msg])


def _read_previous(path: Path | None) -> dict[str, Any] | None:
    """Return the manifest that is about to be replaced, if there is a readable one."""
    try:
        return manifests.read(path) if path else None
    except TablehostError:
        return None  # with --overwrite, whatever it was


def _scratch_folder(options: Any) -> Path | None:
    for option in options_of(type(options)):
        if Role.SCRATCH in option.roles:
            folder: Path | None = getattr(options, option.name)
            return folder
    return None
