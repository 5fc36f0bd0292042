"""How names, numbers, options and paths are said to a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
