"""Why a table cannot be made again, found before anything is built."""

from __future__ import annotations

from collections.abc import Iterator

from tablehost.contract.errors import Refused
from tablehost.files.digest_cache import StatCache
from tablehost.trust.evidence.archive import in_place
from tablehost.trust.evidence.inputs import InputCheck, check_input, inputs_of
from tablehost.trust.evidence.subject import Subject, Torn


def check_replayable(subject: Subject, *, sampled: bool) -> None:
    """Check that the manifest records enough.

    Raises:
        Refused: with all that is missing.
    """
    problems = list(_problems(subject)) or (list(_sample_problems(subject)) if sampled else [])
    if problems:
        raise Refused(problems)


def check_inputs(subject: Subject) -> list[InputCheck]:
    """Check whether every input is still the same, trusting the stat cache.

    Raises:
        Refused: one is missing, or was replaced by the table itself.
    """
    with StatCache() as cache:
        checks = [check_input(one, "stat", cache) for one in inputs_of(subject)]
    problems = [problem for check in checks if (problem := _lost(subject, check))]
    if problems:
        raise Refused(problems)
    return checks


def _problems(subject: Subject) -> Iterator[str]:
    if subject.problem is not None:
        yield subject.problem
    elif subject.torn is not None:
        yield _unfinished(subject.torn)
    elif not subject.table.is_file() and subject.manifest.rows_digest is None:
        yield "the table is not there, and its manifest has no digest of its rows"


def _unfinished(torn: Torn) -> str:
    if torn.cut_off is None:
        return torn.why
    return f"a commit on it was cut off; {torn.cut_off.outlook}"


def _sample_problems(subject: Subject) -> Iterator[str]:
    if not subject.manifest.item_recipes:
        yield "its builder does not work item by item; replay it without --sample"
    elif not subject.table.is_file():
        yield "the table is not there, and the rows of a sample are compared with its own"
    elif not subject.manifest.key:
        yield "its builder names no key to find a sample's rows by; replay it without --sample"


def _lost(subject: Subject, one: InputCheck) -> str | None:
    if one.status == "missing":
        return f"{one.input} is not there; if it was moved, give --map OLD=NEW"
    if one.status == "changed" and in_place(subject, one.input):
        return (
            f"{one.input} was replaced by the table that was made of it; if the former one was "
            "kept, give --map OLD=NEW"
        )
    return None
