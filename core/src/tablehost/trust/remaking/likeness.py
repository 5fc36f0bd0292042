"""Whether a table that was made once more is the same table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from attrs import frozen

from tablehost.digests import file_digest
from tablehost.errors import Refused
from tablehost.trust.difference.rows import RowsDifference, compare_rows
from tablehost.trust.drift.columns import drift
from tablehost.trust.evidence.facts import Facts, footer_of, rows_of, told_by
from tablehost.trust.evidence.subjects import Subject

Verdict = Literal["reproduced-bytes", "reproduced-rows", "within-tolerance"]


class NotComparable(Refused):
    """The rows of two tables cannot be matched."""


@frozen(kw_only=True)
class Likeness:
    """How alike two tables are.

    Args:
        verdict: None where they are not.
        why: why not, one sentence each.
        rows: the rows that differ; None where they were not compared.
        altered: whether the first is unlike its own manifest, too.
    """

    verdict: Verdict | None
    why: tuple[str, ...] = ()
    rows: RowsDifference | None = None
    altered: bool = False


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
    except Refused as unreadable:
        return Likeness(verdict=None, why=tuple(unreadable.problems), altered=True)
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
        raise NotComparable([f"a sample's rows are found by key: {likeness.rows.why_position}"])
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
        key=_key(subject),
        tolerance=_tolerance(subject),
        only_keys_of_b=sampled,
    )
    why = list(_columns(found, made))
    beyond = any(cells.beyond_tolerance for cells in rows.columns.values())
    if not (why or beyond or rows.added or rows.removed or rows.reordered or rows.incomparable):
        return Likeness(
            verdict="within-tolerance" if rows.columns else "reproduced-rows", rows=rows
        )
    told, digest = told_by(subject).rows_digest, found.rows_digest or _digest(subject)
    altered = told not in (None, digest)
    why += ["the table's rows are no longer those of its manifest"] if altered else []
    return Likeness(verdict=None, why=tuple(why), rows=rows, altered=altered)


def _key(subject: Subject) -> list[str] | None:
    told = subject.says("table", "key")
    known = isinstance(told, list) and all(isinstance(name, str) for name in told)
    return told if known else None


def _tolerance(subject: Subject) -> dict[str, float]:
    told = subject.says("table", "tolerance")
    pairs = told.items() if isinstance(told, dict) else ()
    return {name: value for name, value in pairs if isinstance(value, int | float)}


def _columns(found: Facts, made: Facts) -> Iterator[str]:
    """Say how the columns differ."""
    for finding in drift(found, made):
        if finding.verdict == "columns-changed":
            yield from (f"columns of the replay {line}" for line in finding.why)


def _digest(subject: Subject) -> str | None:
    return rows_of(subject.table).rows_digest
