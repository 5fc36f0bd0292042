"""What a run says while it works: to a terminal, to a log, or to another program."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tablehost.console.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_EVERY_SECONDS = 5.0


class Meter:
    """Counts what is done of one stretch of work.

    Args:
        total: how much there is.
        what: what is counted, in the plural: `clips`.
        done: what earlier sessions have done of it.
    """

    def __init__(self, total: int, what: str, done: int = 0) -> None:
        self.total = total
        self.what = what
        self.done = done
        self.failed = 0
        self._began = time.monotonic()
        self._before = done

    def __call__(self, done: int = 1, failed: int = 0) -> None:
        """Count some more."""
        self.done += done
        self.failed += failed
        self.show()

    def show(self) -> None:
        """Show the count; a reporter that has a place for it does."""

    @property
    def rate(self) -> float:
        """Return what was done a second, in this session."""
        elapsed = time.monotonic() - self._began
        return (self.done + self.failed - self._before) / elapsed if elapsed > 0 else 0.0

    def __str__(self) -> str:
        left = self.total - self.done - self.failed
        text = f"{self.what}: {self.done} of {self.total} done"
        if self.failed:
            text += f", {self.failed} failed"
        if left > 0 and self.rate > 0:
            text += f", {self.rate:.2f}/s, {duration(left / self.rate)} left"
        return text


class Reporter(logging.Handler):
    """Says nothing but warnings: the base of the others, and `--quiet`.

    It is a logging handler, so that `run.log` and the host's own warnings go the same way.
    """

    def __init__(self, level: int = logging.WARNING) -> None:
        super().__init__(level)

    def say(self, text: str) -> None:
        """Tell one thing that happened."""

    def event(self, event: str, **fields: Any) -> None:
        """Tell another program one thing that happened."""

    @contextmanager
    def progress(self, total: int, what: str, done: int = 0) -> Iterator[Meter]:
        """Show how work goes on."""
        yield Meter(total, what, done)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a log record as one line on stderr."""
        print(f"tablehost: {printable(record.getMessage())}", file=sys.stderr, flush=True)


class Plain(Reporter):
    """Lines on stderr, one now and then while work goes on."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)

    def say(self, text: str) -> None:
        """Write a line."""
        print(printable(text), file=sys.stderr, flush=True)

    @contextmanager
    def progress(self, total: int, what: str, done: int = 0) -> Iterator[Meter]:
        """Write a line every few seconds and one at the end."""
        meter = _Timed(total, what, done, self._tell)
        yield meter
        meter.tell_last()

    def _tell(self, meter: Meter) -> None:
        self.say(str(meter))


class Json(Reporter):
    """Events as JSON lines on stderr."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)

    def event(self, event: str, **fields: Any) -> None:
        """Write one event."""
        print(json.dumps({"event": event, **fields}), file=sys.stderr, flush=True)

    @contextmanager
    def progress(self, total: int, what: str, done: int = 0) -> Iterator[Meter]:
        """Write an event every few seconds and one at the end."""
        meter = _Timed(total, what, done, self._tell)
        self._tell(meter)
        yield meter
        meter.tell_last()

    def _tell(self, meter: Meter) -> None:
        self.event(
            "progress",
            what=meter.what,
            total=meter.total,
            done=meter.done,
            failed=meter.failed,
            rate=round(meter.rate, 3),
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write a log record as an event."""
        self.event("log", level=record.levelname.lower(), message=record.getMessage())


class Terminal(Plain):
    """A bar with done, failed, rate and time left, and lines above it."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console  # only a terminal needs it

        self._console = Console(stderr=True)

    def say(self, text: str) -> None:
        """Write a line above the bar."""
        self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a log record above the bar."""
        style = "yellow" if record.levelno >= logging.WARNING else None
        text = printable(record.getMessage())
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def progress(self, total: int, what: str, done: int = 0) -> Iterator[Meter]:
        """Show a bar."""
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failed]}"),
            TextColumn("{task.fields[rate]:.1f}/s"),
            TimeRemainingColumn(),
            console=self._console,
        )
        with bar:
            task = bar.add_task(what, total=total, completed=done, failed="", rate=0.0)
            meter = _Bar(total, what, done, bar, task)
            yield meter
        self.say(str(meter))


class _Timed(Meter):
    """A meter that tells now and then."""

    def __init__(self, total: int, what: str, done: int, tell: Callable[[Meter], None]) -> None:
        super().__init__(total, what, done)
        self._tell = tell
        self._told = time.monotonic()
        self._count = -1

    def show(self) -> None:
        if time.monotonic() - self._told >= _EVERY_SECONDS:
            self._told = time.monotonic()
            self._count = self.done + self.failed
            self._tell(self)

    def tell_last(self) -> None:
        """Tell the end, unless the last time told it already."""
        if self._count != self.done + self.failed or not self.total:
            self._tell(self)


class _Bar(Meter):
    """A meter that moves a bar."""

    def __init__(self, total: int, what: str, done: int, bar: Progress, task: TaskID) -> None:
        super().__init__(total, what, done)
        self._bar = bar
        self._task = task

    def show(self) -> None:
        failed = f"{self.failed} failed" if self.failed else ""
        self._bar.update(
            self._task, completed=self.done + self.failed, failed=failed, rate=self.rate
        )


def reporter(*, as_json: bool, quiet: bool) -> Reporter:
    """Return the reporter that fits the options and what stderr is."""
    if as_json:
        return Json()
    if quiet:
        return Reporter()
    return Terminal() if sys.stderr.isatty() else Plain()


def duration(seconds: float) -> str:
    """Write a time as a person says it: `3 h 05 min`, `12 s`."""
    whole = round(seconds)
    if whole >= 3600:  # noqa: PLR2004  # seconds an hour
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    if whole >= 60:  # noqa: PLR2004  # seconds a minute
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole} s"
