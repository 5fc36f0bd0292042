"""What is known of a table's state: as recorded, and as `verify` and `why` find if asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Literal

from attrs import field, frozen

from tablehost.commit.lock import held_by
from tablehost.commit.output import Output
from tablehost.console.screen import Style
from tablehost.console.text import first, shown
from tablehost.console.verdicts import style_of
from tablehost.files.digest_cache import StatCache
from tablehost.trust.evidence.archive import Archive
from tablehost.trust.evidence.subject import Subject
from tablehost.trust.verify.verify import Question, Verified, verify
from tablehost.trust.why.why import Staleness, why

Tone = Literal["ok", "warn", "bad", ""]
NOT_LOOKED: Final = "not looked at"

_TONES: Final[dict[Style, Tone]] = {"good": "ok", "doubtful": "warn", "bad": "bad"}
_SENTENCES: Final = 8


@frozen
class Verdict:
    """A word about a table, and how good it is."""

    word: str
    tone: Tone
    about: str = ""

    @property
    def said(self) -> str:
        """Return it after what it is about."""
        return f"{self.about}: {self.word}" if self.about else self.word


@frozen(kw_only=True)
class State:
    """What is known of a table's state.

    Args:
        run: whether every item is in the table.
        verify: whether it is still what its manifest records.
        why: whether it is stale.
        others: what else there is to say.
        sentences: what is not as it should be, for a person.
    """

    run: Verdict
    verify: Verdict
    why: Verdict
    others: tuple[Verdict, ...] = ()
    sentences: tuple[str, ...] = field(default=())

    @property
    def all(self) -> tuple[Verdict, ...]:
        """Return every verdict, in the order in which a page has them."""
        return (self.run, self.verify, self.why, *self.others)

    @property
    def is_sound(self) -> bool:
        """Return whether nothing was found that is not as it should be."""
        looked = {NOT_LOOKED, "intact", "current"}
        return not self.others and {self.verify.word, self.why.word} <= looked

    @property
    def flags(self) -> str:
        """Return by which words the table can be found."""
        return " ".join(one.word.replace(" ", "-") for one in self.all)


def tone_of(word: str) -> Tone:
    """Return how good a verdict is."""
    return "" if word == NOT_LOOKED else _TONES[style_of(word)]


def states_of(tables: Sequence[Subject], *, ask: bool) -> Iterator[State]:
    """Yield the state of each table.

    Args:
        tables: with their manifests.
        ask: whether `verify` and `why` look at them, which reads every byte.
    """
    if not ask:
        yield from (_state(one, None, None) for one in tables)
        return
    archive = Archive(tables)
    with StatCache() as digests, ThreadPoolExecutor() as pool:
        look = partial(verify, question=Question(), cache=digests, archive=archive)
        verified = pool.map(look, tables)  # hashing releases the GIL
        yield from map(_state, tables, verified, why(tables))


def _state(table: Subject, verified: Verified | None, staleness: Staleness | None) -> State:
    run = _run(table)
    looked = verified.verdict if verified else NOT_LOOKED
    stale = staleness.verdict if staleness else NOT_LOOKED
    findings = [why for one in (verified.findings if verified else ()) for why in one.why]
    reasons = [one.text for one in (staleness.reasons if staleness else ())]
    seen = list(_seen(table)) if verified is None else []
    return State(
        run=Verdict(run, tone_of(run), "run"),
        verify=Verdict(looked, tone_of(looked), "verify"),
        why=Verdict(stale, tone_of(stale), "why"),
        others=tuple(Verdict(one, "bad") for one in seen),
        sentences=tuple(first([*findings, *reasons], _SENTENCES)),
    )


def _run(table: Subject) -> str:
    """Return how the run of a table ended, or that it did not."""
    if table.place is not None:
        return table.manifest.status or "unknown"
    output = Output.at(table.table)
    if table.table.exists() or not output.ledger.is_file():
        return "no manifest"
    return "running" if held_by(output) is not None else "stopped"


def _seen(table: Subject) -> Iterable[str]:
    """Yield what can be seen to be wrong without reading the table."""
    if table.torn is not None:
        yield "torn"
    try:
        there = table.table.stat().st_size
    except OSError:
        if table.place is not None:
            yield "the table is not there"
        return
    recorded = table.manifest.bytes
    if recorded is not None and recorded != there:
        yield f"not the recorded size: {there:,} bytes, in the manifest {recorded:,}"
    if Output.at(table.table, table.place).failed.is_file():
        yield f"the last run failed: see {shown(Output.at(table.table).failed)}"
