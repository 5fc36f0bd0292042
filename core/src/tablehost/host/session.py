"""One session of a run, top-down: build, write, describe, commit."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

import attrs
from attrs import evolve

from tablehost.commit import commit
from tablehost.console.printed import printing_to
from tablehost.console.text import utc_now
from tablehost.contract.build import Build, Items
from tablehost.contract.errors import BrokenBuilder, Interrupted, Refused, Stopped, TablehostError
from tablehost.files.atomic import create
from tablehost.host import builder_calls, failed_run
from tablehost.host.builder_calls import builder_at_fault, disk_at_fault
from tablehost.host.earlier_code import UnsettledItems
from tablehost.host.host_run import HostRun, Services
from tablehost.host.request import Landed
from tablehost.items.ledger_file import LedgerError
from tablehost.items.task import CodeChanged
from tablehost.manifest import write
from tablehost.provenance.code import code_of, not_followed, same_code

if TYPE_CHECKING:
    from tablehost.host.host_sections import Facts
    from tablehost.table.write import TableInfo

_log = logging.getLogger("tablehost")
_REBUILT = (
    "%s was rebuilt in place: the earlier table can no longer be replayed; its manifest is kept "
    "in %s"
)
_NOT_NOTED = (
    "%s and its manifest are in place, but the ledger does not have the end of this run: %s"
)


class NothingSucceeded(TablehostError):
    """Every item failed."""

    exit_code = 1


class RunSession:
    """One session of a run, from the builder's first call to the commit."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.request = services.request
        self.output = services.request.output
        self.ledger = services.ledger
        self.run_id = services.session.run_id
        self.run = HostRun(services)
        self.began = time.monotonic()
        self.has_rows = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.run.close()
        commit.remove_leftovers(self.output)
        if error is not None:
            self._record_end(error)

    def build(self) -> Landed:
        """Build, write, describe, commit."""
        who, out = str(self.request.builder), str(self.output.table)
        self.services.reporter.event("started", run_id=self.run_id, builder=who, out=out)
        with self._truthful():
            with printing_to(self.services.reporter) as printed:  # the builder's code runs here
                printed.remove(self.request.redact.of_lines)
                build = builder_calls.build_table(self.request, self.run)
                self._refuse_another_list()
                self._stop_if_every_item_failed()
                table = self._write(build)
                self._refuse_another_list()  # of a map that ran while rows were written
                self._fill(build, table)
                fields = builder_calls.describe_manifest(self.request, build)
            return self._land(self._facts(build, table), fields)

    @contextmanager
    def _truthful(self) -> Iterator[None]:
        """Let `Refused` pass only while nothing was touched, and name a broken builder."""
        try:
            with self._named():
                yield
        except Refused as refused:
            if isinstance(refused, UnsettledItems) or not (self.ledger.is_open or self.has_rows):
                raise
            *others, last = refused.problems
            kept = ", and finished items are kept" if self.ledger.is_open else ""
            raise Stopped([*others, f"{last}; no table was written{kept}"]) from refused
        except CodeChanged as error:
            who = str(self.request.builder)
            msg = (
                f"builder {who}: its code changed while the table was built ({error}), so no "
                "table was written; finished items are kept. Run again when it no longer changes"
            )
            raise CodeChanged(msg, builder=who) from error
        except BrokenBuilder as error:
            if error.builder is not None:
                raise
            who = str(self.request.builder)
            problems = [f"builder {who}: {problem}" for problem in error.problems]
            raise BrokenBuilder(problems, builder=who) from error

    def _stop_if_every_item_failed(self) -> None:
        """Keep an existing table from being replaced by an empty one."""
        items = self.ledger.asked.items()
        if items.failed and items.failed == items.total:
            first = items.failures[0]
            msg = (
                f"every item failed ({items.total}), so no table was written; the first is "
                f"{first.key}: {first.reason}: {first.detail}"
            )
            raise NothingSucceeded(msg, report=self.output.failed)

    def _refuse_another_list(self) -> None:
        """Keep a list of checksums that fits no file from emptying the table."""
        for checking in self.run.checked.values():
            checking.refuse_another_list()

    def _write(self, build: Build) -> TableInfo:
        from tablehost.table.write import write_table  # pyarrow

        data = build.data
        if isinstance(data, Iterator) and not hasattr(data, "__arrow_c_stream__"):
            data = self._batches(data)
        else:
            self.has_rows = True  # rows may have been read wherever its stream ends
        with builder_at_fault(self.request, "its stream"), disk_at_fault(self.request):
            named = {"key": build.key or (), "tolerance": build.tolerance}
            return write_table(data, self.services.staged, schema=build.schema, named=named)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Name objects, not their copies, in what is said."""
        try:
            yield
        except TablehostError as error:
            error.problems = list(map(self.services.inputs.objects.named, error.problems))
            raise

    def _batches(self, data: Iterable[Any]) -> Iterator[Any]:
        """Yield a builder's batches; its own errors are not those of the disk."""
        with builder_at_fault(self.request, "the generator of build_table"):
            for batch in data:
                self.has_rows = True
                yield batch

    def _fill(self, build: Build, table: TableInfo) -> None:
        self.has_rows = True
        build.rows = table.rows
        build.schema = table.schema
        build.elapsed = time.monotonic() - self.began
        build.items = items = self._counted(self.ledger.asked.items())
        if self.ledger.is_open:
            *earlier, this = self.ledger.sessions()
            outcome = "partial" if items.failed else "complete"
            ok, failed, now = items.ok, items.failed, utc_now()
            this = evolve(this, finished_at=now, ok=ok, failed=failed, outcome=outcome)
            build.sessions = (*earlier, this)

    def _counted(self, items: Items) -> Items:
        """Count the items that were left out apart from those that are gone."""
        left_out = self.run.left_out and self.run.left_out.intersection(self.ledger.asked.unnamed())
        count = len(left_out)
        return evolve(items, left_out=count, removed=items.removed - count)

    def _check_key(self, build: Build) -> None:
        """Check that the key that a builder names identifies a row."""
        from tablehost.table.unique import repeated  # pyarrow

        with disk_at_fault(self.request):
            staged = self.services.staged
            found = repeated(staged, build.key, staged.parent) if build.key else None
        if found is not None:
            named = ", ".join(f"{name} {value!r}" for name, value in found.items())
            msg = f"its key is not unique: more than one row has {named}"
            raise BrokenBuilder(msg)

    def _facts(self, build: Build, table: TableInfo) -> Facts:
        from tablehost.host.host_sections import Facts  # pyarrow

        request, services = self.request, self.services
        for checking in self.run.checked.values():
            checking.report()
        inputs = services.inputs.describe(self.ledger.asked.read_inputs) | self.run.observed
        if build.inputs and inputs:
            msg = f"its Build has inputs='none', and it has the input {next(iter(inputs))!r}"
            raise BrokenBuilder(msg)
        code = code_of(request.builder, request.options, self.run.tools, services.cache)
        modules = services.code.modules
        if not same_code(modules, code.plugin["modules"]):
            msg = "its modules are others"
            raise CodeChanged(msg)
        for name, place in code.plugin["not_followed"].items():
            _log.warning("%s; put it beside the builder, or install it", not_followed(name, place))
        code = evolve(code, plugin=code.plugin | {"modules": modules})
        return Facts(
            services,
            build,
            table,
            inputs,
            code,
            self.run.item_recipes,
            tuple(self.run.maps),
            self.run.checked.values(),
        )

    def _land(self, facts: Facts, fields: Any) -> Landed:
        from tablehost.host.host_sections import host_sections, items_by_code, recipe_of  # pyarrow

        earlier, items = self.services.earlier, facts.build.items
        self._check_key(facts.build)
        earlier.check_functions(facts.item_recipes)
        recipe = recipe_of(facts)
        worked = not self.ledger.is_open or items.ok or items.failed
        by_code = [attrs.asdict(one) for one in items_by_code(self.ledger)]
        made = recipe.table, facts.table.sha256
        if not worked and earlier.is_same(made, facts.code, by_code, facts.inputs):
            return self._landed("nothing-to-do", facts.build)
        with disk_at_fault(self.request):
            merged = write.merge(fields, host_sections(facts, recipe))
        write.check(merged, self.request.builder.fields_class)
        with disk_at_fault(self.request):
            staged = self.output.staged(self.output.manifest, self.run_id)
            with create(staged) as file:
                file.write(write.to_json(merged).encode())
            with self.services.interrupts.shielded():
                commit.commit(self.output, self.run_id, facts.table.sha256)
                if self.services.inputs.rebuilt:
                    _log.warning(_REBUILT, self.output.table, self.output.history)
                return self._landed(facts.status, facts.build)

    def _landed(self, outcome: str, build: Build) -> Landed:
        with disk_at_fault(self.request):
            if older := commit.retire_older(self.output):
                _log.info("%s, of an older tool, was moved to %s", older, self.output.history)
        with suppress(OSError):  # the pair is in place, and that is what counts
            self.output.failed.unlink(missing_ok=True)
        try:
            self.ledger.end_session(outcome, build.items)
        except LedgerError as error:
            _log.warning(_NOT_NOTED, self.output.table, error)
        return Landed(
            outcome=outcome,
            output=self.output,
            run_id=self.run_id,
            rows=build.rows,
            items=build.items,
            elapsed=time.monotonic() - self.began,
        )

    def _record_end(self, error: BaseException) -> None:
        """Record in the ledger and, for a failure, in a report why there is no new table."""
        interrupted = isinstance(error, Interrupted | KeyboardInterrupt)
        items = Items()
        with suppress(LedgerError):  # it may be the cause
            items = self.ledger.asked.items()
            self.ledger.end_session("interrupted" if interrupted else "failed", items)
        if not interrupted and not isinstance(error, Refused):
            failed_run.report(self.request, self.run_id, items, error)
