"""What differs between two tables: their manifests, and their rows where both are there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Literal

from attrs import frozen
from pyarrow.parquet import ParquetFile

from tablehost.console.text import shown
from tablehost.table.read import opened
from tablehost.trust.diff.inputs import InputChange, input_changes
from tablehost.trust.diff.manifests import (
    Change,
    StatisticsChange,
    between,
    code_changes,
    option_changes,
    statistics_changes,
    table_changes,
)
from tablehost.trust.diff.rows import RowsDifference, compare_rows
from tablehost.trust.evidence.rows import ColumnFacts, RowFacts, footer_facts, recorded_rows
from tablehost.trust.evidence.subject import Subject


@frozen(kw_only=True)
class Difference:
    """How two tables differ.

    Args:
        verdict: `unverifiable` where no difference is known, but neither rows nor their digests
            could be compared.
        a: the first table.
        b: the second.
        table: changes of the table as a whole.
        options: changes of the options that decide it.
        inputs: changes of the inputs' content.
        code: changes of plugin, host, packages, tools and machine.
        columns: columns added, removed, retyped or in another order.
        statistics: of columns that both have, as the manifests record them.
        values: columns with other values, by the digests in the manifests.
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
    statistics: tuple[StatisticsChange, ...]
    values: tuple[str, ...]
    rows: RowsDifference | None
    unknown: tuple[str, ...]


def diff(a: Subject, b: Subject) -> Difference:
    """Compare two tables.

    Raises:
        Refused: a table cannot be read as Parquet.
        BadRows: its rows are damaged.
    """
    recorded = recorded_rows(a.manifest), recorded_rows(b.manifest)
    with ExitStack() as stack:
        first, second = (_opened(one, stack) for one in (a, b))
        columns = [
            (footer_facts(file) if file else facts).columns
            for file, facts in zip((first, second), recorded, strict=True)
        ]
        rows = None
        if first and second:
            key = a.manifest.key or b.manifest.key
            rows = compare_rows(first, second, key=key, tolerance=a.manifest.tolerance)
    sections: dict[str, Any] = {
        "table": tuple(table_changes(a, b)),
        "options": tuple(option_changes(a, b)),
        "inputs": tuple(input_changes(a, b)),
        "code": tuple(code_changes(a, b)),
        "columns": tuple(_column_changes(*map(_types, columns))),
        "statistics": tuple(statistics_changes(recorded[0].columns, recorded[1].columns)),
        "values": tuple(_other_values(*recorded)),
    }
    verdict: Literal["same", "different", "unverifiable"] = "same"
    if any(sections.values()) or (rows and not rows.same):
        verdict = "different"
    elif rows is None and not all(one.digested for one in recorded):
        verdict = "unverifiable"
    return Difference(
        verdict=verdict,
        a=str(a.table),
        b=str(b.table),
        rows=rows,
        unknown=tuple(dict.fromkeys(_unknown(a, b))),
        **sections,
    )


def _opened(one: Subject, stack: ExitStack) -> ParquetFile | None:
    """Open the table; None where it is gone."""
    if not one.table.is_file():
        return None
    return stack.enter_context(opened(one.table, shown(one.table)))


def _types(columns: tuple[ColumnFacts, ...] | None) -> dict[str, str] | None:
    return None if columns is None else {each["name"]: str(each.get("type")) for each in columns}


def _column_changes(a: dict[str, str] | None, b: dict[str, str] | None) -> Iterator[Change]:
    if a is None or b is None:
        return
    yield from between(a, b)
    orders = [name for name in a if name in b], [name for name in b if name in a]
    if orders[0] != orders[1]:
        yield Change(what="their order", kind="changed", a=orders[0], b=orders[1])


def _other_values(a: RowFacts, b: RowFacts) -> Iterator[str]:
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
            why = f"; {one.torn.cut_off.outlook}" if one.torn.cut_off else f": {one.torn.why}"
            yield f"the commit on {one.table} did not finish{why}"
        if not one.table.is_file():
            yield f"the rows one by one: {one.table} is not there"
    if a.problem or b.problem:
        return
    for one in (a, b):
        facts = {
            "the options": one.manifest.args,
            "the inputs": one.manifest.inputs,
            "the code": one.manifest.code,
            "the statistics": one.manifest.columns,
        }
        for what, value in facts.items():
            if value is None:
                yield f"{what}: not recorded in {one.place}"
