"""Whether a table that was made once more is the same table, and that of its manifest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from attrs import frozen

from tablehost.contract.errors import Refused
from tablehost.files.digests import file_digest
from tablehost.trust.diff.rows import RowsDifference, compare_rows
from tablehost.trust.evidence.rows import Facts, footer_of, rows_of, told_by
from tablehost.trust.evidence.subject import Subject
from tablehost.trust.verify.columns import drift

Verdict = Literal["reproduced-bytes", "reproduced-rows", "within-tolerance"]


@frozen(kw_only=True)
class Likeness:
    """How alike two tables are.

    Args:
        verdict: None where they are not.
        why: why not, one sentence each.
        rows: the rows that differ; None where they were not compared.
    """

    verdict: Verdict | None
    why: tuple[str, ...] = ()
    rows: RowsDifference | None = None


@frozen(kw_only=True)
class Drift:
    """What became of a table since it was made.

    Args:
        against: why it can no longer speak for its manifest, one sentence each.
        beside: what is to be known, and speaks against nothing.
    """

    against: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


def drift_of(subject: Subject) -> Drift:
    """Tell whether a table has still the rows of its manifest.

    Args:
        subject: the table; of one that is gone there is nothing to tell.
    """
    if not subject.table.is_file() or file_digest(subject.table).sha256 == subject.sha256:
        return Drift()
    try:
        found = rows_of(subject.table).rows_digest
    except Refused as unreadable:
        return Drift(against=tuple(unreadable.problems))
    told = told_by(subject).rows_digest
    if told is None:
        return Drift(beside=("nobody can tell whether the table has still the rows that it had",))
    if told != found:
        return Drift(against=("the table's rows are no longer those of its manifest",))
    return Drift(beside=("the table was written again since: other bytes, the same rows",))


def compare_table(subject: Subject, remade: Subject) -> Likeness:
    """Compare a whole table.

    Args:
        subject: the table; where it is gone its manifest speaks for it.
        remade: the one that was made once more.
    """
    if not subject.table.is_file():
        return _compare_told(subject, remade)
    if file_digest(subject.table).sha256 == remade.says("table", "sha256"):
        return Likeness(verdict="reproduced-bytes")
    try:
        found, made = rows_of(subject.table), told_by(remade)
    except Refused:
        return Likeness(verdict=None)  # `drift_of` tells why
    if found.rows_digest == made.rows_digest:
        return Likeness(verdict="reproduced-rows")
    return _compare_rows(subject, remade, found, made)


def compare_sample(subject: Subject, remade: Subject) -> Likeness:
    """Compare those rows of a table that were made once more.

    Args:
        subject: the table.
        remade: a table of some of its rows.

    Raises:
        Refused: the table cannot be read, or its rows cannot be found by their key.
    """
    found, made = footer_of(subject.table), footer_of(remade.table)
    likeness = _compare_rows(subject, remade, found, made, sampled=True)
    if likeness.rows and likeness.rows.key is None:
        raise Refused([f"a sample's rows are found by key: {likeness.rows.why_position}"])
    return likeness


def _compare_told(subject: Subject, remade: Subject) -> Likeness:
    """Compare with a table that is gone, by what its manifest tells."""
    told, made = told_by(subject), told_by(remade)
    if subject.says("table", "sha256") == remade.says("table", "sha256"):
        return Likeness(verdict="reproduced-bytes")
    if told.rows_digest == made.rows_digest:
        return Likeness(verdict="reproduced-rows")
    return Likeness(verdict=None, why=tuple(line for one in drift(told, made) for line in one.why))


def _compare_rows(
    subject: Subject, remade: Subject, found: Facts, made: Facts, *, sampled: bool = False
) -> Likeness:
    rows = compare_rows(
        subject.table,
        remade.table,
        key=subject.key,
        tolerance=subject.tolerance,
        only_keys_of_b=sampled,
    )
    why = list(_columns(found, made))
    beyond = any(cells.beyond_tolerance for cells in rows.columns.values())
    if not (why or beyond or rows.added or rows.removed or rows.reordered or rows.incomparable):
        return Likeness(
            verdict="within-tolerance" if rows.columns else "reproduced-rows", rows=rows
        )
    return Likeness(verdict=None, why=tuple(why), rows=rows)


def _columns(found: Facts, made: Facts) -> Iterator[str]:
    """Say how the columns differ."""
    for finding in drift(found, made):
        if finding.verdict == "columns-changed":
            yield from (f"columns of the replay {line}" for line in finding.why)
