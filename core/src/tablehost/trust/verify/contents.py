"""A table beside its manifest: the bytes, and the rows where bytes are not enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from tablehost.console.text import some
from tablehost.contract.errors import TablehostError
from tablehost.files.digests import file_digest
from tablehost.trust.evidence.rows import RowFacts, footer_of, recorded_rows, rows_of
from tablehost.trust.evidence.subject import Subject
from tablehost.trust.verify.columns import drift
from tablehost.trust.verify.findings import Finding, unverifiable
from tablehost.trust.verify.owner import owner

Depth = Literal["fast", "bytes", "full"]
"""Look at size, rows and schema; read the bytes, and where they differ the rows; read both."""


def compare_contents(subject: Subject, depth: Depth) -> Iterator[Finding]:
    """Find what of a table is not as its manifest records."""
    if not subject.table.is_file():
        yield unverifiable("the table is not there")
        return
    recorded = recorded_rows(subject.manifest)
    try:
        if depth == "fast":
            yield from _footer(subject, recorded)
        else:
            yield from _bytes(subject, recorded, full=depth == "full")
    except OSError as error:
        yield unverifiable(f"the table cannot be read: {error.strerror}")


def _footer(subject: Subject, recorded: RowFacts) -> Iterator[Finding]:
    size, seen = subject.manifest.bytes, subject.table.stat().st_size
    try:
        found = footer_of(subject.table)
    except TablehostError as error:
        yield unverifiable(str(error))
        return
    changes = drift(recorded, found).findings
    yield from _changed(subject, changes, recorded, found)
    if size is None or recorded.rows is None or recorded.columns is None:
        yield unverifiable("the manifest does not record size, rows and columns of the table")
    elif size != seen and not changes:
        why = f"{seen} bytes, in the manifest {size}; verify without --fast to compare the rows"
        yield unverifiable(why)


def _bytes(subject: Subject, recorded: RowFacts, *, full: bool) -> Iterator[Finding]:
    sha256 = subject.manifest.sha256
    same = file_digest(subject.table).sha256 == sha256
    if same and not full:
        return
    try:
        found = rows_of(subject.table)
    except TablehostError as error:
        both = "its bytes are not those of the manifest, and " if sha256 and not same else ""
        yield unverifiable(f"{both}{error}")
        return
    changes = drift(recorded, found)
    if same:
        yield from _edited([*(why for one in changes.findings for why in one.why), *changes.false])
        return
    yield from _changed(subject, changes.findings, recorded, found)
    yield from _edited(changes.false)
    if sha256 is None:
        yield unverifiable("the manifest has no sha256 of the table")
    elif not recorded.digested:
        yield unverifiable("its bytes changed, and the manifest has no digests of its columns")
    elif not changes.findings:
        yield Finding(verdict="rewritten", why=("other bytes, the same rows",))


def _changed(
    subject: Subject, findings: Sequence[Finding], recorded: RowFacts, found: RowFacts
) -> Iterator[Finding]:
    yield from findings
    if {one.verdict for one in findings} & {"rows-changed", "columns-changed"}:
        whose = owner(subject, recorded, found)
        if whose is not None:
            yield Finding(verdict="not-its-manifest", why=(whose,))


def _edited(false: Sequence[str]) -> Iterator[Finding]:
    if false:
        why = f"the manifest was edited; its values contradict each other: {some(false)}"
        yield Finding(verdict="not-its-manifest", why=(why,), which={"edited": list(false)})
