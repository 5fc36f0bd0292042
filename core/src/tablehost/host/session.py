"""One session of a run, top-down: describe inputs, build, write, describe, commit."""

from __future__ import annotations

import logging
import shutil
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from attrs import evolve

from tablehost.commit import commit
from tablehost.commit.root import Root
from tablehost.console.reporter import Reporter
from tablehost.console.text import utc_now
from tablehost.contract.build import Build, Items, Session
from tablehost.contract.errors import Interrupted, Refused, TablehostError
from tablehost.contract.roles import SCRATCH
from tablehost.files.digest_cache import StatCache
from tablehost.files.digests import file_digest
from tablehost.files.names import new_run_id
from tablehost.host import builder_calls, failed_run
from tablehost.host.builder_calls import builder_at_fault, disk_at_fault, guarded
from tablehost.host.interrupts import Interrupts
from tablehost.host.request import Landed, Request
from tablehost.items.ledger import Ledger
from tablehost.items.ledger_file import LedgerError, is_damaged, set_aside
from tablehost.items.run import HostRun
from tablehost.items.workers import Workers
from tablehost.manifest import read as manifests
from tablehost.manifest import write
from tablehost.manifest.sections import Recipe, Replaced
from tablehost.options.fields import options_of
from tablehost.provenance import code as provenance
from tablehost.provenance.inputs import Inputs

if TYPE_CHECKING:
    from tablehost.host.host_sections import Facts
    from tablehost.table.write import TableInfo

_log = logging.getLogger("tablehost")


class NothingSucceeded(TablehostError):
    """Every item failed."""

    exit_code = 1


class RunSession:
    """One session of a run, from the builder's first call to the commit."""

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
        self.run = HostRun(
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
        build = builder_calls.build_table(self.request, self.run)
        self._refuse_if_nothing_came_of_it()
        table = self._write(build)
        self._fill(build, table)
        fields = builder_calls.describe_manifest(self.request, build)
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
        from tablehost.table.write import write_table  # pyarrow

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
        from tablehost.host.host_sections import Facts  # pyarrow

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
        from tablehost.host.host_sections import host_sections, recipe_of  # pyarrow

        self._check_kind()
        recipe = recipe_of(facts)
        if self._nothing_to_do(facts.table, recipe):
            return self._landed("nothing-to-do", facts.build)
        who = str(self.request.builder)
        merged = write.merge(fields, host_sections(facts, recipe, self.staged))
        write.check(merged, self.request.builder.fields_class, who)
        with disk_at_fault(self.request):
            staged = self.output.staged(self.output.manifest, self.run_id)
            staged.write_text(write.to_json(merged), encoding="utf-8")
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
            failed_run.report(self.request, self.run_id, self._items(), error)

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
        before = manifests.item_recipes(self.previous or {})
        if before and not self.request.host.overwrite and not set(before) & set(self.run.recipes):
            msg = f"--out: {self.output.table} was made of other items; --overwrite replaces it"
            raise Refused([msg])

    def _check_recipe(self, function: str, digest: str) -> None:
        """Let a table be replaced only by items of the same recipe, unless told otherwise."""
        if self.previous is None or self.request.host.overwrite:
            return
        before = manifests.item_recipes(self.previous).get(function)
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
    scratch = (one.name for one in options_of(type(options)) if SCRATCH in one.type.roles)
    return next((getattr(options, name) for name in scratch), None)
