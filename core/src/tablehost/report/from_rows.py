"""What takes the rows of a table: its label and its groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from tablehost.console.text import shown, some
from tablehost.contract.errors import TablehostError, UsageError
from tablehost.manifest.read import dig
from tablehost.report.balance import Balance, balance_of
from tablehost.report.columns import Columns
from tablehost.report.facts import Facts
from tablehost.report.label import Label, label_of
from tablehost.trust.evidence.subject import Subject


@frozen(kw_only=True)
class FromRows:
    """What the rows of a table show.

    Args:
        label: None where there is none, or it has no numbers.
        balance: of the groups; None where there are none.
        problem: why the rows cannot be read.
    """

    label: Label | None = None
    balance: Balance | None = None
    problem: str = ""


def from_rows(
    table: Subject,
    columns: Columns,
    facts: Mapping[str, Facts],
    label: str | None,
    group: str | None,
) -> FromRows:
    """Return what the rows of a table show.

    Args:
        table: which one.
        columns: that are compared with the label.
        facts: what is known of each column.
        label: the column that was asked for; None for the one that the builder names.
        group: likewise.

    Raises:
        UsageError: what was asked for is not there, or the label has no numbers.
    """
    view = dig(table.manifest.table, "view")
    of_label = _column(table, facts, label, dig(view, "label"))
    of_group = _column(table, facts, group, dig(view, "group"))
    if label is not None and facts[label].shape is None:
        msg = f"the column {label!r} of {shown(table.table)} has no numbers; give another --label"
        raise UsageError(msg)
    if not (of_label or of_group) or not table.table.is_file():
        return FromRows()
    try:
        return _read(table, columns, facts[of_label] if of_label else None, of_group)
    except TablehostError as error:
        return FromRows(problem=f"Label and balance are left out: {error}")


def _read(table: Subject, columns: Columns, label: Facts | None, group: str | None) -> FromRows:
    from tablehost.report.values import values_of  # pyarrow

    found = FromRows()
    with values_of(table.table) as values:
        if label is not None:
            numbers = [one.name for one in columns.shown if one.histogram is not None]
            found = evolve(found, label=label_of(label, values, numbers))
        if group is not None:
            of_label = found.label.name if found.label else None
            found = evolve(found, balance=balance_of(group, of_label, values))
    return found


def _column(
    table: Subject, facts: Mapping[str, Facts], asked: str | None, named: Any
) -> str | None:
    """Return the column that was asked for, else the one that the builder names."""
    if asked is not None and asked not in facts:
        msg = f"{shown(table.table)} has no column {asked!r}; it has {some(list(facts))}"
        raise UsageError(msg)
    wanted = asked if asked is not None else named
    return wanted if isinstance(wanted, str) and wanted in facts else None
