"""Text for people: safe to show, counted, shortened, dated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path


def printable(text: str) -> str:
    """Return text with control characters, terminal escapes and stray bytes made visible."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def utc_now() -> str:
    """Return the time as the manifest writes it: `2026-05-21T09:30:00.123456Z`."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


SHOWN = 12
"""So many names are shown to a person; a program gets them all."""


def some(names: Sequence[str]) -> str:
    """Name the first ones, and tell how many there are more."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def counted(number: int, what: str) -> str:
    """Say how many there are: `1 row`, `2 rows`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def flag(option: str) -> str:
    """Return what the command line calls an option."""
    return "--" + option.replace("_", "-")


def shown(path: Path) -> str:
    """Return a path as somebody in the working directory would type it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
