"""What differs between two tables: their manifests, and their rows where both are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from attrs import frozen

from tablehost.trust.diff.inputs import InputChange, input_changes
from tablehost.trust.diff.manifests import (
    Change,
    between,
    code_changes,
    option_changes,
    statistics_changes,
    table_changes,
)
from tablehost.trust.diff.rows import RowsDifference, compare_rows
from tablehost.trust.evidence.rows import Facts, footer_of, told_by
from tablehost.trust.evidence.subject import Subject

_TOLD = {
    "the options": ("run_provenance", "args"),
    "the inputs": ("run_provenance", "inputs"),
    "the code": ("run_provenance", "code"),
    "the statistics": ("table", "columns"),
}


@frozen(kw_only=True)
class Difference:
    """How two tables differ.

    Args:
        verdict: `unverifiable` where nothing differs that is known, but neither rows nor their
            digests could be compared.
        a: the first table.
        b: the second.
        table: changes of the table as a whole.
        options: changes of the options that decide it.
        inputs: changes of the inputs' content.
        code: changes of plugin, host, packages, tools and machine.
        columns: columns added, removed, retyped or in another order.
        statistics: of columns that both have, as the manifests tell them.
        values: columns with other values, as the manifests' digests tell.
        rows: the rows that differ; None where not both tables are there.
        unknown: what could not be compared, and why.
    """

    verdict: Literal["same", "different", "unverifiable"]
    a: str
    b: str
    table: tuple[Change, ...]
    options: tuple[Change, ...]
    inputs: tuple[InputChange, ...]
    code: tuple[Change, ...]
    columns: tuple[Change, ...]
    statistics: tuple[Change, ...]
    values: tuple[str, ...]
    rows: RowsDifference | None
    unknown: tuple[str, ...]


def diff(a: Subject, b: Subject) -> Difference:
    """Compare two tables.

    Args:
        a: the first.
        b: the second.

    Raises:
        Refused: a table cannot be read as Parquet.
    """
    told = told_by(a), told_by(b)
    sections: dict[str, Any] = {
        "table": tuple(table_changes(a, b)),
        "options": tuple(option_changes(a, b)),
        "inputs": tuple(input_changes(a, b)),
        "code": tuple(code_changes(a, b)),
        "columns": tuple(_column_changes(_types(a, told[0]), _types(b, told[1]))),
        "statistics": tuple(statistics_changes(told[0].columns, told[1].columns)),
        "values": tuple(_other_values(*told)),
    }
    rows = _rows(a, b) if a.table.is_file() and b.table.is_file() else None
    verdict: Literal["same", "different", "unverifiable"] = "same"
    if any(sections.values()) or (rows and not rows.same):
        verdict = "different"
    elif rows is None and not all(one.digested for one in told):
        verdict = "unverifiable"
    return Difference(
        verdict=verdict,
        a=str(a.table),
        b=str(b.table),
        rows=rows,
        unknown=tuple(dict.fromkeys(_unknown(a, b))),
        **sections,
    )


def _rows(a: Subject, b: Subject) -> RowsDifference:
    return compare_rows(a.table, b.table, key=a.key or b.key, tolerance=a.tolerance)


def _types(one: Subject, told: Facts) -> dict[str, str] | None:
    """Return the type of every column, of the table itself where it is there."""
    columns = footer_of(one.table).columns if one.table.is_file() else told.columns
    return None if columns is None else {each["name"]: str(each.get("type")) for each in columns}


def _column_changes(a: dict[str, str] | None, b: dict[str, str] | None) -> Iterator[Change]:
    if a is None or b is None:
        return
    yield from between(a, b)
    orders = [name for name in a if name in b], [name for name in b if name in a]
    if orders[0] != orders[1]:
        yield Change(what="their order", kind="changed", a=orders[0], b=orders[1])


def _other_values(a: Facts, b: Facts) -> Iterator[str]:
    theirs = {one["name"]: one for one in b.columns or ()}
    for one in a.columns or ():
        other = theirs.get(one["name"], {})
        digests = [one.get("digest"), other.get("digest")]
        retyped = one.get("type") != other.get("type")
        if None not in digests and digests[0] != digests[1] and not retyped:
            yield one["name"]


def _unknown(a: Subject, b: Subject) -> Iterator[str]:
    """Say what could not be compared, and why."""
    for one in (a, b):
        if one.problem:
            yield f"the manifests: {one.problem}"
        if one.torn:
            yield f"the commit on {one.table} did not finish; the next run on it finishes it"
        if not one.table.is_file():
            yield f"the rows one by one: {one.table} is not there"
    if a.problem or b.problem:
        return
    for what, names in _TOLD.items():
        for one in (a, b):
            if one.says(*names) is None:
                yield f"{what}: {one.place} does not tell"
