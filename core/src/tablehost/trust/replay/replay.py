"""Make a table again, elsewhere and from its manifest alone, and compare.

The outcome is decided in this order:

1. The inputs are checked. Where one changed the outcome is `inputs-changed` and nothing is built;
   where one is missing, or anything else that the run needs, it is `cannot`. A table whose rows are
   no longer those of its manifest always `differs`: a sample may not contain them.
2. What only the manifest names, the file of a builder or a tool by path, is run if it is trusted;
   where it is not the recorded one, nothing is built: `code-changed` or `environment-changed`.
3. The table is built by the builder as it is installed now, from nothing: the ledger of the first
   run is neither used nor touched.
4. The result is compared with the table, or where that is gone with its manifest:
   `reproduced-bytes`, `reproduced-rows`, or `within-tolerance` of what the builder declared.
5. Where it differs, the likely cause is named: `inputs-changed` where the builder read what it had
   not read then, such as a new file of a folder; `code-changed` where it has other code (not only
   another layout); `environment-changed` where a tool, a package, this host, Python or the machine
   is another. Where none of that changed it `differs`: the builder is not deterministic.

What changed is reported with every outcome, even where the table is the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from attrs import evolve, frozen

from tablehost.commit.output import Output
from tablehost.console.reporter import Reporter
from tablehost.contract.build import Items
from tablehost.contract.errors import Interrupted, Refused, TablehostError, UsageError
from tablehost.host.interrupts import Interrupts
from tablehost.items.sample import Sample, caught
from tablehost.trust.diff.rows import RowsDifference
from tablehost.trust.evidence.inputs import InputCheck
from tablehost.trust.evidence.subject import Subject
from tablehost.trust.evidence.subject import subject as made
from tablehost.trust.replay.causes import causes_after, causes_before
from tablehost.trust.replay.likeness import (
    Likeness,
    Original,
    Reproduced,
    compare_sample,
    compare_table,
    original_of,
)
from tablehost.trust.replay.obstacles import check_inputs, check_replayable
from tablehost.trust.replay.remake import NotRemade, place, remake
from tablehost.trust.replay.restore import restore
from tablehost.trust.replay.trusted import OtherCode

ReplayOutcome = Literal[
    Reproduced, "differs", "inputs-changed", "code-changed", "environment-changed", "cannot"
]


@frozen(kw_only=True)
class Asked:
    """How to replay.

    Args:
        into: the folder that keeps the table; None to leave nothing.
        workers: processes to use; None for as many as there are cores.
        sample: how many items of every map to do; None for all.
        seed: of the random sample.
        trust: whether to run what only the manifest names.
    """

    into: Path | None = None
    workers: int | None = None
    sample: int | None = None
    seed: int = 0
    trust: bool = False


@frozen(kw_only=True)
class Sampled:
    """What a sample proves.

    Args:
        items: how many were drawn.
        of: how many there are.
        seed: of the random sample.
        share: the least share of bad items that a sample of this size catches with 95 %
            probability.
    """

    items: int
    of: int
    seed: int
    share: float


@frozen(kw_only=True)
class Replayed:
    """The result of a replay.

    Args:
        table: which.
        verdict: the outcome; see the module.
        why: what decided it, one sentence each.
        remarks: what else is to be known of code, environment and inputs.
        rows: the rows that differ; None where they were not compared.
        sample: what a sample proves; None where all was made again.
        kept: the table that was made, if `into` was given.
    """

    table: str
    verdict: ReplayOutcome
    why: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    rows: RowsDifference | None = None
    sample: Sampled | None = None
    kept: str | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 where the table was reproduced, else 1."""
        return 0 if self.verdict in get_args(Reproduced) else 1


def replay(subject: Subject, asked: Asked, reporter: Reporter) -> Replayed:
    """Make a table again and compare.

    Raises:
        UsageError: the request contradicts itself.
        Interrupted: by a signal; nothing is left of it.
    """
    if asked.sample is not None and asked.into is not None:
        msg = "--into keeps a table, and a sample is not one; give --sample or --into"
        raise UsageError(msg)
    try:
        with Interrupts().listening(), place(subject.table.name, asked.into) as output:
            return _replay(subject, asked, output, reporter)
    except (Interrupted, UsageError):
        raise
    except (TablehostError, OSError) as error:
        why = error.problems if isinstance(error, TablehostError) else [str(error)]
        verdict: ReplayOutcome = error.verdict if isinstance(error, OtherCode) else "cannot"
        return Replayed(table=str(subject.table), verdict=verdict, why=tuple(why))


def _replay(subject: Subject, asked: Asked, output: Output, reporter: Reporter) -> Replayed:
    check_replayable(subject, sampled=asked.sample is not None)
    checks = check_inputs(subject)
    changed = [str(one) for one in checks if one.status == "changed"]
    if changed:
        return Replayed(table=str(subject.table), verdict="inputs-changed", why=tuple(changed))
    return _again(subject, asked, output, reporter, checks)


def _again(
    subject: Subject, asked: Asked, output: Output, reporter: Reporter, checks: list[InputCheck]
) -> Replayed:
    """Build the table, whose inputs are what they were, and compare."""
    restored, leave_out = restore(subject, trust=asked.trust), _failed_before(subject)
    subject = restored.subject
    sample = Sample(asked.sample, asked.seed, leave_out) if asked.sample is not None else None
    original, causes = original_of(subject), causes_before(subject, restored.builder)
    try:
        items = remake(restored, output, reporter, workers=asked.workers, sample=sample)
    except NotRemade as error:
        raise Refused([*error.problems, *causes.sentences]) from error
    remade = made(output.table)
    causes = causes_after(causes, subject, remade, sampled=sample is not None)
    found = _with_failures(_compare(subject, original, remade, sample), subject, items)
    likeliest = found.outcome or causes.likeliest or "differs"
    unclear = (str(one) for one in checks if one.status != "same")
    return Replayed(
        table=str(subject.table),
        verdict="differs" if original.against else likeliest,
        why=(*original.against, *found.why),
        remarks=(*unclear, *original.beside, *causes.sentences),
        rows=found.rows,
        sample=_proof(sample),
        kept=str(output.table) if asked.into else None,
    )


def _failed_before(subject: Subject) -> set[str]:
    """Return the keys of the items that failed when the table was made."""
    return {str(one.get("key")) for one in subject.manifest.failures}


def _compare(
    subject: Subject, original: Original, remade: Subject, sample: Sample | None
) -> Likeness:
    if sample is None:
        return compare_table(subject, original, remade)
    if not sample.drawn:
        raise Refused(["it has no item that could be drawn"])
    return compare_sample(subject, remade)


def _with_failures(found: Likeness, subject: Subject, items: Items) -> Likeness:
    """Report a difference where items failed that had not failed before."""
    before = _failed_before(subject)
    failed = [one for one in items.failures if one.key not in before]
    if not failed:
        return found
    why = [f"{one.key} failed this time: {one.reason}: {one.detail}" for one in failed]
    return evolve(found, outcome=None, why=(*why, *found.why))


def _proof(sample: Sample | None) -> Sampled | None:
    if sample is None:
        return None
    return Sampled(
        items=sample.drawn,
        of=sample.of,
        seed=sample.seed,
        share=caught(sample.drawn, sample.of),
    )
