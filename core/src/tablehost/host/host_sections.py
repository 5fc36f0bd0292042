"""What a run knows at its end, and the manifest's sections that the host makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq
from attrs import frozen

from tablehost.console.text import utc_now
from tablehost.contract.build import Build, Items
from tablehost.contract.errors import BrokenBuilder
from tablehost.files.digests import json_digest
from tablehost.host.services import Services
from tablehost.manifest import sections
from tablehost.manifest.read import folder_digest
from tablehost.options.record import recorded, semantic
from tablehost.options.secrets import secret_options
from tablehost.provenance import code as provenance
from tablehost.provenance.parents import parents
from tablehost.table.write import TableInfo


@frozen(kw_only=True)
class Facts:
    """What a run knows when its last row is written.

    Args:
        services: what it worked with.
        build: the builder's, filled in.
        table: what was written.
        inputs: the descriptors of all inputs, by option.
        input_files: the input files with their options' names and their sha256.
        code: the code that made the table.
        item_recipes: by item function.
    """

    services: Services
    build: Build
    table: TableInfo
    inputs: Mapping[str, Any]
    input_files: list[tuple[str, Path, str]]
    code: sections.Code
    item_recipes: Mapping[str, str]

    @property
    def status(self) -> Literal["complete", "partial"]:
        """Return `complete` if everything that was asked for is in the table."""
        return "partial" if self.build.items.failed else "complete"


def recipe_of(facts: Facts) -> sections.Recipe:
    """Return what decides the table, as digests."""
    request = facts.services.request
    options = request.options
    content = {
        "builder": request.builder.name,
        "options": semantic(options),
        "inputs": {name: _content(one) for name, one in facts.inputs.items()},
        "tools": {name: tool["sha256"] for name, tool in facts.code.tools.items()},
        "items": dict(facts.item_recipes),
    }
    return sections.Recipe(
        table=json_digest(content),
        item=dict(facts.item_recipes),
        left_out=provenance.left_out(options),
    )


def host_sections(facts: Facts, recipe: sections.Recipe) -> sections.HostSections:
    """Put the host's sections together.

    Args:
        facts: of the run; its table is staged.
        recipe: of the table.

    Raises:
        BrokenBuilder: an invariant does not hold.
    """
    return sections.HostSections(
        run=_run(facts.status, facts.build.items),
        table=_table(facts),
        run_provenance=_provenance(facts, recipe),
    )


def _run(status: Literal["complete", "partial"], items: Items) -> sections.RunSection:
    return sections.RunSection(
        status=status,
        items=sections.ItemCounts(
            total=items.total,
            done_before=items.done_before,
            ok=items.ok,
            failed=items.failed,
            removed=items.removed,
        ),
        failures=items.failures,
    )


def _table(facts: Facts) -> sections.TableSection:
    table, build = facts.table, facts.build
    return sections.TableSection(
        sha256=table.sha256,
        bytes=table.bytes,
        rows=table.rows,
        rows_digest=table.rows_digest,
        columns=table.columns,
        key=build.key,
        tolerance=dict(build.tolerance),
        writer=table.writer,
        invariants=_invariants(facts),
    )


def _invariants(facts: Facts) -> tuple[sections.Invariant, ...]:
    """Check what must hold of every table; nothing lands where it does not."""
    table, items = facts.table, facts.build.items
    request, run_id = facts.services.request, facts.services.session.run_id
    staged = request.output.staged(request.output.table, run_id)
    footer = pq.read_metadata(staged)
    checked = {
        "the footer counts the rows that were written": footer.num_rows == table.rows,
        "the file is as long as what was hashed": staged.stat().st_size == table.bytes,
        "items add up": items.total == items.done_before + items.ok + items.failed,
        "the key's columns are there": set(facts.build.key or ()) <= set(table.schema.names),
        # a builder's own are of all items, not of a sample
        **({} if request.sample else facts.build.invariants),
    }
    broken = [name for name, ok in checked.items() if not ok]
    if broken:
        msg = f"this does not hold of its table: {broken}"
        raise BrokenBuilder(msg)
    return tuple(sections.Invariant(name=name, ok=ok) for name, ok in checked.items())


def _provenance(facts: Facts, recipe: sections.Recipe) -> sections.RunProvenance:
    services = facts.services
    request, options, root = services.request, services.request.options, services.root
    outputs = {
        "table": {
            "path": root.name(request.output.table),
            "exists": True,
            "kind": "file",
            "sha256": facts.table.sha256,
            "bytes": facts.table.bytes,
        },
        "manifest": {"path": root.name(request.output.manifest)},
    }
    return sections.RunProvenance(
        entrypoint=provenance.entrypoint_of(request.builder),
        argv=tuple(map(request.redact, request.argv)),
        args=recorded(options),
        args_from=dict(request.sources),
        inputs=dict(facts.inputs),
        outputs=outputs,
        run_id=services.session.run_id,
        started_at=services.session.started_at,
        finished_at=utc_now(),
        cwd=str(Path.cwd()),
        root=sections.RootSection(path=str(root.path), kind=root.kind, outside=len(root.outside)),
        code=facts.code,
        environment=provenance.environment(),
        recipe=recipe,
        parents=tuple(parents(facts.input_files, root.name)),
        replaces=services.earlier.described(),
        sessions=facts.build.sessions,
        redacted=secret_options(options),
    )


def _content(described: Any) -> Any:
    """Return the content of an option's inputs, with their labels."""
    if isinstance(described, list):
        return [_content(one) for one in described]
    return [described.get("label"), folder_digest(described)]
