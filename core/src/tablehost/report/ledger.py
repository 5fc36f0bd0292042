"""What the ledger of an output knows of its run: how far it came, what failed, what took long."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Self

import attrs
from attrs import field, frozen

from tablehost.contract.build import Session
from tablehost.files.sqlite_file import read_only
from tablehost.items.ledger_file import progress_of, sessions_in
from tablehost.items.timeline import Ends, timeline_of

_SLOWEST: Final = 5
_EXAMPLES: Final = 3

Bins = dict[int, tuple[int, int]]


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
    bins: Bins

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
class Kept:
    """What a ledger has.

    Args:
        session: the latest one.
        total: items that it was asked for.
        done: of these, finished in it or before.
        failed: of these.
        last_activity: when it last wrote.
        sessions: all of them.
        reasons: why items failed.
        slowest: keys of the items that took longest, with their seconds.
        timeline: None where no item ended.
    """

    session: Session
    total: int
    done: int
    failed: int
    last_activity: str
    sessions: tuple[Session, ...] = ()
    reasons: tuple[Reason, ...] = ()
    slowest: tuple[tuple[str, float], ...] = ()
    timeline: Timeline | None = field(default=None)

    @property
    def pending(self) -> int:
        """Return how many items have not ended."""
        return max(self.total - self.done - self.failed, 0)

    @property
    def is_over(self) -> bool:
        """Return whether the session ended with nothing left to do."""
        return self.session.outcome in ("complete", "nothing-to-do")


def kept_in(path: Path) -> Kept | None:
    """Read what a ledger has, without writing; None where there is none.

    Raises:
        LedgerError: the file is not a ledger.
    """
    progress = progress_of(path)
    if progress is None:
        return None
    try:
        with closing(read_only(path)) as db:
            return Kept(
                session=progress.session,
                total=progress.total,
                done=progress.done,
                failed=progress.failed,
                last_activity=progress.last_activity,
                sessions=sessions_in(db),
                reasons=_reasons(db),
                slowest=_slowest(db),
                timeline=_timeline(db),
            )
    except sqlite3.DatabaseError:  # of an earlier format, which has less
        return Kept(
            session=progress.session,
            total=progress.total,
            done=progress.done,
            failed=progress.failed,
            last_activity=progress.last_activity,
        )


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


def _timeline(db: sqlite3.Connection) -> Timeline | None:
    second = "unixepoch(substr(ended_at, 1, 19)) + avg(substr(ended_at, 20, 7))"
    rows = db.execute(
        f"SELECT {second}, count(*), 0, ifnull(avg(seconds), 0) FROM items"
        " GROUP BY substr(ended_at, 1, 19), CAST(seconds AS INTEGER) UNION ALL"
        f" SELECT {second}, 0, count(*), 0 FROM failures GROUP BY substr(ended_at, 1, 19)"
    )
    found = timeline_of(Ends(*row) for row in rows)
    return Timeline.recorded(attrs.asdict(found)) if found else None
