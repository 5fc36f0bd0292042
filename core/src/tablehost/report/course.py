"""How a run went: its rate over the hours of work, what failed and why, what took long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve, field, frozen

from tablehost.contract.build import Session
from tablehost.manifest.read import Manifest, dig
from tablehost.report.histogram import Tick, ticks
from tablehost.report.ledger import Kept, Reason, Timeline, reasons_of
from tablehost.report.words import count, number, rate, seconds_of, share, span

_WIDTH: Final = 1080
_HEIGHT: Final = 190
_LEFT: Final = 52
_RIGHT: Final = 8
_TOP: Final = 16
_BELOW: Final = 52
_FAILED: Final = 15
_FEWEST: Final = 12
"""Items from which on a rate is drawn."""
_EACH: Final = 4
"""Items that a stretch of the drawing has at least, on average."""
_ROOM: Final = 130
_SLOW: Final = 0.75
_MOST_REASONS: Final = 12


@frozen(kw_only=True)
class Stretch:
    """Time of work that is one step of the drawing.

    Args:
        number: of its first bin.
        bins: how many it is.
        stop: seconds without work before it; None where it follows the one before.
    """

    number: int
    bins: int
    done: int
    failed: int
    stop: float | None = None


@frozen
class Step:
    """A stretch as it is drawn, and what is said of it."""

    x: float
    width: float
    failed: float
    text: str


@frozen
class Mark:
    """Where a stop was, with the words at it if there is room."""

    x: float
    text: str


@frozen(kw_only=True)
class Drawing:
    """The rate over the time of work, stops cut out; failures are below it."""

    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    right: int = _WIDTH - _RIGHT
    top: int = _TOP
    base: int = _HEIGHT - _BELOW
    line: str
    area: str
    steps: tuple[Step, ...]
    marks: tuple[Mark, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    unit: str
    time_unit: str
    any_failed: bool


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
        said: sentences below it.
        reasons: of failures.
        failed: how many there were.
        total: items.
        slowest: keys, with how long they took.
        worked: seconds in which there was work; None where that is not known.
        ended: items that ended in them.
        workers: how many there were.
        remains: sentences about what is left to do.
    """

    drawing: Drawing | None = None
    said: str = ""
    reasons: tuple[Bar, ...] = ()
    failed: int = 0
    total: int = 0
    slowest: tuple[tuple[str, str], ...] = ()
    worked: float | None = None
    ended: int = 0
    workers: int | None = None
    remains: tuple[str, ...] = field(default=())

    @property
    def is_worth_showing(self) -> bool:
        """Return whether there is anything beside counts."""
        return bool(self.drawing or self.reasons or self.slowest or self.remains)

    @property
    def rate(self) -> str:
        """Return how many items ended a second, as it is written."""
        return rate(self.ended / self.worked) if self.worked and self.ended else ""


def course_of(manifest: Manifest, kept: Kept | None) -> Course:
    """Return how the run of a table went, from its manifest and, where it is there, its ledger."""
    items = manifest.items or {}
    failures = [(str(one.get("reason")), str(one.get("key"))) for one in manifest.failures]
    sessions = [one for one in map(_session, manifest.sessions or []) if one is not None]
    timeline = _recorded(dig(manifest.run, "timeline")) or (kept.timeline if kept else None)
    found = Course(
        total=_whole(items.get("total")),
        failed=_whole(items.get("failed")),
        reasons=_bars(reasons_of(failures)),
        slowest=_slowest(kept),
        workers=sessions[-1].workers if sessions else None,
    )
    return _with_timeline(found, timeline, sessions) if found.total else found


def course_so_far(kept: Kept, *, is_running: bool) -> Course:
    """Return how a run went until now that has not ended."""
    found = Course(
        total=kept.total,
        failed=kept.failed,
        reasons=_bars(kept.reasons),
        slowest=_slowest(kept),
        workers=kept.session.workers,
    )
    found = _with_timeline(found, kept.timeline, kept.sessions)
    return evolve(found, remains=tuple(_remains(kept, is_running=is_running)))


