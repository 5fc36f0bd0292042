"""Numbers, sizes, times and names as a page writes them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from tablehost.console import humane
from tablehost.console.text import printable

LONGEST_NAME: Final = 64
LONGEST_VALUE: Final = 400

share = partial(humane.share, decimals=1)
"""Write a part of a whole in percent; none and all only where it is so."""


def number(value: Any, digits: int = 4) -> str:
    """Write a recorded number, date or timestamp; nothing where it is none, or is not finite."""
    if isinstance(value, str):
        return value.replace("T", " ")[:19]  # a date, or a timestamp down to its second
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ""
    return humane.number(value, digits)


def short(value: float) -> str:
    """Write a large number with three digits: `152 k`."""
    for factor, sign in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= factor:
            return f"{_three(value / factor)}{sign}"
    return _three(value)


def size(count: Any) -> str:
    """Write a recorded number of bytes: `71 KiB`; nothing where it is none."""
    return humane.size(count) if isinstance(count, int) else ""


def whole(value: Any) -> int:
    """Return a recorded count; 0 where it is none."""
    return value if isinstance(value, int) else 0


def seconds_of(moment: Any) -> float | None:
    """Return a time of a manifest as seconds since 1970; None where it is none."""
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def moment(text: Any) -> str:
    """Write a time of a manifest down to its minute."""
    return f"{text[:10]} {text[11:16]} UTC" if seconds_of(text) is not None else ""


def at(seconds: float) -> str:
    """Write seconds since 1970 as a time, down to its minute."""
    return f"{datetime.fromtimestamp(seconds, UTC):%a %Y-%m-%d %H:%M} UTC"


def clipped(text: Any, most: int = LONGEST_NAME) -> str:
    """Return a name, its middle left out where it is too long to be shown."""
    shown = printable(str(text)[: 100 * most]) if not str(text).isprintable() else str(text)
    if len(shown) <= most:
        return shown
    begin = most // 2
    return f"{shown[:begin]}…{shown[-(most - begin - 1) :]}"


def _three(value: float) -> str:
    """Write a number with three digits that count, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"  # noqa: PLR2004
