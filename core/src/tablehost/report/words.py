"""Numbers, sizes, times and names as a page writes them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, Final

from tablehost.console import humane
from tablehost.console.text import printable

LONGEST_NAME: Final = 64
LONGEST_VALUE: Final = 400
_DIGITS: Final = 4
_MOST_PLAIN: Final = 1e6
_LEAST_PLAIN: Final = 1e-3
_WHOLE: Final = 1e15


def number(value: Any, digits: int = _DIGITS) -> str:
    """Write a number with four digits that count, a whole one with all of them."""
    if isinstance(value, str):
        return value.replace("T", " ")[:19]  # a date, or a timestamp down to its second
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ""
    if value == int(value) and abs(value) < _WHOLE:
        return f"{int(value):,}"
    if _LEAST_PLAIN <= abs(value) < _MOST_PLAIN:
        decimals = digits - 1 - math.floor(math.log10(abs(value)))
        return f"{value:,.{max(0, decimals)}f}"
    return f"{value:.{digits - 1}g}"


def short(value: float) -> str:
    """Write a large number with three digits: `152 k`."""
    for factor, sign in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= factor:
            return f"{_three(value / factor)}{sign}"
    return _three(value)


def share(part: float, whole: float) -> str:
    """Write a part of a whole in percent; none and all only where it is so."""
    if not whole:
        return "0 %"
    percent = 100 * part / whole
    if 0 < percent < 0.1:  # noqa: PLR2004  # what one decimal would round to nothing
        return "< 0.1 %"
    if 99.9 < percent < 100:  # noqa: PLR2004  # or to everything
        return "> 99.9 %"
    return f"{percent:.1f} %" if percent % 100 else f"{percent:.0f} %"


def size(number_of: Any) -> str:
    """Write a number of bytes; nothing where it is none."""
    return humane.size(number_of) if isinstance(number_of, int) else ""


def count(number_of: int, what: str) -> str:
    """Write how many of something: `1 table`, `1,200 tables`."""
    return f"{number_of:,} {what}{'' if number_of == 1 else 's'}"


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
