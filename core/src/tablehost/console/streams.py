"""The standard streams of the process: always there, and named where they fail."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Answer(io.TextIOWrapper):
    """Stdout, whose failures name it: else they look like those of a file."""

    def write(self, text: str) -> int:
        """Write text."""
        with _named_stdout():
            return super().write(text)

    def flush(self) -> None:
        """Write what is buffered."""
        with _named_stdout():
            super().flush()


@contextmanager
def _named_stdout() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from error


def prepare() -> None:
    """Make the standard streams what the command line expects, however the process was started.

    One that is missing gets its place back: else the next file that is opened has it, and what a
    library prints is written there. Writing to a missing stdout still fails, as it should.
    """
    for name, access in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            place = os.open(os.devnull, access)
            os.set_inheritable(place, True)  # noqa: FBT003  # the function's only form
            text = open(place, "r" if name == "stdin" else "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # open to the end
            setattr(sys, name, text)
    out = sys.stdout
    raw = open(out.fileno(), "wb", closefd=False)  # noqa: SIM115  # open to the end
    sys.stdout = Answer(raw, out.encoding, out.errors, line_buffering=bool(out.line_buffering))


def say(line: str) -> None:
    """Write one line on stderr, at once; where that fails, there is no place left to say so."""
    with suppress(OSError):
        sys.stderr.write(f"{line}\n")  # in one piece: other threads write too
        sys.stderr.flush()


def give_up_failing() -> None:
    """Let what a stream could not take go nowhere: Python would try again at its end, and fail."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


class Lasting(io.TextIOWrapper):
    """A stream of text that drops what it cannot write, such as to a terminal that is gone."""

    def write(self, text: str) -> int:
        """Write text, if that is possible."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, if that is possible."""
        with suppress(OSError):
            super().flush()


@contextmanager
def stdout_aside() -> Iterator[None]:
    """Send to stderr what is printed on stdout, also by code that is not Python's."""
    if not is_descriptor(sys.stdout, 1):
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def is_descriptor(stream: object, number: int) -> bool:
    """Return whether a stream writes to a descriptor, and not to memory as in a test."""
    try:
        return bool(stream.fileno() == number)  # type: ignore[attr-defined]  # asked for here
    except (AttributeError, OSError, ValueError):
        return False