def _remains(kept: Kept, *, is_running: bool) -> list[str]:
    said = [
        f"{kept.done:,} of {kept.total:,} items are done ({share(kept.done, kept.total)}), "
        f"{kept.failed:,} failed, {kept.pending:,} are left."
    ]
    speed = _latest_rate(kept.timeline)
    if kept.pending and speed:
        left = f"{span(kept.pending / speed)} at the latest rate, {rate(speed)}"
        said.append(f"That is another {left}." if is_running else f"They are {left}.")
    if not is_running:
        said.append("The same command resumes from there: finished items are kept.")
    return said


def _latest_rate(timeline: Timeline | None) -> float | None:
    """Return how many items ended a second in the last tenth of the work."""
    if timeline is None:
        return None
    bins = sorted(timeline.bins.items())[:-1] or sorted(timeline.bins.items())
    last = bins[-max(1, len(bins) // 10) :]
    return sum(sum(counts) for _, counts in last) / (len(last) * timeline.seconds)


def _recorded(timeline: Any) -> Timeline | None:
    """Return the timeline of a manifest; None where it has none, or in another form."""
    try:
        seconds = float(timeline["seconds"])
        parts = [one.split(":") for one in timeline["bins"].split()]
        bins = {int(number): (int(done), int(failed)) for number, done, failed, *_ in parts}
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    return Timeline(seconds=int(seconds), bins=bins) if bins and seconds >= 1 else None


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
    found = evolve(course, worked=worked, ended=ended)
    if ended < _FEWEST or len(timeline.bins) < _FEWEST:
        return found
    stretches = _stretches(timeline, most=max(_FEWEST, ended // _EACH))
    said = _said(timeline, stretches, len(sessions))
    return evolve(found, drawing=_draw(timeline, stretches, sessions), said=said)


def _stretches(timeline: Timeline, most: int) -> list[Stretch]:
    """Join bins that follow each other, so many that there are at most so many stretches."""
    several = -(-len(timeline.bins) // most)
    found: list[Stretch] = []
    for at, (done, failed) in sorted(timeline.bins.items()):
        last = found[-1] if found else None
        follows = last is not None and last.number + last.bins == at
        if last is not None and follows and last.bins < several:
            found[-1] = evolve(
                last, bins=last.bins + 1, done=last.done + done, failed=last.failed + failed
            )
            continue
        stop = None
        if last is not None and not follows:
            stop = float((at - last.number - last.bins) * timeline.seconds)
        found.append(Stretch(number=at, bins=1, done=done, failed=failed, stop=stop))
    return found


def _draw(
    timeline: Timeline, stretches: Sequence[Stretch], sessions: Sequence[Session]
) -> Drawing:
    worked = sum(one.bins for one in stretches) * timeline.seconds
    factor, unit = _unit_of_rate(stretches, timeline.seconds)
    hour, time_unit = _unit_of_time(worked)
    rates = [one.done / (one.bins * timeline.seconds) * factor for one in stretches]
    top = max(rates) * 1.12 or 1
    most = max(one.failed for one in stretches) or 1
    base, right = _HEIGHT - _BELOW, _WIDTH - _RIGHT
    scale = (right - _LEFT) / worked
    steps, points, x = [], [], float(_LEFT)
    for one, speed in zip(stretches, rates, strict=True):
        width = one.bins * timeline.seconds * scale
        begins, ends = (number((at - _LEFT) / scale / hour, 3) for at in (x, x + width))
        said = f"{time_unit} {begins} to {ends}: {number(speed, 3)} {unit}, {one.failed:,} failed"
        failed = max(2.0, one.failed / most * _FAILED) if one.failed else 0
        steps.append(Step(x, width, failed, said))
        points.append(f"{x + width / 2:.1f},{base - speed / top * (base - _TOP):.1f}")
        x += width
    line = " ".join(points)
    first, last = points[0].split(",")[0], points[-1].split(",")[0]
    return Drawing(
        line=line,
        area=f"{first},{base} {line} {last},{base}",
        steps=tuple(steps),
        marks=tuple(_marks(stretches, steps, sessions)),
        across=tuple(
            Tick(_LEFT + one * hour * scale, number(one, 3)) for one in ticks(0, worked / hour, 8)
        ),
        up=tuple(
            Tick(base - one / top * (base - _TOP), number(one, 3)) for one in ticks(0, top, 4)
        ),
        unit=unit,
        time_unit=f"{time_unit}s of work",
        any_failed=any(one.failed for one in stretches),
    )


def _unit_of_rate(stretches: Sequence[Stretch], seconds: int) -> tuple[int, str]:
    """Return the unit in which the usual rate is at least one, and how many seconds it has."""
    usual = _median([one.done / (one.bins * seconds) for one in stretches])
    for factor, unit in ((1, "items/s"), (60, "items/min")):
        if usual * factor >= 1:
            return factor, unit
    return 3600, "items/h"


def _unit_of_time(worked: float) -> tuple[int, str]:
    for seconds, unit in ((3600, "hour"), (60, "minute")):
        if worked >= 2 * seconds:
            return seconds, unit
    return 1, "second"


def _marks(
    stretches: Sequence[Stretch], steps: Sequence[Step], sessions: Sequence[Session]
) -> list[Mark]:
    """Return where work stopped, each with how long where the words have room."""
    workers = f", {count(sessions[0].workers, 'worker')}" if sessions else ""
    found, free = [Mark(_LEFT, f"start{workers}")], _LEFT + _ROOM
    for one, step in zip(stretches, steps, strict=True):
        if one.stop is not None:
            has_room = free <= step.x < _WIDTH - _ROOM
            found.append(Mark(step.x, f"after a stop of {span(one.stop)}" if has_room else ""))
            free = step.x + _ROOM if has_room else free
    return found


def _said(timeline: Timeline, stretches: Sequence[Stretch], sessions: int) -> str:
    worked = sum(one.bins for one in stretches) * timeline.seconds
    last = stretches[-1]
    whole = (last.number + last.bins - stretches[0].number) * timeline.seconds
    stops = [one.stop for one in stretches if one.stop is not None]
    said = f"{span(worked)} of work"
    if stops:
        said += f" in {span(whole)}; stops are cut out"
    begin = f"{count(sessions, 'session')}: " if sessions else ""
    return f"{begin}{said}. {_slow(timeline, stretches)}".strip()


def _slow(timeline: Timeline, stretches: Sequence[Stretch]) -> str:
    """Say where work was slow for long: three stretches and more at three quarters of the rate."""
    rates = [one.done / one.bins for one in stretches]
    usual = _median(rates)
    worst, begin = (0.0, 0, 0), 0
    for place, speed in enumerate([*rates, usual]):
        if speed >= _SLOW * usual:
            lost = sum(usual - one for one in rates[begin:place])
            if place - begin >= 3:  # noqa: PLR2004  # fewer are chance
                worst = max(worst, (lost, begin, place))
            begin = place + 1
    lost, begin, end = worst
    if not lost:
        return ""
    hour, unit = _unit_of_time(sum(one.bins for one in stretches) * timeline.seconds)
    bins = [sum(one.bins for one in stretches[:place]) for place in (begin, end)]
    first, last = (number(one * timeline.seconds / hour, 3) for one in bins)
    mean = sum(rates[begin:end]) / (end - begin)
    return f"Slowest: {unit} {first} to {last}, at {mean / usual:.2f} of the median rate."


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


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
    return tuple((key, span(seconds)) for key, seconds in kept.slowest) if kept else ()


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
