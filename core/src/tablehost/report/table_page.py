"""The page of one table."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from tablehost.commit.lock import held_by
from tablehost.commit.output import Output
from tablehost.console.humane import duration, rate
from tablehost.console.text import shown
from tablehost.contract.errors import TablehostError, UsageError
from tablehost.files.names import MANIFEST_SUFFIX
from tablehost.items.ledger_file import progress_of
from tablehost.manifest.read import dig
from tablehost.report.columns import Columns, columns_of
from tablehost.report.course import Course, course_of, course_so_far
from tablehost.report.facts import Facts, facts_of
from tablehost.report.from_rows import from_rows
from tablehost.report.ledger import Kept, kept_in
from tablehost.report.page import render
from tablehost.report.record import record_of
from tablehost.report.relations import neighbourhood
from tablehost.report.verdicts import State, Verdict
from tablehost.report.words import count, seconds_of, share, short, size
from tablehost.trust.evidence.rows import rows_of
from tablehost.trust.evidence.subject import Subject, subject
from tablehost.trust.lineage.lineage import Lineage, lineage

UNFINISHED: Final = "Its run has not ended"
_ENDED: Final = ("complete", "partial", "nothing-to-do")
_MOST_BESIDE: Final = 500


@frozen(kw_only=True)
class Asked:
    """What a page is to show beside what is recorded.

    Args:
        against: another table, to compare the columns with.
        label: the column that the others are to predict; else what the builder names.
        group: the column of groups; likewise.
        verify: whether to verify the table, and ask whether it is stale.
    """

    against: Path | None = None
    label: str | None = None
    group: str | None = None
    verify: bool = False


@frozen(kw_only=True)
class Tile:
    """One figure of the head."""

    name: str
    value: str
    note: str


def table_at(path: Path) -> Subject:
    """Find a table, or the output of a run that has not ended.

    Raises:
        UsageError: there is neither.
    """
    try:
        return subject(path)
    except UsageError:
        if path.is_dir() or not is_unfinished(path):
            raise
        return Subject(table=path, problem=UNFINISHED)


def is_unfinished(path: Path) -> bool:
    """Return whether the latest run of an output goes on, or was cut off."""
    try:
        progress = progress_of(Output.at(path).ledger)
    except TablehostError:
        return False
    return progress is not None and progress.session.outcome not in _ENDED


def table_page(
    table: Subject,
    asked: Asked,
    *,
    state: State,
    pages: Mapping[Path, str],
    related: Lineage | None = None,
    stale: Collection[Path] = (),
    home: str = "",
) -> str:
    """Return the page of a table.

    Args:
        table: with its manifest, if it has one.
        asked: what to show.
        state: of the table.
        pages: by table, where its page is, seen from this one.
        related: it and the tables beside it, where they are known already.
        stale: tables that are known to be stale.
        home: where the page of its folder is.

    Raises:
        UsageError: a column that was asked for is not there.
    """
    kept = _kept(table)
    course, state = _course(table, kept, state)
    facts, measured = _facts(table)
    other = table_at(asked.against) if asked.against else None
    rows = _rows(table, facts)
    there = _facts(other)[0] if other else None
    columns = columns_of(facts, table.manifest, there)
    seen = from_rows(table, columns, facts, asked.label, asked.group)
    if related is None:
        related = _related(table)
    return render(
        "table.html",
        name=table.table.name,
        about=_about(table, columns, rows),
        state=state,
        tiles=_tiles(table, columns, course, rows),
        course=course,
        columns=columns,
        rows=rows,
        measured=measured,
        against=other.table.name if other else "",
        label=seen.label,
        balance=seen.balance,
        problem=seen.problem,
        relations=neighbourhood(related, table.table, pages, stale)
        if related is not None and table.place is not None
        else None,
        record=record_of(table.manifest) if table.place else None,
        manifest_digest=table.manifest.digest,
        path=shown(table.table),
        home=home,
    )


def _kept(table: Subject) -> Kept | None:
    try:
        return kept_in(Output.at(table.table, table.place).ledger)
    except TablehostError:  # what it has is not vital to a page; a run says what is wrong with it
        return None


def _course(table: Subject, kept: Kept | None, state: State) -> tuple[Course, State]:
    """Return how the run went, and the state with how far a later one came."""
    recorded = course_of(table.manifest, kept)
    if kept is None or kept.is_over or kept.session.run_id == table.manifest.run_id:
        return recorded, state
    running = held_by(Output.at(table.table, table.place)) is not None
    if not running and kept.session.outcome == "partial":
        return recorded, state
    if table.place is not None:
        later = Verdict(f"a later run: {'running' if running else 'stopped'}", "warn")
        state = evolve(state, others=(*state.others, later))
    return course_so_far(kept, is_running=running), state


def _facts(table: Subject) -> tuple[dict[str, Facts], bool]:
    """Return what is known of the columns, and whether the table was read for it."""
    rows, columns = table.manifest.rows, table.manifest.columns
    found = [one for one in columns or () if isinstance(one, dict)]
    if any("histogram" in one or "texts" in one for one in found):
        return facts_of(found, rows or 0), False
    try:
        counted = rows_of(table.table) if table.table.is_file() else None
    except TablehostError:
        counted = None
    if counted is None:
        return facts_of(found, rows or 0), False
    if not found:
        return facts_of(counted.columns or (), counted.rows or 0), True
    drawn = {str(one.get("name")): one for one in counted.columns or ()}
    both = [
        one | {part: dig(drawn.get(str(one.get("name"))), part) for part in ("histogram", "texts")}
        for one in found
    ]
    return facts_of(both, rows or 0), True


def _rows(table: Subject, facts: Mapping[str, Facts]) -> int | None:
    known = next(iter(facts.values()), None)
    return known.rows if known else table.manifest.rows


def _related(table: Subject) -> Lineage | None:
    """Return the lineage of a table and of those beside it, which may be made of it."""
    folder = table.table.absolute().parent
    beside: list[Path] = []
    with suppress(OSError):
        names = [one for one in os.listdir(folder) if one.endswith(MANIFEST_SUFFIX)]  # noqa: PTH208
        beside = [folder / one for one in sorted(names)[:_MOST_BESIDE]]
    try:
        return lineage([table.place or table.table, *filter(Path.is_file, beside)])
    except (TablehostError, OSError):
        return None


def _about(table: Subject, columns: Columns, rows: int | None) -> Mapping[str, Any]:
    """Return the words of the sentence under the name."""
    manifest = table.manifest
    inputs = manifest.inputs or {}
    several = (len(one) if isinstance(one, list) else 1 for one in inputs.values())
    return {
        "columns": columns.total,
        "rows": rows,
        "builder": manifest.builder or "",
        "version": manifest.version or "",
        "inputs": count(sum(several), "input") if inputs else "",
        "when": manifest.finished_at or "",
        "problem": table.problem or "",
    }


def _tiles(table: Subject, columns: Columns, course: Course, rows: int | None) -> list[Tile]:
    manifest = table.manifest
    tiles = []
    if columns.total and rows is not None:
        cells = rows * columns.total
        constant = f"{len(columns.empty)} empty, {len(columns.constant)} constant"
        missing = f"{columns.missing:,} of {short(cells)}"
        on_disk = f"{size(manifest.bytes)} on disk" if manifest.bytes else ""
        tiles = [
            Tile(name="rows", value=f"{rows:,}", note=on_disk),
            Tile(name="columns", value=f"{columns.total:,}", note=constant),
            Tile(name="cells missing", value=share(columns.missing, cells), note=missing),
        ]
    if course.total:
        note = f"{course.failed:,} failed of {course.total:,}"
        tiles.append(Tile(name="items", value=f"{course.done:,}", note=note))
    if course.pending:
        part = f"{share(course.pending, course.total)} of all"
        tiles.append(Tile(name="left", value=f"{course.pending:,}", note=part))
    workers = count(course.workers, "worker") if course.workers else ""
    took = _took(table)
    if course.rate:
        tiles.append(Tile(name="rate", value=course.rate, note=workers))
    elif course.total and took:
        tiles.append(Tile(name="rate", value=rate(course.total / took), note=workers))
    if took is not None:
        sessions = count(len(manifest.sessions or ()) or 1, "session")
        tiles.append(Tile(name="from start to end", value=duration(took), note=sessions))
    return tiles


def _took(table: Subject) -> float | None:
    """Return the seconds from the start of the first session to the end."""
    manifest = table.manifest
    begins = [manifest.started_at, *(dig(one, "started_at") for one in manifest.sessions or ())]
    known = [one for one in map(seconds_of, begins) if one is not None]
    end = seconds_of(manifest.finished_at)
    return max(0.0, end - min(known)) if known and end is not None else None
