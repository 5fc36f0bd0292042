"""How a run went: its rate over the hours of work, what failed and why, what took long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve, field, frozen

from tablehost.console.humane import duration, rate
from tablehost.contract.build import Session
from tablehost.manifest.read import Manifest, dig
from tablehost.report.course_drawing import FEWEST, Drawing, draw_course
from tablehost.report.ledger import Kept, Reason, Timeline, reasons_of
from tablehost.report.words import at, seconds_of, share, whole

_SLOW: Final = 0.05
"""Seconds that an item takes at least to be named as slow."""
_MOST_REASONS: Final = 12


@frozen(kw_only=True)
class Bar:
    """A reason as a bar, as wide as its part of the most frequent one."""

    name: str
    count: int
    percent: float
    said: str
    examples: tuple[str, ...]


@frozen(kw_only=True)
class Course:
    """How a run went.

    Args:
        drawing: None where there were few items, or it is not known when they ended.
        reasons: of failures.
        failed: how many there were.
        total: items.
        done: those with a result, of this session or an earlier one.
        slowest: keys, with how long they took.
        worked: seconds in which there was work; None where that is not known.
        ended: items that ended in them.
        workers: how many there were.
        pending: items that have not ended.
        remains: sentences about what is left to do.
    """

    drawing: Drawing | None = None
    reasons: tuple[Bar, ...] = ()
    failed: int = 0
    total: int = 0
    done: int = 0
    slowest: tuple[tuple[str, str], ...] = ()
    worked: float | None = None
    ended: int = 0
    workers: int | None = None
    pending: int = 0
    remains: tuple[str, ...] = field(default=())

    @property
    def is_worth_showing(self) -> bool:
        """Return whether there is anything beside counts."""
        return bool(self.drawing or self.reasons or self.remains or self.slowest)

    @property
    def rate(self) -> str:
        """Return how many items ended a second, as it is written."""
        return rate(self.ended / self.worked) if self.worked and self.ended else ""


def course_of(manifest: Manifest, kept: Kept | None) -> Course:
    """Return how the run of a table went, from its manifest and, where it is there, its ledger."""
    items = manifest.items or {}
    failures = [(str(one.get("reason")), str(one.get("key"))) for one in manifest.failures]
    sessions = [one for one in map(_session, manifest.sessions or []) if one is not None]
    timeline = Timeline.recorded(dig(manifest.run, "timeline")) or (kept.timeline if kept else None)
    found = Course(
        total=whole(items.get("total")),
        done=whole(items.get("ok")) + whole(items.get("done_before")),
        failed=whole(items.get("failed")),
        reasons=_bars(reasons_of(failures)),
        slowest=_slowest(kept),
        workers=sessions[-1].workers if sessions else None,
    )
    return _with_timeline(found, timeline, sessions) if found.total else found


def course_so_far(kept: Kept, *, is_running: bool) -> Course:
    """Return how a run went until now that has not ended."""
    found = Course(
        total=kept.total,
        done=kept.done,
        failed=kept.failed,
        reasons=_bars(kept.reasons),
        slowest=_slowest(kept),
        workers=kept.session.workers,
    )
    found = _with_timeline(found, kept.timeline, kept.sessions)
    said = tuple(_remains(kept, is_running=is_running))
    return evolve(found, pending=kept.pending, remains=said)


def _remains(kept: Kept, *, is_running: bool) -> list[str]:
    done = f"{kept.done:,} of {kept.total:,} items are done ({share(kept.done, kept.total)})"
    said = [f"{done}, {kept.failed:,} failed, {kept.pending:,} are left."]
    speed, now = latest_rate(kept.timeline), seconds_of(kept.last_activity)
    if kept.pending and speed:
        left = kept.pending / speed
        end = f", until {at(now + left)}" if is_running and now is not None else ""
        said.append(f"At the latest rate, {rate(speed)}, these take {duration(left)}{end}.")
    if not is_running:
        said.append("The same command resumes from there: finished items are kept.")
    return said


def latest_rate(timeline: Timeline | None) -> float | None:
    """Return how many items ended a second in the last tenth of the work."""
    if timeline is None:
        return None
    bins = sorted(timeline.bins.items())[:-1] or sorted(timeline.bins.items())
    last = bins[-max(1, len(bins) // 10) :]
    return sum(sum(counts) for _, counts in last) / (len(last) * timeline.seconds)


def _session(recorded: Any) -> Session | None:
    began, workers = dig(recorded, "started_at"), dig(recorded, "workers")
    if seconds_of(began) is None or not isinstance(workers, int):
        return None
    return Session(run_id=str(dig(recorded, "run_id")), started_at=began, workers=workers)


def _with_timeline(
    course: Course, timeline: Timeline | None, sessions: Sequence[Session]
) -> Course:
    if timeline is None:
        return course
    ended = sum(done + failed for done, failed in timeline.bins.values())
    worked = len(timeline.bins) * timeline.seconds
    if ended < FEWEST:
        return course
    found = evolve(course, worked=worked, ended=ended)
    if len(timeline.bins) < FEWEST:
        return found
    workers = sessions[0].workers if sessions else None
    return evolve(found, drawing=draw_course(timeline, workers))


def _bars(reasons: Sequence[Reason]) -> tuple[Bar, ...]:
    """Return reasons as bars, the rare ones as one."""
    total = sum(one.count for one in reasons)
    shown, rest = list(reasons[:_MOST_REASONS]), reasons[_MOST_REASONS:]
    if rest:
        name = f"{len(rest)} other reasons"
        shown.append(Reason(name=name, count=sum(one.count for one in rest)))
    most = max((one.count for one in shown), default=1)
    return tuple(
        Bar(
            name=one.name,
            count=one.count,
            percent=round(100 * one.count / most, 1),
            said=f"{one.count:,} ({share(one.count, total)})",
            examples=one.examples,
        )
        for one in shown
    )


def _slowest(kept: Kept | None) -> tuple[tuple[str, str], ...]:
    if kept is None or kept.total < FEWEST:
        return ()
    return tuple((key, duration(seconds)) for key, seconds in kept.slowest if seconds >= _SLOW)
