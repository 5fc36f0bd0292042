"""How a table that was made once more compares with the original, and that with its manifest."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from tablehost.console.text import shown
from tablehost.contract.errors import Refused
from tablehost.files.digests import file_digest
from tablehost.table.read import opened
from tablehost.trust.diff.rows import RowsDifference, compare_rows
from tablehost.trust.evidence.rows import RowFacts, footer_facts, recorded_rows, rows_of
from tablehost.trust.evidence.subject import Subject
from tablehost.trust.verify.columns import drift

Reproduced = Literal["reproduced-bytes", "reproduced-rows", "within-tolerance"]


@frozen(kw_only=True)
class Likeness:
    """How alike two tables are.

    Args:
        outcome: None where they differ.
        why: how they differ, one sentence each.
        rows: the rows that differ; None where they were not compared.
    """

    outcome: Reproduced | None
    why: tuple[str, ...] = ()
    rows: RowsDifference | None = None


@frozen(kw_only=True)
class Original:
    """A table as it is on disk now.

    Args:
        sha256: of its bytes; None where it is gone.
        rows: None where they were not read.
        against: why it no longer is what its manifest describes, one sentence each.
        beside: what else is to be known of it.
    """

    sha256: str | None = None
    rows: RowFacts | None = None
    against: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


def original_of(subject: Subject) -> Original:
    """Check whether a table still has the rows of its manifest."""
    if not subject.table.is_file():
        return Original()
    sha256, recorded = file_digest(subject.table).sha256, subject.manifest.rows_digest
    if sha256 == subject.manifest.sha256:
        return Original(sha256=sha256)
    try:
        rows = rows_of(subject.table)
    except Refused as unreadable:
        return Original(sha256=sha256, against=tuple(unreadable.problems))
    if recorded is None:
        beside = "unknown whether the table still has the rows that it had; no digest was recorded"
        return Original(sha256=sha256, rows=rows, beside=(beside,))
    if recorded != rows.rows_digest:
        against = "the table's rows are no longer those of its manifest"
        return Original(sha256=sha256, rows=rows, against=(against,))
    beside = "the table was written again since: other bytes, the same rows"
    return Original(sha256=sha256, rows=rows, beside=(beside,))


def compare_table(subject: Subject, original: Original, remade: Subject) -> Likeness:
    """Compare a whole table.

    Args:
        subject: the table; where it is gone its manifest is compared.
        original: the same as it is now.
        remade: the one that was made once more.
    """
    made = recorded_rows(remade.manifest)
    if original.sha256 is None:
        return _compare_recorded(subject, remade, made)
    if original.sha256 == remade.manifest.sha256:
        return Likeness(outcome="reproduced-bytes")
    if original.rows is None and original.against:
        return Likeness(outcome=None)  # it cannot be read, and `against` says why
    found = original.rows or rows_of(subject.table)
    if found.rows_digest == made.rows_digest:
        return Likeness(outcome="reproduced-rows")
    return _compare_rows(subject, remade, (found, made))


def compare_sample(subject: Subject, remade: Subject) -> Likeness:
    """Compare those rows of a table that were made once more.

    Raises:
        Refused: the table cannot be read, or its rows cannot be found by their key.
    """
    likeness = _compare_rows(subject, remade)
    if likeness.rows and likeness.rows.key is None:
        raise Refused([f"a sample's rows are found by key: {likeness.rows.why_position}"])
    return likeness


def _compare_recorded(subject: Subject, remade: Subject, made: RowFacts) -> Likeness:
    """Compare with a table that is gone, by what its manifest records."""
    recorded = recorded_rows(subject.manifest)
    if subject.manifest.sha256 == remade.manifest.sha256:
        return Likeness(outcome="reproduced-bytes")
    if recorded.rows_digest == made.rows_digest:
        return Likeness(outcome="reproduced-rows")
    findings = drift(recorded, made).findings
    return Likeness(outcome=None, why=tuple(line for one in findings for line in one.why))


def _compare_rows(
    subject: Subject, remade: Subject, facts: tuple[RowFacts, RowFacts] | None = None
) -> Likeness:
    """Compare row by row; without facts of all rows, only those with the keys of a sample."""
    tables = subject.table, remade.table
    with opened(tables[0], shown(tables[0])) as ours, opened(tables[1], shown(tables[1])) as other:
        changes = drift(*(facts or (footer_facts(ours), footer_facts(other)))).findings
        rows = compare_rows(
            ours,
            other,
            key=subject.manifest.key,
            tolerance=subject.manifest.tolerance,
            only_keys_of_b=facts is None,
        )
    columns = [one for one in changes if one.verdict == "columns-changed"]
    why = tuple(f"columns of the replay {line}" for one in columns for line in one.why)
    beyond = any(cells.beyond_tolerance for cells in rows.columns.values())
    if why or beyond or rows.added or rows.removed or rows.reordered or rows.incomparable:
        return Likeness(outcome=None, why=why, rows=rows)
    return Likeness(outcome="within-tolerance" if rows.columns else "reproduced-rows", rows=rows)
