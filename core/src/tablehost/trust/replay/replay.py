"""Make a table again, elsewhere and from its manifest alone, and compare.

The verdict comes about in this order:

1. The inputs are looked at. Where one changed the answer is `inputs-changed` and nothing is built;
   where one is missing, or anything else that a run takes, it is `cannot`. A table whose rows are
   no longer those of its manifest `differs`, whatever else is found: a sample may not hold them.
2. The table is built by the builder as it is installed now, from nothing: the ledger of the first
   run is neither used nor touched.
3. What came is compared with the table, or where that is gone with what the manifest tells of it:
   `reproduced-bytes`, `reproduced-rows`, or `within-tolerance` of what the builder declared.
4. Where it is another table, the likely cause is named: `inputs-changed` where the builder read
   what it had not read then, such as a new file of a folder; `code-changed` where it has other code
   (not only another layout); `environment-changed` where a tool, a package, this host, Python or
   the machine is another. Where nothing of that changed it `differs`: the builder does not make the
   same table twice.

What changed is told with every verdict: it is news even where the table is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from attrs import Factory, evolve, frozen

from tablehost.commit.output import Output
from tablehost.console.reporter import Reporter
from tablehost.contract.build import Items
from tablehost.contract.errors import Interrupted, Refused, TablehostError, UsageError
from tablehost.host.interrupts import Interrupts
from tablehost.items.sample import Sample, caught
from tablehost.trust.diff.rows import RowsDifference
from tablehost.trust.evidence.subject import Subject
from tablehost.trust.evidence.subject import subject as made
from tablehost.trust.replay import likeness
from tablehost.trust.replay.causes import causes_after, causes_before
from tablehost.trust.replay.likeness import Likeness, compare_sample, compare_table, drift_of
from tablehost.trust.replay.obstacles import check, input_states
from tablehost.trust.replay.remake import NotRemade, place, remake
from tablehost.trust.replay.restore import restore

Verdict = Literal[
    "reproduced-bytes",
    "reproduced-rows",
    "within-tolerance",
    "differs",
    "inputs-changed",
    "code-changed",
    "environment-changed",
    "cannot",
]


@frozen(kw_only=True)
class Asked:
    """How a replay is wanted.

    Args:
        moved: folders or files that lie elsewhere now, by where they lay.
        into: the folder that keeps the table; None to leave nothing.
        workers: processes to use; as many as there are cores unless given.
        sample: how many items of every map to do; None for all.
        seed: what they are drawn by.
    """

    moved: Mapping[Path, Path] = Factory(dict)
    into: Path | None = None
    workers: int | None = None
    sample: int | None = None
    seed: int = 0


@frozen(kw_only=True)
class Sampled:
    """What a sample proves.

    Args:
        items: how many were drawn.
        of: how many there are.
        seed: what they were drawn by.
        share: were this share of the items bad, or a larger one, the sample would have held one of
            them with 95 % probability or more.
    """

    items: int
    of: int
    seed: int
    share: float


@frozen(kw_only=True)
class Answer:
    """What came of a replay.

    Args:
        table: which.
        verdict: see the module.
        why: what decided it, one sentence each.
        remarks: what is to be known beside it: of code, environment and inputs.
        rows: the rows that differ; None where they were not compared.
        sample: what a sample proves; None where all was made again.
        kept: the table that was made, if it was to be kept.
    """

    table: str
    verdict: Verdict
    why: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    rows: RowsDifference | None = None
    sample: Sampled | None = None
    kept: str | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 where the table was reproduced, else 1."""
        return 0 if self.verdict in get_args(likeness.Verdict) else 1


def replay(subject: Subject, asked: Asked, reporter: Reporter) -> Answer:
    """Make a table again and compare.

    Args:
        subject: the table.
        asked: how.
        reporter: what tells how it goes.

    Raises:
        UsageError: what is asked for is impossible.
        Interrupted: by a signal; nothing is left of it.
    """
    if asked.sample is not None and asked.into is not None:
        msg = "--into keeps a table, and a sample is none; give --sample or --into"
        raise UsageError(msg)
    try:
        with Interrupts().listening(), place(subject.table.name, asked.into) as output:
            return _replay(subject, asked, output, reporter)
    except (Interrupted, UsageError):
        raise
    except (TablehostError, OSError) as error:
        why = error.problems if isinstance(error, TablehostError) else [str(error)]
        return Answer(table=str(subject.table), verdict="cannot", why=tuple(why))


def _replay(subject: Subject, asked: Asked, output: Output, reporter: Reporter) -> Answer:
    check(subject, sampled=asked.sample is not None)
    states = input_states(subject, asked.moved)
    changed = [str(state) for state in states if state.verdict == "changed"]
    if changed:
        return Answer(table=str(subject.table), verdict="inputs-changed", why=tuple(changed))
    restored, sample = restore(subject, asked.moved), _sample(subject, asked)
    drift, causes = drift_of(subject), causes_before(subject, restored.builder)
    try:
        items = remake(restored, output, reporter, workers=asked.workers, sample=sample)
    except NotRemade as error:
        raise Refused([*error.problems, *causes.told]) from error
    remade = made(output.table)
    causes = causes_after(causes, subject, remade, sampled=sample is not None)
    found = _with_failures(_compare(subject, remade, sample), subject, items)
    likeliest = found.verdict or causes.likeliest or "differs"
    unclear = (str(one) for one in states if one.verdict != "same")
    return Answer(
        table=str(subject.table),
        verdict="differs" if drift.against else likeliest,
        why=(*drift.against, *found.why),
        remarks=(*unclear, *drift.beside, *causes.told),
        rows=found.rows,
        sample=_proof(sample),
        kept=str(output.table) if asked.into else None,
    )


def _sample(subject: Subject, asked: Asked) -> Sample | None:
    if asked.sample is None:
        return None
    return Sample(asked.sample, asked.seed, leave_out=_failed_before(subject))


def _failed_before(subject: Subject) -> set[str]:
    """Return the keys of the items that failed when the table was made."""
    return {str(one.get("key")) for one in subject.failures}


def _compare(subject: Subject, remade: Subject, sample: Sample | None) -> Likeness:
    if sample is None:
        return compare_table(subject, remade)
    if not sample.drawn:
        raise Refused(["it has no item that could be drawn"])
    return compare_sample(subject, remade)


def _with_failures(found: Likeness, subject: Subject, items: Items) -> Likeness:
    """Call tables unlike where items failed that had not."""
    before = _failed_before(subject)
    failed = [one for one in items.failures if one.key not in before]
    if not failed:
        return found
    told = [f"{one.key} failed this time: {one.reason}: {one.detail}" for one in failed]
    return evolve(found, verdict=None, why=(*told, *found.why))


def _proof(sample: Sample | None) -> Sampled | None:
    if sample is None:
        return None
    return Sampled(
        items=sample.drawn,
        of=sample.of,
        seed=sample.seed,
        share=caught(sample.drawn, sample.of),
    )
