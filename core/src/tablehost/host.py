"""One run, told top-down: preflight, describe inputs, build and write, describe, commit."""

from __future__ import annotations

import logging
import os
import shutil
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from attrs import field, frozen

from tablehost import commit, preflight, provenance
from tablehost import manifest as manifests
from tablehost.build import Build, Items
from tablehost.clock import new_run_id, utc_now
from tablehost.digests import StatCache, json_digest
from tablehost.errors import BrokenBuilder, Interrupted, Refused, TablehostError
from tablehost.inputs import Inputs, Root, folder_digest
from tablehost.interrupts import Interrupts
from tablehost.ledger import Ledger, is_damaged
from tablehost.options import options_of, recorded, semantic
from tablehost.output import Output, beside
from tablehost.plugins import Builder
from tablehost.report import Reporter
from tablehost.roles import Role, Tuning
from tablehost.run import Run

_log = logging.getLogger("tablehost")


@frozen(kw_only=True)
class HostOptions:
    """Options of every run."""

    out: Path
    """The Parquet file to make; its manifest is OUT.manifest.json."""
    manifest_out: Path | None = None
    """Another place for the manifest."""
    overwrite: bool = False
    """Replace an existing table whatever made it; finished items are still used."""
    workers: Tuning[int | None] = field(default=None)
    """Processes that work in parallel; as many as this process has cores, unless given."""
    dry_run: bool = False
    """Say what would be done, and do nothing of it."""
    fresh: bool = False
    """Do every item again; the ledger of finished ones is set aside."""
    config: Path | None = None
    """Configuration to read; ./tablehost.toml, unless given."""
    json: bool = False
    """Write the result as one JSON object on stdout, and events as JSON lines on stderr."""
    quiet: bool = False
    """Say nothing but warnings and errors."""
    verbose: bool = False
    """Show the traceback of an error."""

    @workers.validator
    def _at_least_one(self, _: Any, value: int | None) -> None:
        if value is not None and value < 1:
            msg = f"must be at least 1, got {value}"
            raise ValueError(msg)


@frozen(kw_only=True)
class Request:
    """A run that somebody asked for.

    Args:
        builder: the loaded builder.
        options: an instance of its options class.
        sources: by option, where the value came from.
        host: the options of every run.
        argv: the command line as it was typed.
    """

    builder: Builder
    options: Any
    sources: Mapping[str, str]
    host: HostOptions
    argv: tuple[str, ...] = ()

    @property
    def output(self) -> Output:
        """Return where the table and its manifest are to lie."""
        return Output.at(self.host.out, self.host.manifest_out)

    @property
    def workers(self) -> int:
        """Return how many processes to use."""
        return self.host.workers or len(os.sched_getaffinity(0))


@frozen(kw_only=True)
class Landed:
    """What a run came to.

    Args:
        outcome: `complete`, `partial` or `nothing-to-do`.
        output: the table and its manifest.
        run_id: this run's id.
        rows: rows of the table.
        items: what became of the items.
        elapsed: seconds.
    """

    outcome: str
    output: Output
    run_id: str
    rows: int
    items: Items
    elapsed: float

    @property
    def exit_code(self) -> int:
        """Return 1 where items failed, else 0."""
        return 1 if self.outcome == "partial" else 0


def check_collisions(builder: Builder) -> None:
    """Refuse a builder whose option has the name of one that every run has.

    Raises:
        BrokenBuilder: naming both.
    """
    ours = {option.name for option in options_of(HostOptions)}
    for option in options_of(builder.options_class):
        if option.name in ours:
            msg = (
                f"builder {builder}: its option {option.flag} collides with tablehost's own "
                f"{option.flag}; give the field another name"
            )
            raise BrokenBuilder(msg)


def run(request: Request, reporter: Reporter) -> Landed:
    """Build a table and land it together with its manifest.

    Raises:
        Refused: the preflight or the builder says no; nothing was touched.
        BrokenBuilder: the builder failed; the old pair is untouched.
        Interrupted: by a signal; finished items are kept.
    """
    output = request.output
    problems = preflight.problems(request.options, output, overwrite=request.host.overwrite)
    if problems:
        raise Refused(problems)
    interrupts = Interrupts()
    with interrupts.listening(), _folders(output), commit.locked(output):
        for sentence in commit.recover(output):
            _log.warning("%s: %s", output.table, sentence)
        if not request.host.overwrite:
            problems = preflight.refusals(output, request.builder.name)
            if problems:
                raise Refused(problems)
        with StatCache() as cache, _Session(request, reporter, cache, interrupts) as session:
            return session.build()


