"""What a builder prints: line by line to a reporter, so that stdout is the host's alone."""

from __future__ import annotations

import fcntl
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING

from tablehost.console.streams import Lasting, is_descriptor

if TYPE_CHECKING:  # a builder may print while `--help` imports it
    from tablehost.console.reporter import Reporter

_ROOM = 1 << 20  # as much as an unprivileged process may ask for
_LONGEST = 1 << 20
_MARGIN = 1 << 12  # what is cut off together with a line's end: part of a secret may be in it
_LINE_END = re.compile(rb"\r\n|\n|\r")


class Printed:
    """Lines on their way to a reporter; they wait until it is known what a secret is.

    Args:
        reporter: gets the lines.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._lock = Lock()
        self._waiting: list[str] = []
        self._redact: Callable[[str], str] | None = None

    def remove(self, redact: Callable[[str], str]) -> None:
        """Remove secrets from every line from now on, and from those that wait."""
        with self._lock:
            self._redact = redact
            for line in self._waiting:
                self._reporter.printed(redact(line))
            self._waiting.clear()

    def end(self) -> None:
        """Report the lines that still wait."""
        self.remove(self._redact or str)

    def line(self, text: bytes) -> None:
        """Report a line."""
        line = text.decode(errors="backslashreplace")
        with self._lock:
            if self._redact is None:
                self._waiting.append(line)
            else:
                self._reporter.printed(self._redact(line))


@contextmanager
def printing_to(reporter: Reporter) -> Iterator[Printed]:
    """Give what this process and its children print, on stdout and stderr, to a reporter.

    The descriptors are replaced, so that processes and libraries in C are caught too. The
    reporter itself writes to stderr as it was.

    Args:
        reporter: shows the lines on stderr.
    """
    printed = Printed(reporter)
    if not (is_descriptor(sys.stdout, 1) and is_descriptor(sys.stderr, 2)):
        yield printed  # they were replaced already
        return
    with ExitStack() as undo:
        undo.callback(printed.end)
        undo.callback(reporter.write_to, None)
        own = Lasting(os.fdopen(os.dup(2), "wb"), "utf-8", "backslashreplace", line_buffering=True)
        undo.callback(_close, own)
        reporter.write_to(own)
        undo.enter_context(_read_on_a_thread(printed))
        yield printed


@contextmanager
def kept_back() -> Iterator[list[bytes]]:
    """Keep what is printed on stderr, as lines, until it is known how to show it."""
    lines: list[bytes] = []
    if not (is_descriptor(sys.stderr, 2) and hasattr(os, "memfd_create")):
        yield lines
        return
    with os.fdopen(os.memfd_create("printed"), "r+b") as file:
        try:
            with _replaced(sys.stderr, 2, file.fileno()):
                yield lines
        finally:
            file.seek(0)
            *whole, last = _LINE_END.split(file.read())
            lines += [*whole, last] if last else whole


@contextmanager
def _read_on_a_thread(printed: Printed) -> Iterator[None]:
    """Replace stdout and stderr by a pipe that a thread reads.

    The thread ends at a mark, not at the end of the pipe: a process that a builder leaves behind
    may hold that open for ever.
    """
    reading, writing = os.pipe()
    with suppress(OSError, AttributeError):  # the more room, the longer may code in C print alone
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _ROOM)
    mark = os.urandom(16).hex().encode() + b"\n"
    reader = Thread(target=_read, args=(reading, mark, printed), daemon=True)
    reader.start()
    before = sys.stdout.line_buffering
    try:
        with _replaced(sys.stdout, 1, writing), _replaced(sys.stderr, 2, writing):
            sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a descriptor's
            yield
    finally:
        sys.stdout.reconfigure(line_buffering=before)  # type: ignore[union-attr]  # a descriptor's
        os.write(writing, mark)
        reader.join()
        os.close(writing)
        os.close(reading)


@contextmanager
def _replaced(stream: object, number: int, writing: int) -> Iterator[None]:
    """Let a stream's descriptor be another one for a while."""
    flush = stream.flush  # type: ignore[attr-defined]  # a stream
    with suppress(OSError):
        flush()
    kept = os.dup(number)
    os.dup2(writing, number)
    try:
        yield
    finally:
        with suppress(OSError):
            flush()
        os.dup2(kept, number)
        os.close(kept)


def _read(reading: int, mark: bytes, printed: Printed) -> None:
    """Read lines until the mark; a line without an end is cut."""
    rest = b""
    while True:
        *lines, rest = _LINE_END.split(rest + os.read(reading, 1 << 16))
        for line in lines:
            if line.endswith(mark[:-1]):
                if last := line[: 1 - len(mark)]:
                    _show(printed, last)
                return
            _show(printed, line)
        if len(rest) > _LONGEST:
            _show(printed, rest[:-_MARGIN] + b"... (cut)")
            rest = b""


def _show(printed: Printed, line: bytes) -> None:
    with suppress(Exception):  # the pipe must be read on, or its writers hang
        printed.line(line)


def _close(stream: Lasting) -> None:
    with suppress(OSError):
        stream.close()
