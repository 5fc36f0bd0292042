"""Progress on a terminal: a bar that lives as long as the work, and lines above it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tablehost.console import screen
from tablehost.console.humane import by_reason, duration, moment_in, rate, share
from tablehost.console.reporter import Meter, Plain
from tablehost.console.text import printable

_A_SECOND = 4  # how often it is drawn
_ECHO = 3  # columns that a terminal needs to echo Ctrl-C on the same line


class Terminal(Plain):
    """A bar with done, rate and end, the failures by reason below it, and lines above it."""

    def __init__(self) -> None:
        super().__init__()
        self._console = screen.console(sys.stderr)

    def write_to(self, stream: TextIO | None) -> None:
        """Write to a stream from now on; None is stderr."""
        self._console.file = stream  # type: ignore[assignment]  # None is its default

    def printed(self, line: str) -> None:
        """Write a line that a builder printed above the bar."""
        self._print(printable(line.expandtabs()))

    def say(self, head: str, rest: str = "", style: screen.Style = "") -> None:
        """Write what happened above the bar, its beginning in a style."""
        self._print(screen.fitted(self._console.file, head, rest, style=style, hang=10))

    def command(self, words: Sequence[str]) -> None:
        """Write a command above the bar."""
        self._print(screen.fitted_command(self._console.file, words, "    "))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a log record above the bar."""
        style: screen.Style = "doubtful" if record.levelno >= logging.WARNING else ""
        self._print(screen.fitted(self._console.file, record.getMessage(), style=style))

    @contextmanager
    def progress(self, total: int, what: str, done: int = 0) -> Iterator[Meter]:
        """Show a bar, and a line at the end if anything was done."""
        with self.bar(total, what, done) as meter:
            yield meter
        if meter.done + meter.failed > done:
            self.show(meter)

    @contextmanager
    def bar(self, total: int, what: str, done: int = 0) -> Iterator[Meter]:
        """Show a bar that goes away."""
        meter = Meter(total, what, done, show=lambda _: None)
        with Live(
            get_renderable=lambda: self._drawn(meter),
            console=self._console,
            refresh_per_second=_A_SECOND,
            transient=True,
            redirect_stdout=False,  # what is printed takes its own way
            redirect_stderr=False,
        ):
            yield meter

    def _drawn(self, meter: Meter) -> Group:
        """Draw a meter as wide as the terminal is now; rich would ask the streams of builders."""
        self._console.width = screen.width(self._console.file) - _ECHO
        return _drawn(meter)

    def _print(self, text: str) -> None:
        self._console.print(Text.from_ansi(text), soft_wrap=True)


def _drawn(meter: Meter) -> Group:
    """Return a meter as a line, and others where items failed and where other hosts work."""
    ended = meter.done + meter.failed
    line = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for ratio in (None, 1, None):
        line.add_column(ratio=ratio, no_wrap=True)
    bar = ProgressBar(
        total=meter.total or 1,
        completed=ended,
        style="bright_black",
        complete_style="cyan",
        finished_style="green",
    )
    line.add_row(meter.what, bar, "  ".join(_figures(meter, ended)))
    below = []
    if meter.failed:
        reasons = f": {printable(by_reason(meter.reasons))}" if meter.reasons else ""
        failed = f"failed {meter.failed:,}{reasons}"
        below.append(Text(failed, "red", overflow="crop", no_wrap=True))
    if where := meter.where.removeprefix(", "):
        below.append(Text(printable(where), overflow="crop", no_wrap=True))
    return Group(line, *below)


def _figures(meter: Meter, ended: int) -> Iterator[str]:
    yield f"{ended:,}/{meter.total:,}"
    if not meter.rate:
        yield duration(int(meter.elapsed))
        return
    yield share(ended, meter.total)
    yield rate(meter.rate)
    if ended < meter.total:
        left = (meter.total - ended) / meter.rate
        yield f"{duration(left)} left ({moment_in(left)})"
