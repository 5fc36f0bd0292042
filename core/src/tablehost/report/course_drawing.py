"""The drawing of a run's rate over the time of work: stops are cut out, failures are below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from tablehost.console.humane import duration, rate
from tablehost.console.text import counted
from tablehost.report.histogram import Tick, tick_text, ticks
from tablehost.report.ledger import Timeline
from tablehost.report.words import number

FEWEST: Final = 12
"""Items, and stretches of time, from which on they are drawn."""
_WIDTH: Final = 1080
_HEIGHT: Final = 190
_LEFT: Final = 52
_RIGHT: Final = 8
_TOP: Final = 16
_BELOW: Final = 52
_FAILED: Final = 15
_EACH: Final = 4
"""Items that a stretch of the drawing has at least, on average."""
_ROOM: Final = 130
_SLOW: Final = 0.75


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
    """The rate over the time of work, failures below it, and what is said of it."""

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
    said: str


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


def draw_course(timeline: Timeline, workers: int | None) -> Drawing:
    """Draw the rate of a run.

    Args:
        timeline: of its work.
        workers: how many there were at its start, if that is known.
    """
    ended = sum(done + failed for done, failed in timeline.bins.values())
    stretches = _stretches(timeline, most=max(FEWEST, ended // _EACH))
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
        said = f"{time_unit} {begins} to {ends}: {rate(speed / factor)}, {one.failed:,} failed"
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
        marks=tuple(_marks(stretches, steps, workers)),
        across=tuple(
            Tick(_LEFT + one * hour * scale, tick_text(one)) for one in ticks(0, worked / hour, 8)
        ),
        up=tuple(
            Tick(base - one / top * (base - _TOP), tick_text(one)) for one in ticks(0, top, 4)
        ),
        unit=unit,
        time_unit=f"{time_unit}s of work",
        any_failed=any(one.failed for one in stretches),
        said=_said(timeline, stretches),
    )


def _unit_of_rate(stretches: Sequence[Stretch], seconds: int) -> tuple[int, str]:
    """Return the unit in which the usual rate is at least one, and how many seconds it has."""
    usual = _median([one.done / (one.bins * seconds) for one in stretches])
    for factor, unit in ((1, "Items a second"), (60, "Items a minute")):
        if usual * factor >= 1:
            return factor, unit
    return 3600, "Items an hour"


def _unit_of_time(worked: float) -> tuple[int, str]:
    for seconds, unit in ((3600, "hour"), (60, "minute")):
        if worked >= 2 * seconds:
            return seconds, unit
    return 1, "second"


def _marks(stretches: Sequence[Stretch], steps: Sequence[Step], workers: int | None) -> list[Mark]:
    """Return where work stopped, each with how long where the words have room."""
    by_whom = f", {counted(workers, 'worker')}" if workers else ""
    found, free = [Mark(_LEFT, f"start{by_whom}")], float(_LEFT + _ROOM)
    for one, step in zip(stretches, steps, strict=True):
        if one.stop is not None:
            has_room = free <= step.x < _WIDTH - _ROOM
            found.append(Mark(step.x, f"after a stop of {duration(one.stop)}" if has_room else ""))
            free = step.x + _ROOM if has_room else free
    return found


def _said(timeline: Timeline, stretches: Sequence[Stretch]) -> str:
    """Say how long the work took, and where it was slow."""
    worked = sum(one.bins for one in stretches) * timeline.seconds
    last = stretches[-1]
    whole = (last.number + last.bins - stretches[0].number) * timeline.seconds
    stops = [one.stop for one in stretches if one.stop is not None]
    said = f"{duration(worked)} of work"
    if stops:
        said += f" in {duration(whole)}; stops are cut out"
    return f"{said}. {_slow(timeline, stretches)}".strip()


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
