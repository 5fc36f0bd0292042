"""Verify that a table still belongs to its manifest, and classify the drift if not.

Bytes that are as the manifest records are proof enough; where they are not, the rows are read, as
the same rows may have been written again. A missing fact makes a table `unverifiable`, never
intact. With the depth `fast` a table is called intact by its footer, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from attrs import frozen

from tablehost.commit.output import Output
from tablehost.files.digest_cache import StatCache
from tablehost.trust.evidence.archive import Archive, recorded_parents
from tablehost.trust.evidence.inputs import (
    InputCheck,
    InputDepth,
    RecordedInput,
    check_input,
    observed_by,
)
from tablehost.trust.evidence.subject import Subject, settled
from tablehost.trust.verify.contents import Depth, compare_contents
from tablehost.trust.verify.findings import Finding, Verdict, unverifiable
from tablehost.trust.verify.torn import torn

_INPUT_VERDICTS: dict[Verdict, set[str]] = {
    "inputs-changed": {"changed"},
    "unverifiable": {"missing", "unverifiable"},
}


@frozen(kw_only=True)
class Question:
    """What to verify.

    Args:
        depth: how thoroughly to look at the table.
        inputs: how thoroughly to look at its inputs; None for not at all.
        parents: look at least at those inputs that are tables with a manifest.
    """

    depth: Depth = "bytes"
    inputs: InputDepth | None = None
    parents: bool = False


@frozen(kw_only=True)
class Verified:
    """What became of a table.

    Args:
        table: where it is, or should be.
        manifest: where its manifest is; None where there is none.
        verdict: that of the most severe finding; `intact` without any.
        depth: how thoroughly it was looked at.
        findings: everything that is not as the manifest records, the most severe first.
        notes: which inputs were found elsewhere than they were.
    """

    table: Path
    manifest: Path | None
    verdict: Verdict
    depth: Depth
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def verify(subject: Subject, question: Question, cache: StatCache, archive: Archive) -> Verified:
    """Check whether a table still belongs to its manifest.

    A run that lands a new pair meanwhile is not drift: the new pair is looked at instead.
    """
    return settled(
        subject,
        lambda one: _verified(one, question, cache, archive),
        lambda answer: answer.verdict == "intact",
    )


def _verified(subject: Subject, question: Question, cache: StatCache, archive: Archive) -> Verified:
    asked = _asked(subject, question, archive)
    found = _findings(subject, question, asked, cache)
    findings = sorted(found, key=lambda one: get_args(Verdict).index(one.verdict))
    return Verified(
        table=subject.table,
        manifest=subject.place,
        verdict=findings[0].verdict if findings else "intact",
        depth=question.depth,
        findings=tuple(findings),
        notes=tuple(one.move for one in asked if one.move),
    )


def _asked(subject: Subject, question: Question, archive: Archive) -> list[RecordedInput]:
    if question.inputs is not None:
        return archive.inputs(subject)
    return recorded_parents(subject, archive) if question.parents else []


def _findings(
    subject: Subject, question: Question, asked: list[RecordedInput], cache: StatCache
) -> Iterator[Finding]:
    if subject.torn is not None:
        yield torn(Output.at(subject.table, subject.place), subject.torn)
    elif subject.place is None:
        yield Finding(verdict="no-manifest", why=(str(subject.problem),))
    elif subject.problem is not None:
        yield unverifiable(subject.problem)
    else:
        yield from compare_contents(subject, question.depth)
        if question.inputs is not None and subject.manifest.inputs is None:
            yield unverifiable("the manifest names no inputs")
        for observed in observed_by(subject) if question.inputs is not None else ():
            yield unverifiable(f"{observed}, and is not looked at")
        yield from _compare_inputs(
            [check_input(one, question.inputs or "stat", cache) for one in asked]
        )


def _compare_inputs(checks: list[InputCheck]) -> Iterator[Finding]:
    for verdict, statuses in _INPUT_VERDICTS.items():
        found = [one for one in checks if one.status in statuses]
        if found:
            which = {"inputs": [_which(one) for one in found]}
            yield Finding(verdict=verdict, why=tuple(map(str, found)), which=which)


def _which(check: InputCheck) -> dict[str, object]:
    """Return an input as JSON has it."""
    return {
        "option": check.input.option,
        "label": check.input.label,
        "path": str(check.input.path),
        "verdict": check.status,
        "changed": check.changed,
        "added": check.added,
        "removed": check.removed,
        "why": check.why,
    }
