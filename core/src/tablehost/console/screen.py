"""A standard stream as a person sees it: in colour and wrapped on a terminal, else plain lines.

What is piped has one line for each thing that is said, however long it is.
"""

from __future__ import annotations

import math
import os
import sys
import textwrap
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Final, Literal

from tablehost.console.text import printable, shell_line

if TYPE_CHECKING:
    from rich.console import Console

Style = Literal["good", "doubtful", "bad", "dim", "bold", ""]

_CODES: Final = {"good": "32", "doubtful": "33", "bad": "31", "dim": "2", "bold": "1"}
_NARROWEST: Final = 20  # below it, wrapped lines would hold a word each
_USUAL: Final = 80
_CONTINUED: Final = " " * 8


def is_terminal(stream: IO[str]) -> bool:
    """Return whether a stream is a terminal."""
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False


def can_draw(stream: IO[str]) -> bool:
    """Return whether a stream is a terminal that takes more than the characters of ASCII."""
    return is_terminal(stream) and str(getattr(stream, "encoding", "")).lower().startswith("utf")


def has_colour(stream: IO[str]) -> bool:
    """Return whether a stream is a terminal that is to be coloured."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return is_terminal(stream) and not plain


def width(stream: IO[str]) -> int:
    """Return how many columns a terminal has."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except (OSError, ValueError):
        return _USUAL


def fitted(stream: IO[str], head: str, rest: str = "", *, style: Style = "", hang: int = 4) -> str:
    """Return what is said as a stream shows it.

    Args:
        stream: where it is written.
        head: how it begins; in a style where the stream has colours.
        rest: how it goes on.
        style: of the head.
        hang: on a terminal, how much farther lines are indented than the first.
    """
    head, text = printable(head), printable(f"{head}{rest}").replace("\n", "\\n")
    if is_terminal(stream):
        text = wrapped(text, width(stream), hang)
    if style and has_colour(stream):
        text = f"\x1b[{_CODES[style]}m{text[: len(head)]}\x1b[0m{text[len(head) :]}"
    return text


def say(head: str, rest: str = "", *, style: Style = "", hang: int = 4) -> None:
    """Say something on stdout, as `fitted` shows it, at once."""
    print(fitted(sys.stdout, head, rest, style=style, hang=hang), flush=True)


def fitted_command(stream: IO[str], words: Sequence[str], before: str = "") -> str:
    """Return a command to be copied: on a terminal, lines that a shell joins.

    Args:
        stream: where it is written.
        words: of the command.
        before: what the first line begins with.
    """
    lines = [before + shell_line(words[:1])]
    most = width(stream) - len(" \\ ") if is_terminal(stream) else math.inf
    for word in words[1:]:
        quoted = shell_line([word])
        if len(lines[-1]) + 1 + len(quoted) < most:
            lines[-1] += f" {quoted}"
        else:
            lines.append(f"{_CONTINUED}{quoted}")
    return " \\\n".join(lines)


def console(stream: IO[str]) -> Console:
    """Return a console of rich that shows on a stream what the rest of this module would."""
    from rich.console import Console  # heavier than the rest of most commands

    return Console(
        file=stream,
        width=width(stream),
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=is_terminal(stream),
        color_system="auto" if has_colour(stream) else None,
    )


def wrapped(text: str, columns: int, hang: int) -> str:
    """Break a line between its words; a word that is too long for a line stays whole."""
    if len(text) < columns or columns < _NARROWEST:
        return text
    lines = textwrap.wrap(
        text,
        columns - 1,  # a full line would let some terminals add an empty one
        subsequent_indent=" " * (len(text) - len(text.lstrip()) + hang),
        break_long_words=False,
        break_on_hyphens=False,
        expand_tabs=False,
        replace_whitespace=False,
    )
    return "\n".join(lines)
