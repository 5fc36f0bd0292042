"""Text for people: escaped, counted, shortened, dated."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path


def printable(text: str) -> str:
    """Return text with control characters, terminal escapes and undecodable bytes made visible."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def shell_line(command: Sequence[str]) -> str:
    """Quote a command for a shell, in one line and without control characters."""
    return " ".join(map(_quoted, command))


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    escaped = (
        one
        if one.isprintable() and one not in "\\'"
        else "".join(map("\\x{:02x}".format, _bytes(one)))
        for one in word
    )
    return f"$'{''.join(escaped)}'"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def utc_now() -> str:
    """Return the time as the manifest writes it: `2026-05-21T09:30:00.123456Z`."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


SHOWN = 12
"""The most names that a message lists; a program gets them all."""


def some(
    names: Sequence[str], most: int = SHOWN, between: str = ", ", *, of: int | None = None
) -> str:
    """List the first names, and how many more there are: `a, b and 3 more`.

    Args:
        names: all of them, or the first.
        most: how many to list.
        between: what separates them.
        of: how many there are, if not all are given.
    """
    more = (len(names) if of is None else of) - len(names[:most])
    return between.join(names[:most]) + (f" and {more} more" if more > 0 else "")


def first(lines: Sequence[str], most: int, rest: str = "") -> list[str]:
    """Return the first lines and, if there are others, one that says how many.

    Args:
        lines: all of them.
        most: how many to return.
        rest: where the others are, such as `; --json has them all`.
    """
    more = len(lines) - most
    return [*lines[:most], *([f"and {more} more{rest}"] if more > 0 else [])]


def counted(number: int, what: str) -> str:
    """Return a count with its noun: `1 row`, `2,000 rows`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def shown(path: Path) -> str:
    """Return a path relative to the working directory where it is below it, else as it is."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