@contextmanager
def _folders(output: Output) -> Iterator[None]:
    """Make the folders that are missing; where nothing came to lie in them, remove them again."""
    made = []
    for folder in {output.table.absolute().parent, output.manifest.absolute().parent}:
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        made += missing
    try:
        yield
    finally:
        for folder in sorted(made, reverse=True):
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
        self.previous = _previous(self.output)
        scratch = self.output.scratch(_scratch_folder(request.options))
        self.run = Run(
            builder=request.builder,
            workers=request.workers,
            reporter=reporter,
            cache=cache,
            scratch=scratch,
            open_ledger=self._open_ledger,
            check_recipe=self._check_recipe,
        )
        self.scratch = scratch
        self.stack = ExitStack()

    def __enter__(self) -> _Session:
        shutil.rmtree(self.scratch, ignore_errors=True)  # a killed run's
        return self

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        for path in self.output.leftovers():
            path.unlink()
        shutil.rmtree(self.scratch, ignore_errors=True)
        if error is not None and self.run.ledger is not None:
            outcome = "interrupted" if isinstance(error, Interrupted) else "failed"
            self.run.ledger.end_session(outcome, utc_now(), keep_counts=False)
        if error is not None and not isinstance(error, Refused | Interrupted):
            self._report_failure(error)
        self.stack.close()

    def build(self) -> Landed:
        """Build, write, describe, commit."""
        root = Root.of(self.output)
        inputs = self.stack.enter_context(
            Inputs(self.request.options, self.output, root, self.cache)
        )
        build = self._call_builder()
        table = self._write(build)
        self._fill(build, table)
        fields = self._describe(build)
        described = inputs.describe(self.run.ledger.read_inputs() if self.run.ledger else ())
        recipe = self._recipe(described)
        if self._nothing_to_do(table, recipe):
            return self._leave_as_it_is(build)
        status = "partial" if build.items.failed else "complete"
        sections = manifests.HostSections(
            run=_run_section(status, build.items),
            table=self._table_section(build, table),
            run_provenance=self._provenance(build, table, inputs, described, recipe, root),
        )
        merged = manifests.merge(fields, sections, str(self.request.builder))
        manifests.check(merged, self.request.builder.fields_class, str(self.request.builder))
        self._land(merged, status)
        return self._landed(status, build)

    def _call_builder(self) -> Build:
        with self._builder_at_fault("build_table"):
            built = self.request.builder.hooks.build_table(
                options=self.request.options, run=self.run
            )
        if isinstance(built, Build):
            return built
        if hasattr(built, "__arrow_c_stream__"):
            return Build(built)
        msg = (
            f"builder {self.request.builder}: build_table returned {type(built).__name__}; return "
            "an Arrow stream (pyarrow, pandas, polars, DuckDB) or a Build"
        )
        raise BrokenBuilder(msg)

    def _write(self, build: Build) -> Any:
        from tablehost.table import write_table  # noqa: PLC0415  # pyarrow

        self._refuse_if_nothing_came_of_it()
        staged = self.output.staged(self.output.table, self.run_id)
        with self._builder_at_fault("the stream of build_table"):
            return write_table(self._guarded(build.data), staged, schema=build.schema)

    def _guarded(self, data: Any) -> Any:
        """Put the blame where it belongs: a generator's error is its builder's."""
        if hasattr(data, "__arrow_c_stream__"):
            return data
        return self._batches(data)

    def _batches(self, data: Iterable[Any]) -> Iterator[Any]:
        with self._builder_at_fault("the generator of build_table"):
            yield from data

    def _fill(self, build: Build, table: Any) -> None:
        build.rows = table.rows
        build.schema = table.schema
        build.elapsed = time.monotonic() - self.began
        if self.run.ledger is not None:
            build.items = self.run.ledger.items()
            build.sessions = self.run.ledger.sessions()
        missing = set(build.key or ()) - set(table.schema.names)
        if missing:
            msg = f"builder {self.request.builder}: the key {sorted(missing)} is no column"
            raise BrokenBuilder(msg)

    def _describe(self, build: Build) -> Any:
        if self.request.builder.fields_class is None:
            return None
        with self._builder_at_fault("describe_manifest"):
            return self.request.builder.hooks.describe_manifest(
                options=self.request.options, build=build
            )

    def _refuse_if_nothing_came_of_it(self) -> None:
        """Keep an existing table from being replaced by an empty one when every item failed."""
        items = self.run.ledger.items() if self.run.ledger else Items()
        if items.failed and items.failed == items.total:
            first = items.failures[0]
            msg = (
                f"none of {items.total} items became a row, so no table was written; the first is "
                f"{first.key}: {first.reason}: {first.detail}. All are in {self.output.failed}"
            )
            raise NothingSucceeded(msg)

    def _recipe(self, described: Mapping[str, Any]) -> manifests.Recipe:
        options = self.request.options
        content = {
            "builder": self.request.builder.name,
            "options": semantic(options),
            "inputs": {name: _digests(one) for name, one in described.items()},
            "tools": self._tool_digests(),
            "items": self.run.recipes,
        }
        return manifests.Recipe(
            table=json_digest(content),
            item=dict(self.run.recipes),
            left_out=provenance.left_out(options),
        )

    def _tool_digests(self) -> dict[str, str]:
        code = self._code()
        return {name: tool["sha256"] for name, tool in code.tools.items()}

    def _code(self) -> manifests.Code:
        return provenance.code_of(self.request.builder, self.request.options, self.cache)

    def _nothing_to_do(self, table: Any, recipe: manifests.Recipe) -> bool:
        """Tell whether this run found everything done and made what is there already."""
        if self.previous is None or self.request.host.overwrite or self.run.ledger is None:
            return False
        block = self.previous.get("run_provenance") or {}
        return (
            not self.run.ledger.worked()
            and self.output.manifest.is_file()
            and block.get("recipe", {}).get("table") == recipe.table
            and self.previous.get("table", {}).get("sha256") == table.sha256
        )

    def _leave_as_it_is(self, build: Build) -> Landed:
        assert self.run.ledger is not None  # noqa: S101  # `_nothing_to_do` looked
        self.run.ledger.end_session("nothing-to-do", utc_now())
        return self._landed("nothing-to-do", build)

    def _table_section(self, build: Build, table: Any) -> manifests.TableSection:
        return manifests.TableSection(
            sha256=table.sha256,
            bytes=table.bytes,
            rows=table.rows,
            rows_digest=table.rows_digest,
            columns=tuple(
                manifests.Column(**{name: getattr(one, name) for name in _COLUMN_FIELDS})
                for one in table.columns
            ),
            key=build.key,
            tolerance=dict(build.tolerance),
            writer=table.writer,
            invariants=self._invariants(build, table),
        )

    def _invariants(self, build: Build, table: Any) -> tuple[manifests.Invariant, ...]:
        """Check what must hold of every table; nothing lands where it does not."""
        import pyarrow.parquet as pq  # noqa: PLC0415  # heavy

        staged = self.output.staged(self.output.table, self.run_id)
        footer = pq.read_metadata(staged)
        items = build.items
        checked = (
            ("the footer counts the rows that were written", footer.num_rows == table.rows),
            ("the file is as long as what was hashed", staged.stat().st_size == table.bytes),
            ("items add up", items.total == items.done_before + items.ok + items.failed),
        )
        broken = [name for name, ok in checked if not ok]
        if broken:
            msg = f"this does not hold of the table of {self.request.builder}: {'; '.join(broken)}"
            raise BrokenBuilder(msg)
        return tuple(manifests.Invariant(name=name, ok=ok) for name, ok in checked)

    def _provenance(
        self,
        build: Build,
        table: Any,
        inputs: Inputs,
        described: Mapping[str, Any],
        recipe: manifests.Recipe,
        root: Root,
    ) -> manifests.RunProvenance:
        options = self.request.options
        parents = tuple(provenance.parents(inputs.files))
        outputs = {
            "table": {
                "path": root.name(self.output.table),
                "exists": True,
                "kind": "file",
                "sha256": table.sha256,
                "bytes": table.bytes,
            },
            "manifest": {"path": root.name(self.output.manifest)},
        }
        return manifests.RunProvenance(
            entrypoint=provenance.entrypoint_of(self.request.builder),
            argv=tuple(provenance.redact(token, options) for token in self.request.argv),
            args=recorded(options),
            args_from=dict(self.request.sources),
            inputs=dict(described),
            outputs=outputs,
            run_id=self.run_id,
            started_at=self.started_at,
            finished_at=utc_now(),
            cwd=str(Path.cwd()),
            root=manifests.RootSection(
                path=str(root.path), kind=root.kind, outside=len(root.outside)
            ),
            code=self._code(),
            environment=provenance.environment(),
            recipe=recipe,
            parents=parents,
            replaces=self._replaces(),
            sessions=build.sessions,
            redacted=provenance.redacted_options(options),
        )

    def _replaces(self) -> manifests.Replaced | None:
        path = _current_manifest(self.output)
        if self.previous is None or path is None:
            return None
        from tablehost.digests import file_digest  # noqa: PLC0415

        block = self.previous.get("run_provenance") or {}
        return manifests.Replaced(
            run_id=block.get("run_id"), manifest_sha256=file_digest(path).sha256
        )

    def _land(self, merged: dict[str, Any], status: str) -> None:
        staged = self.output.staged(self.output.manifest, self.run_id)
        text = manifests.to_json(merged)
        staged.write_text(text, encoding="utf-8")
        with self.interrupts.shielded():
            commit.commit(self.output, self.run_id, retire=commit.stale_sidecar(self.output))
            self.output.failed.unlink(missing_ok=True)
            if self.run.ledger is not None:
                self.run.ledger.end_session(status, utc_now())

    def _landed(self, outcome: str, build: Build) -> Landed:
        return Landed(
            outcome=outcome,
            output=self.output,
            run_id=self.run_id,
            rows=build.rows,
            items=build.items,
            elapsed=time.monotonic() - self.began,
        )

    def _open_ledger(self) -> Ledger:
        path = self.output.ledger
        why = is_damaged(path)
        if why is not None:
            _set_aside(path, f"damaged-{self.run_id}", f"the ledger {path} is damaged ({why})")
        elif self.request.host.fresh and path.exists():
            _set_aside(path, f"before-{self.run_id}", f"--fresh: the ledger {path} is not used")
        ledger = Ledger(
            path, run_id=self.run_id, started_at=self.started_at, workers=self.request.workers
        )
        return self.stack.enter_context(ledger)

    def _check_recipe(self, function: str, digest: str) -> None:
        if self.previous is None or self.request.host.overwrite:
            return
        before = preflight.item_recipes(self.previous).get(function)
        if before is not None and before != digest:
            msg = (
                f"--out: {self.output.table} was made with other settings, tools or code of "
                f"{function}; give another --out, or --overwrite to replace it"
            )
            raise Refused([msg])

    def _report_failure(self, error: BaseException) -> None:
        items = self.run.ledger.items() if self.run.ledger else Items()
        report = {
            "schema": "tablehost-failed-run-v1",
            "run_id": self.run_id,
            "builder": str(self.request.builder),
            "args": recorded(self.request.options),
            "started_at": self.started_at,
            "failed_at": utc_now(),
            "error": provenance.redact(str(error), self.request.options),
            "traceback": provenance.redact(
                "".join(traceback.format_exception(error)), self.request.options
            ),
            "failures": [
                {"key": one.key, "reason": one.reason, "detail": one.detail}
                for one in items.failures
            ],
            "go_on": "mend the cause and give the same command again; finished items are kept",
        }
        try:
            commit.write_atomically(self.output.failed, manifests.to_json(report))
        except OSError as cause:
            _log.warning("%s could not be written: %s", self.output.failed, cause)

    @contextmanager
    def _builder_at_fault(self, where: str) -> Iterator[None]:
        """Say whose fault an exception is, in one line."""
        try:
            yield
        except TablehostError as error:
            if isinstance(error, BrokenBuilder) and str(self.request.builder) not in str(error):
                msg = f"builder {self.request.builder}: {error}"
                raise BrokenBuilder(msg) from error
            raise
        except OSError as error:
            if error.filename is None and error.errno is not None:
                msg = f"{self.output.table} could not be written: {error.strerror}"
                raise TablehostError(msg) from error
            raise self._broken(where, error) from error
        except Exception as error:  # a builder may raise anything
            raise self._broken(where, error) from error

    def _broken(self, where: str, error: Exception) -> BrokenBuilder:
        text = provenance.redact(f"{type(error).__name__}: {error}", self.request.options)
        return BrokenBuilder(
            f"builder {self.request.builder} failed in {where}: {text} "
            f"(details in {self.output.failed})"
        )


