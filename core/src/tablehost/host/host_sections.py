"""The manifest's sections that the host makes of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq
from attrs import frozen

from tablehost.console.text import some, utc_now
from tablehost.contract.build import Build
from tablehost.contract.errors import BrokenBuilder
from tablehost.files.digests import json_digest
from tablehost.host.host_run import Services
from tablehost.host.replacing import Earlier
from tablehost.items.checking import Checking
from tablehost.items.ledger import Ledger
from tablehost.items.timeline import timeline_of
from tablehost.manifest import sections
from tablehost.manifest.read import folder_digest
from tablehost.options.fields import options_of
from tablehost.options.record import recorded, semantic
from tablehost.options.secrets import secret_options
from tablehost.provenance import code as provenance
from tablehost.provenance.parents import parents
from tablehost.table.write import TableInfo


@frozen
class Facts:
    """What a run knows when its last row is written; inputs are by option, recipes by function.

    `checked` has what came of every list of checksums.
    """

    services: Services
    build: Build
    table: TableInfo
    inputs: Mapping[str, Any]
    code: sections.Code
    item_recipes: Mapping[str, str]
    maps: tuple[sections.MapCounts, ...]
    checked: Collection[Checking]

    @property
    def status(self) -> Literal["complete", "partial"]:
        """Return `complete` if everything that was asked for is in the table."""
        return "partial" if self.build.items.failed else "complete"


def recipe_of(facts: Facts) -> sections.Recipe:
    """Return what decides the table, as digests."""
    request = facts.services.request
    options = options_of(type(request.options))
    content = {
        "builder": request.builder.name,
        "options": semantic(request.options),
        "inputs": {name: _content(one) for name, one in facts.inputs.items()},
        "tools": {name: tool["sha256"] for name, tool in facts.code.tools.items()},
        "items": facts.item_recipes,
    }
    return sections.Recipe(
        table=json_digest(content),
        item=dict(facts.item_recipes),
        left_out=tuple(option.name for option in options if not option.semantic),
        item_version=request.builder.item_version,
    )


def host_sections(facts: Facts, recipe: sections.Recipe) -> sections.HostSections:
    """Put the host's sections together.

    Raises:
        BrokenBuilder: an invariant does not hold, or the view names a column that is not there.
    """
    _check_view(facts)
    table, build, items = facts.table, facts.build, facts.build.items
    services = facts.services
    return sections.HostSections(
        run=sections.RunSection(
            status=facts.status,
            items=sections.ItemCounts(
                total=items.total,
                done_before=items.done_before,
                ok=items.ok,
                failed=items.failed,
                removed=items.removed,
                left_out=items.left_out,
                by_code=items_by_code(services.ledger),
            ),
            failures=items.failures,
            rows_of_others=services.ledger.rows_of_others(),
            maps=facts.maps,
            checksums=_checksums(facts),
            failed_by_reason=dict(Counter(one.reason for one in items.failures)),
            timeline=timeline_of(services.ledger.asked.ends()),
        ),
        table=sections.TableSection(
            sha256=table.sha256,
            bytes=table.bytes,
            rows=table.rows,
            rows_digest=table.rows_digest,
            columns=table.columns,
            key=build.key,
            tolerance=dict(build.tolerance),
            writer=table.writer,
            invariants=_invariants(facts),
            view=build.view,
        ),
        run_provenance=_provenance(facts, recipe),
    )


def items_by_code(ledger: Ledger) -> tuple[sections.ItemsOfCode, ...]:
    """Return the finished items of the table by the code that made them."""
    return tuple(
        sections.ItemsOfCode(
            digest=one.code.digest if one.code else None,
            count=one.count,
            since=one.since,
            modules=dict(one.code.modules) if one.code else {},
        )
        for one in ledger.asked.by_code()
    )


def _check_view(facts: Facts) -> None:
    view, columns = facts.build.view, facts.table.schema.names
    missing = [repr(name) for name in view.columns if name not in columns] if view else []
    if missing:
        msg = f"its View names {some(missing)}, but the table has only {', '.join(columns)}"
        raise BrokenBuilder(msg)


def _checksums(facts: Facts) -> tuple[sections.CheckedList, ...]:
    return tuple(
        sections.CheckedList(
            path=facts.services.root.name(one.list.path),
            sha256=one.list.sha256,
            algorithm=one.list.algorithm,
            checked=one.checked,
            differed=one.differed,
            not_listed=len(one.not_listed),
        )
        for one in facts.checked
    )


def _invariants(facts: Facts) -> tuple[sections.Invariant, ...]:
    """Check what must hold of every table; nothing lands where it does not."""
    table, items, services = facts.table, facts.build.items, facts.services
    footer = pq.read_metadata(services.staged)
    checked = {
        "the footer counts the rows that were written": footer.num_rows == table.rows,
        "the file is as long as what was hashed": services.staged.stat().st_size == table.bytes,
        "items add up": items.total == items.done_before + items.ok + items.failed,
        "the key's columns are there": set(facts.build.key or ()) <= set(table.schema.names),
        # a builder's own are of all items, not of a sample
        **({} if services.request.sample else facts.build.invariants),
    }
    broken = [name for name, ok in checked.items() if not ok]
    if broken:
        msg = f"this does not hold of its table: {broken}"
        raise BrokenBuilder(msg)
    return tuple(sections.Invariant(name=name, ok=ok) for name, ok in checked.items())


def _provenance(facts: Facts, recipe: sections.Recipe) -> sections.RunProvenance:
    services, table = facts.services, facts.table
    request, options, root = services.request, services.request.options, services.root
    outputs = {
        "table": {
            "path": root.name(request.output.table),
            "exists": True,
            "kind": "file",
            "sha256": table.sha256,
            "bytes": table.bytes,
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
        parents=tuple(parents(services.inputs.files, root.name)),
        replaces=_replaced(services.earlier),
        sessions=facts.build.sessions,
        redacted=secret_options(options),
        no_inputs=facts.build.inputs == "none",
        hosts=tuple(services.pool.hosts),
    )


def _replaced(earlier: Earlier) -> sections.Replaced | None:
    if earlier.place is None:
        return None
    return sections.Replaced(
        run_id=earlier.manifest.run_id,
        manifest_sha256=earlier.manifest.digest,
    )


def _content(described: Any) -> Any:
    """Return the content of an option's inputs, with their labels."""
    if isinstance(described, list):
        return [_content(one) for one in described]
    if described["kind"] == "observed":
        return [described["uri"], described["version"]]
    return [described.get("label"), folder_digest(described)]
