"""Why a table cannot be made again, found before anything is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tablehost.contract.errors import Refused
from tablehost.files.digest_cache import StatCache
from tablehost.manifest.read import item_recipes
from tablehost.trust.evidence.archive import in_place
from tablehost.trust.evidence.inputs import State, compare, recorded
from tablehost.trust.evidence.subject import Subject


def check(subject: Subject, *, sampled: bool) -> None:
    """Look whether there is enough to go by.

    Args:
        subject: the table.
        sampled: whether only some of its items are to be done.

    Raises:
        Refused: with all that is missing.
    """
    problems = list(_problems(subject)) or (list(_sample_problems(subject)) if sampled else [])
    if problems:
        raise Refused(problems)


def input_states(subject: Subject, moved: Mapping[Path, Path]) -> list[State]:
    """Tell of every input whether it is still the same, trusting the stat cache.

    Args:
        subject: the table.
        moved: folders or files that lie elsewhere now, by where they lay.

    Raises:
        Refused: one is missing, or was replaced by the table itself.
    """
    with StatCache() as cache:
        states = [compare(one, "stat", cache) for one in recorded(subject, moved)]
    problems = [problem for state in states if (problem := _lost(subject, state))]
    if problems:
        raise Refused(problems)
    return states


def _problems(subject: Subject) -> Iterator[str]:
    if subject.manifest is None:
        yield subject.problem or "it has no manifest"
    elif subject.torn is not None:
        yield "a commit on it was cut off; the next run on it finishes that"
    elif not subject.table.is_file() and subject.says("table", "rows_digest") is None:
        yield "the table is not there, and its manifest has no digest of its rows"


def _sample_problems(subject: Subject) -> Iterator[str]:
    if not item_recipes(subject.manifest or {}):
        yield "its builder does not work item by item; replay it without --sample"
    elif not subject.table.is_file():
        yield "the table is not there, and the rows of a sample are compared with its own"
    elif not subject.says("table", "key"):
        yield "its builder names no key to find a sample's rows by; replay it without --sample"


def _lost(subject: Subject, state: State) -> str | None:
    if state.verdict == "missing":
        return f"{state.input} is not there; where it was moved, --map OLD=NEW tells"
    if state.verdict == "changed" and in_place(subject, state.input):
        return (
            f"{state.input} was replaced by the table that was made of it; where the former one "
            "was kept, --map OLD=NEW tells"
        )
    return None