class NothingSucceeded(TablehostError):
    """Every item failed."""

    exit_code = 1


_COLUMN_FIELDS = tuple(one.name for one in manifests.Column.__attrs_attrs__)


def _run_section(status: Any, items: Items) -> manifests.RunSection:
    return manifests.RunSection(
        status=status,
        items=manifests.ItemCounts(
            total=items.total,
            done_before=items.done_before,
            ok=items.ok,
            failed=items.failed,
            removed=items.removed,
        ),
        failures=items.failures,
    )


def _current_manifest(output: Output) -> Path | None:
    if output.manifest.is_file():
        return output.manifest
    return commit.stale_sidecar(output)


def _previous(output: Output) -> dict[str, Any] | None:
    """Return the manifest that is about to be replaced, if there is a readable one."""
    path = _current_manifest(output)
    if path is None or not output.table.exists():
        return None
    try:
        return manifests.read(path)
    except TablehostError:
        return None  # with --overwrite, whatever it was


def _scratch_folder(options: Any) -> Path | None:
    for option in options_of(type(options)):
        if Role.SCRATCH in option.roles:
            folder: Path | None = getattr(options, option.name)
            return folder
    return None


def _digests(described: Any) -> Any:
    """Return the content of an option's inputs, labels with them."""
    if isinstance(described, list):
        return [_digests(one) for one in described]
    return [described.get("label"), folder_digest(described)]


def _set_aside(path: Path, suffix: str, why: str) -> None:
    kept = path.with_name(f"{path.name}.{suffix}")
    for part in ("", "-wal", "-shm"):  # what SQLite keeps beside it belongs to it
        if (piece := beside(path, part)).exists():
            piece.rename(beside(kept, part))
    _log.warning("%s; it is kept as %s, and a new one is begun", why, kept.name)
