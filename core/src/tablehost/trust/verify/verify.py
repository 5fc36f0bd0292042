"""Does this table still belong to its manifest, and if not: what kind of drift is it?

Bytes that are as the manifest says are proof enough; where they are not, the rows are read, since
the same rows may have been written again. Nothing is called intact for want of facts: what cannot
be told is `unverifiable`. What the footer alone tells is called intact too, and beside it stands
that the depth was `fast`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from tablehost.files.digest_cache import StatCache
from tablehost.trust.evidence import inputs
from tablehost.trust.evidence.archive import Archive, parents
from tablehost.trust.evidence.inputs import Recorded
from tablehost.trust.evidence.subject import Subject, looked_up_again
from tablehost.trust.verify.contents import Depth, compare_contents
from tablehost.trust.verify.findings import Finding, Verdict, unverifiable
from tablehost.trust.verify.torn import torn


@frozen(kw_only=True)
class Question:
    """What is to be looked at.

    Args:
        depth: how hard to look at the table.
        inputs: how hard to look at its inputs; None for not at all.
        parents: look at least at those inputs that are tables with a manifest.
    """

    depth: Depth = "bytes"
    inputs: inputs.Depth | None = None
    parents: bool = False


@frozen(kw_only=True)
class Verified:
    """What became of a table.

    Args:
        table: where it is, or should be.
        manifest: where its manifest is; None where there is none.
        verdict: that of the most severe finding; `intact` without any.
        depth: how hard was looked at it.
        findings: everything that is not as the manifest says, the most severe first.
        notes: which inputs were found elsewhere than they were.
    """

    table: Path
    manifest: Path | None
    verdict: Verdict
    depth: Depth
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def verify(subject: Subject, question: Question, cache: StatCache, archive: Archive) -> Verified:
    """Tell whether a table still belongs to its manifest.

    A run that lands a new pair meanwhile is no drift: whatever was found is looked for again, until
    the manifest is still the one that it was held against.

    Args:
        subject: the table.
        question: what to look at.
        cache: digests of input files that did not change.
        archive: finds inputs that are not at their place.
    """
    while True:
        asked = _asked(subject, question, archive)
        found = _findings(subject, question, asked, cache)
        findings = sorted(found, key=lambda one: one.severity)
        now = looked_up_again(subject) if findings else subject
        if now == subject:
            break
        subject = now
    return Verified(
        table=subject.table,
        manifest=subject.place,
        verdict=findings[0].verdict if findings else "intact",
        depth=question.depth,
        findings=tuple(findings),
        notes=tuple(one.move for one in asked if one.move),
    )


def _asked(subject: Subject, question: Question, archive: Archive) -> list[Recorded]:
    if question.inputs is not None:
        return archive.inputs(subject)
    return parents(subject, archive) if question.parents else []


def _findings(
    subject: Subject, question: Question, asked: list[Recorded], cache: StatCache
) -> Iterator[Finding]:
    if subject.torn is not None:
        yield torn(subject.table, subject.torn)
    elif subject.place is None:
        yield Finding(verdict="no-manifest", why=(str(subject.problem),))
    elif subject.manifest is None:
        yield unverifiable(str(subject.problem))
    else:
        yield from compare_contents(subject, question.depth)
        if question.inputs is not None and not isinstance(subject.provenance("inputs"), dict):
            yield unverifiable("the manifest names no inputs")
        yield from _compare_inputs(
            [inputs.compare(one, question.inputs or "stat", cache) for one in asked]
        )


def _compare_inputs(states: list[inputs.State]) -> Iterator[Finding]:
    changed = [one for one in states if one.verdict == "changed"]
    if changed:
        yield Finding(
            verdict="inputs-changed",
            why=tuple(map(str, changed)),
            which={"inputs": [_which(one) for one in changed]},
        )
    unknown = [one for one in states if one.verdict in {"missing", "unverifiable"}]
    if unknown:
        yield Finding(
            verdict="unverifiable",
            why=tuple(map(str, unknown)),
            which={"inputs": [_which(one) for one in unknown]},
        )


def _which(state: inputs.State) -> dict[str, object]:
    """Return what a program needs to know of an input."""
    return {
        "option": state.input.option,
        "label": state.input.label,
        "path": str(state.input.path),
        "verdict": state.verdict,
        "changed": state.changed,
        "added": state.added,
        "removed": state.removed,
        "why": state.why,
    }
