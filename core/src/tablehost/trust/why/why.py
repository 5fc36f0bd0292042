"""Whether a table is stale, why, and how to make it anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import dropwhile
from pathlib import Path
from typing import Literal, get_args

from attrs import evolve, frozen

from tablehost.builders.builder import Builder
from tablehost.commit.output import Output
from tablehost.console.text import shown, some
from tablehost.contract.errors import ManifestError, TablehostError
from tablehost.files.digest_cache import StatCache
from tablehost.host.earlier_code import in_ledger
from tablehost.trust.evidence.archive import Archive, in_place, with_parents
from tablehost.trust.evidence.builder import builder_now, renamed
from tablehost.trust.evidence.code import surroundings_changes
from tablehost.trust.evidence.command import Script, refreshing
from tablehost.trust.evidence.inputs import InputCheck, RecordedInput, check_input, inputs_of
from tablehost.trust.evidence.subject import Subject, settled
from tablehost.trust.why import reasons
from tablehost.trust.why.reasons import Reason, ReasonKind, Weight

_KINDS = get_args(ReasonKind)
_WEIGHTS = get_args(Weight)
_WITHOUT_OVERWRITE: set[ReasonKind] = {
    "table-missing",
    "torn",
    "inputs-changed",
    "parents-rebuilt",
    "items-failed",
}
_REDONE = (
    "--redo-items makes again what other code has made; --keep-items in its place keeps that, and "
    "the table stays stale"
)


@frozen(kw_only=True)
class Refresh:
    """How to make a table anew.

    Args:
        commands: one after the other, each a list of arguments for the working directory.
        remarks: what to know before running them.
    """

    commands: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...]


@frozen(kw_only=True)
class Staleness:
    """Whether a table is stale.

    Args:
        table: its path.
        verdict: `unknown` where something that decides it is not known.
        reasons: the most important first.
        notes: what else is different, without making a table stale.
        refresh: how to make it anew; None where there is no need, or the builder is not known.
    """

    table: str
    verdict: Literal["stale", "current", "unknown"]
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    refresh: Refresh | None


@frozen(kw_only=True)
class _Step:
    """One run of those that made a table, with what is not as it was then.

    `redo` where its ledger has items of other code.
    """

    subject: Subject
    reasons: tuple[Reason, ...]
    inputs: tuple[InputCheck, ...] = ()
    notes: tuple[str, ...] = ()
    redo: bool = False

    @property
    def kinds(self) -> set[ReasonKind]:
        """Return the kinds of reasons to run it again; after that, the rest would still be so."""
        kinds = {reason.kind for reason in self.reasons if reason.weight != "cosmetic"}
        return kinds - {"inputs-not-looked-at"}


def why(tables: Sequence[Subject]) -> Iterator[Staleness]:
    """Yield of each table whether it is stale, and why."""
    archive, known = Archive(tables), dict[tuple[Path, str], tuple[Subject, Staleness]]()
    with StatCache() as digests:

        def staleness(table: Subject) -> tuple[Subject, Staleness]:
            which = (table.table.absolute(), table.manifest.digest)
            if which not in known:
                runs = _runs(table, archive)
                steps = [_step(one, archive, digests) for one in runs]
                known[which] = (table, _staleness(steps, table))
            return known[which]

        for asked in tables:
            table, own = settled(asked, staleness, lambda found: found[1].verdict == "current")
            _, *ancestors = with_parents([table], archive)
            stale = tuple(_stale(one) for one in ancestors if staleness(one)[1].verdict == "stale")
            yield evolve(own, table=str(table.table), reasons=(*own.reasons, *stale))


def _stale(ancestor: Subject) -> Reason:
    path = shown(ancestor.table)
    text = f"{path}, which it was made of, is itself stale; see `tablehost why {path}`"
    return Reason(kind="parents-stale", weight="cosmetic", text=text)


def _runs(table: Subject, archive: Archive) -> list[Subject]:
    """Return a table as every run left it that edited it in place, the oldest first."""
    found = [table]
    while True:
        edited = _edited(found[0])
        before = archive.parent(found[0], edited) if edited else None
        if before is None or before.place in [one.place for one in found]:
            return found
        found.insert(0, before)


def _edited(subject: Subject) -> RecordedInput | None:
    """Return the input that a table was written over, if there is one."""
    return next((one for one in inputs_of(subject) if in_place(subject, one)), None)


def _step(subject: Subject, archive: Archive, digests: StatCache) -> _Step:
    if subject.problem is not None:
        return _Step(subject=subject, reasons=(_not_known(subject.problem),))
    checks = [check_input(one, "stat", digests) for one in archive.inputs(subject)]
    found = [
        *reasons.table_reasons(subject, digests),
        *(one for check in checks for one in reasons.input_reasons(subject, check, archive)),
        *reasons.unseen_reasons(subject),
        *reasons.engine_reasons(subject, digests),
    ]
    notes: list[str] = []
    redo = False
    try:
        builder = builder_now(subject)
    except TablehostError as error:
        found.append(_not_known(f"{error}; so its version, defaults and code were not compared"))
    else:
        if isinstance(builder, Builder):
            subject, notes = renamed(subject, builder)
            found += reasons.default_reasons(subject, builder)
            found += reasons.version_reasons(subject, builder)
        found += reasons.row_reasons(subject, builder)
        found += reasons.code_reasons(subject, builder)
        notes += surroundings_changes(subject, builder)
        redo = _is_to_redo(subject, builder)
    return _Step(
        subject=subject,
        inputs=tuple(checks),
        reasons=tuple(found),
        notes=tuple(notes),
        redo=redo,
    )


def _is_to_redo(subject: Subject, builder: Builder | Path) -> bool:
    """Return whether a run would keep items of other code, or ask what becomes of them."""
    of_earlier_code = in_ledger(Output.at(subject.table).ledger, subject.manifest, builder)
    return any(one.keep is not False for one in of_earlier_code)


def _staleness(steps: list[_Step], table: Subject) -> Staleness:
    found = [reason for step in steps for reason in _named(step, alone=len(steps) == 1)]
    if _edited(steps[0].subject):
        found.append(_not_known("what the table was before it was edited in place is not known"))
    found.sort(key=lambda one: (_WEIGHTS.index(one.weight), _KINDS.index(one.kind)))
    return Staleness(
        table=str(table.table),
        verdict=_verdict({reason.weight for reason in found}),
        reasons=tuple(dict.fromkeys(found)),
        notes=tuple(dict.fromkeys(note for step in steps for note in step.notes)),
        refresh=_refresh(steps),
    )


def _verdict(weights: set[Weight]) -> Literal["stale", "current", "unknown"]:
    if "stale" in weights:
        return "stale"
    return "unknown" if "unknown" in weights else "current"


def _named(step: _Step, *, alone: bool) -> Iterator[Reason]:
    """Yield a run's reasons, with its builder in front where there were several runs."""
    for one in step.reasons:
        named = f"{step.subject.manifest.builder}: {one.text}"
        yield one if alone else evolve(one, text=named)


