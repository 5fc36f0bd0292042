"""What the ledger of an output knows of its run: how far it came, what failed, what took long."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Self

from attrs import asdict, field, frozen

from tablehost.contract.build import Session
from tablehost.files.sqlite_file import read_only
from tablehost.items.asked import ends_in
from tablehost.items.ledger_file import Progress, progress_of, sessions_in
from tablehost.items.timeline import timeline_of

_SLOWEST: Final = 5
_EXAMPLES: Final = 3


@frozen(kw_only=True)
class Reason:
    """Why items failed.

    Args:
        name: the reason.
        count: how many failed for it.
        examples: the keys of a few of them.
    """

    name: str
    count: int
    examples: tuple[str, ...] = ()


@frozen(kw_only=True)
class Timeline:
    """How many items ended in each stretch of time in which there was work.

    Args:
        seconds: how long a stretch is.
        bins: number of each stretch, since 1970, with its items that are done and that failed.
    """

    seconds: int
    bins: Mapping[int, tuple[int, int]]

    @classmethod
    def recorded(cls, timeline: Any) -> Self | None:
        """Return the timeline of a manifest; None where it has none, or in another form."""
        try:
            seconds = int(timeline["seconds"])
            parts = [one.split(":") for one in timeline["bins"].split()]
            bins = {int(number): (int(done), int(failed)) for number, done, failed, *_ in parts}
        except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
            return None
        return cls(seconds=seconds, bins=bins) if bins and seconds >= 1 else None


@frozen(kw_only=True)
class Kept(Progress):
    """What a ledger has.

    Args:
        sessions: all of them.
        reasons: why items failed.
        slowest: keys of the items that took longest, with their seconds.
        timeline: None where no item ended.
    """

    sessions: tuple[Session, ...] = ()
    reasons: tuple[Reason, ...] = ()
    slowest: tuple[tuple[str, float], ...] = ()
    timeline: Timeline | None = field(default=None)


def kept_in(path: Path) -> Kept | None:
    """Read what a ledger has, without writing; None where there is none.

    Raises:
        LedgerError: the file is not a ledger.
    """
    progress = progress_of(path)
    if progress is None:
        return None
    known = asdict(progress, recurse=False)
    try:
        with closing(read_only(path)) as db:
            timeline = timeline_of(ends_in(db))
            return Kept(
                **known,
                sessions=sessions_in(db),
                reasons=_reasons(db),
                slowest=_slowest(db),
                timeline=Timeline.recorded(timeline and asdict(timeline)),
            )
    except sqlite3.DatabaseError:  # of an earlier format, which has less
        return Kept(**known)


def _reasons(db: sqlite3.Connection) -> tuple[Reason, ...]:
    rows = db.execute("SELECT reason, key FROM failures ORDER BY key").fetchall()
    return reasons_of(rows)


def reasons_of(failures: Iterable[tuple[str, str]]) -> tuple[Reason, ...]:
    """Group reasons and keys by reason, the most frequent first."""
    counts, examples = Counter[str](), dict[str, list[str]]()
    for reason, key in failures:
        counts[reason] += 1
        some = examples.setdefault(reason, [])
        if len(some) < _EXAMPLES:
            some.append(key)
    return tuple(
        Reason(name=name, count=count, examples=tuple(examples[name]))
        for name, count in counts.most_common()
    )


def _slowest(db: sqlite3.Connection) -> tuple[tuple[str, float], ...]:
    return tuple(
        db.execute(
            "SELECT key, seconds FROM items WHERE seconds IS NOT NULL"
            " ORDER BY seconds DESC, key LIMIT ?",
            (_SLOWEST,),
        ).fetchall()
    )
