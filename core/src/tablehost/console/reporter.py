"""Progress, events and log records: for a terminal, for a log, or for another program."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from tablehost.console.humane import by_reason, duration, moment_in, rate
from tablehost.console.screen import Style
from tablehost.console.streams import say
from tablehost.console.text import counted, printable, shell_line

_EVERY_SECONDS = 5.0
_MOST_HOSTS = 4


class Meter:
    """Counts what is done of one stretch of work, and for which reasons some of it failed.

    Args:
        total: how much there is; it may grow while it is being listed.
        what: what is counted, in the plural: `clips`.
        done: what earlier sessions have done of it.
        show: shows the count.
        every: seconds between two shows.
    """

    def __init__(
        self,
        total: int,
        what: str,
        done: int = 0,
        *,
        show: Callable[[Meter], None],
        every: float = _EVERY_SECONDS,
    ) -> None:
        self.total = total
        self.what = what
        self.done = done
        self.failed = 0
        self.hosts: Callable[[], dict[str, int]] = dict  # done by each, where others work too
        self.reasons: Counter[str] = Counter()
        self._show = show
        self._every = every
        self._before = done
        self._began = self._shown = time.monotonic()
        self._count_shown = -1

    def __call__(self, done: int = 1, failed: int = 0) -> None:
        """Count some more."""
        self.done += done
        self.failed += failed
        if time.monotonic() - self._shown >= self._every:
            self._shown = time.monotonic()
            self._count_shown = self.done + self.failed
            self._show(self)

    def show_last(self) -> None:
        """Show the last count, unless it was shown already."""
        if self._count_shown != self.done + self.failed or not self.total:
            self._show(self)

    @property
    def elapsed(self) -> float:
        """Return how many seconds this session has taken."""
        return time.monotonic() - self._began

    @property
    def rate(self) -> float:
        """Return what was done a second, in this session."""
        ended, elapsed = self.done + self.failed - self._before, self.elapsed
        return ended / elapsed if elapsed > 0 else 0.0

    def __str__(self) -> str:
        left = self.total - self.done - self.failed
        text = f"{self.what}: {self.done:,} of {self.total:,} done"
        if self.failed:
            text += f", {self.failed:,} failed"
        if self.reasons:
            text += f" ({by_reason(self.reasons)})"
        if left > 0 and self.rate > 0:
            seconds = left / self.rate
            text += f", {rate(self.rate)}, {duration(seconds)} left ({moment_in(seconds)})"
        return text + self.where

    @property
    def where(self) -> str:
        """Return on which hosts it was done, in words."""
        hosts = self.hosts()
        if len(hosts) > _MOST_HOSTS:
            return f", on {counted(len(hosts), 'host')}"
        named = [f"{name} {done:,}" for name, done in hosts.items()]
        return f", on {', '.join(named)}" if named else ""


class Reporter(logging.Handler):
    """Writes warnings only: the base of the others, and `--quiet`.

    It is a logging handler, so that `run.log` and the host's own warnings go the same way.
    """

    lowest = logging.WARNING

    def __init__(self) -> None:
        super().__init__(self.lowest)
        self._stream: TextIO | None = None

    def write_to(self, stream: TextIO | None) -> None:
        """Write to a stream from now on; None is stderr."""
        self._stream = stream

    def say(self, head: str, rest: str = "", style: Style = "") -> None:
        """Report one thing that happened to a person; a terminal shows its head in a style."""

    def command(self, words: Sequence[str]) -> None:
        """Report the next command to a person."""

    def event(self, event: str, **fields: Any) -> None:
        """Report one thing that happened to another program."""

    def show(self, meter: Meter) -> None:
        """Report how far work has come."""

    @contextmanager
    def progress(self, total: int, what: str, done: int = 0) -> Iterator[Meter]:
        """Show the progress of some work: every few seconds, and at its end."""
        meter = Meter(total, what, done, show=self.show)
        yield meter
        meter.show_last()

    def printed(self, line: str) -> None:
        """Write a line that a builder printed."""
        self._write(printable(line.expandtabs()))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a log record as one line on stderr."""
        self._write(f"tablehost: {printable(record.getMessage())}")

    def _write(self, line: str) -> None:
        if self._stream is None:
            say(line)
        else:
            self._stream.write(f"{line}\n")  # in one piece: another thread writes too


class Plain(Reporter):
    """Lines on stderr."""

    lowest = logging.INFO

    def say(self, head: str, rest: str = "", style: Style = "") -> None:  # noqa: ARG002  # the terminal's
        """Write a line."""
        self._write(printable(f"{head}{rest}"))

    def command(self, words: Sequence[str]) -> None:
        """Write a line."""
        self._write(f"    {shell_line(words)}")

    def show(self, meter: Meter) -> None:
        """Write a line."""
        self.say(str(meter))


class JsonLines(Reporter):
    """Events as JSON lines on stderr."""

    lowest = logging.INFO

    def event(self, event: str, **fields: Any) -> None:
        """Write one event."""
        self._write(json.dumps({"event": event, **fields}))

    def printed(self, line: str) -> None:
        """Write an event."""
        self.event("printed", line=line)

    @contextmanager
    def progress(self, total: int, what: str, done: int = 0) -> Iterator[Meter]:
        """Write an event at the start, every few seconds and at the end."""
        with super().progress(total, what, done) as meter:
            self.show(meter)
            yield meter

    def show(self, meter: Meter) -> None:
        """Write an event."""
        self.event(
            "progress",
            what=meter.what,
            total=meter.total,
            done=meter.done,
            failed=meter.failed,
            failed_by_reason=dict(meter.reasons),
            rate=round(meter.rate, 3),
            **({"hosts": hosts} if (hosts := meter.hosts()) else {}),
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write a log record as an event."""
        self.event("log", level=record.levelname.lower(), message=record.getMessage())
