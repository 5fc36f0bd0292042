"""A table beside its manifest: the bytes, and the rows where bytes are not enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from tablehost.console.text import some
from tablehost.contract.errors import TablehostError
from tablehost.files.digests import file_digest
from tablehost.trust.evidence.rows import Facts, footer_of, rows_of, told_by
from tablehost.trust.evidence.subject import Subject
from tablehost.trust.verify.columns import drift, false_statements
from tablehost.trust.verify.findings import Finding, unverifiable
from tablehost.trust.verify.owner import owner

Depth = Literal["fast", "bytes", "full"]
"""Look at size, rows and schema; read the bytes, and where they differ the rows; read both."""


def compare_contents(subject: Subject, depth: Depth) -> Iterator[Finding]:
    """Find what of a table is not as its manifest says.

    Args:
        subject: the table, with a manifest.
        depth: how hard to look.
    """
    if not subject.table.is_file():
        yield unverifiable("the table is not there")
        return
    try:
        yield from _footer(subject) if depth == "fast" else _bytes(subject, full=depth == "full")
    except OSError as error:
        yield unverifiable(f"the table cannot be read: {error.strerror}")


def _footer(subject: Subject) -> Iterator[Finding]:
    size, told = subject.says("table", "bytes"), told_by(subject)
    seen = subject.table.stat().st_size
    try:
        found = footer_of(subject.table)
    except TablehostError as error:
        yield unverifiable(str(error))
        return
    yield from _rows(subject, told, found)
    if size is None or told.rows is None or told.columns is None:
        yield unverifiable("the manifest does not tell size, rows and columns of the table")
    elif size != seen and not drift(told, found):
        why = f"{seen} bytes, in the manifest {size}; without --fast its rows are read, to tell"
        yield unverifiable(why)


def _bytes(subject: Subject, *, full: bool) -> Iterator[Finding]:
    sha256, told = subject.sha256, told_by(subject)
    same = file_digest(subject.table).sha256 == sha256
    if same and not full:
        return
    try:
        found = rows_of(subject.table)
    except TablehostError as error:
        both = "its bytes are not those of the manifest, and " if sha256 and not same else ""
        yield unverifiable(f"{both}{error}")
        return
    if same:
        said = [why for one in drift(told, found) for why in one.why]
        yield from _edited([*said, *false_statements(told, found)])
        return
    yield from _rows(subject, told, found)
    yield from _edited(false_statements(told, found))
    if sha256 is None:
        yield unverifiable("the manifest has no sha256 of the table")
    elif not told.digested:
        yield unverifiable("its bytes changed, and the manifest has no digests of its columns")
    elif not drift(told, found):
        yield Finding(verdict="rewritten", why=("other bytes, the same rows",))


def _rows(subject: Subject, told: Facts, found: Facts) -> Iterator[Finding]:
    differences = drift(told, found)
    yield from differences
    if {one.verdict for one in differences} & {"rows-changed", "columns-changed"}:
        whose = owner(subject, told, found)
        if whose is not None:
            yield Finding(verdict="not-its-manifest", why=(whose,))


def _edited(false: Sequence[str]) -> Iterator[Finding]:
    if false:
        why = f"the manifest was edited; this cannot be: {some(false)}"
        yield Finding(verdict="not-its-manifest", why=(why,), which={"edited": list(false)})