def _refresh(steps: list[_Step]) -> Refresh | None:
    """Return the commands of the first run that has a reason, and of all after it."""
    again = list(dropwhile(lambda step: not step.kinds, steps))
    missing = [str(one.input) for step in again for one in step.inputs if one.status == "missing"]
    if missing:
        return Refresh(commands=(), remarks=(f"to refresh it, first restore {some(missing)}",))
    try:
        scripts = [_script(step) for step in again]
    except ManifestError:
        return None
    said = dict.fromkeys(remark for one in scripts for remark in one.remarks)
    commands = tuple(one.command for one in scripts)
    return Refresh(commands=commands, remarks=tuple(said)) if commands else None


def _script(step: _Step) -> Script:
    """Return the command of one run, with `--overwrite` where the recipe is another one now."""
    inputs = (one.input for one in step.inputs)
    moved = {one.former: one.path for one in inputs if one.former}
    found = refreshing(evolve(step.subject, moved=moved))
    remarks, command = found.remarks, found.command
    if step.kinds - _WITHOUT_OVERWRITE and "--overwrite" not in command:
        command = (*command, "--overwrite")
    if step.redo and "--fresh" not in command:
        command, remarks = (*command, "--redo-items"), (*remarks, _REDONE)
    return Script(command=command, remarks=remarks)


def _not_known(text: str) -> Reason:
    return Reason(kind="unverifiable", weight="unknown", text=text)
