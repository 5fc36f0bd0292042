"""Numbers, sizes and times as a person reads them; `--json` has every digit."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

_DIGITS: Final = 4
_MOST_DIGITS: Final = 17
_PLAIN: Final = (1e-3, 1e6)
_WHOLE: Final = 1e15
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_RECORDED: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def number(value: Any, digits: int = _DIGITS) -> str:
    """Return a number with so many digits that count, and a whole one with all of them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < _WHOLE:
        return f"{int(value):,}"
    if _PLAIN[0] <= abs(value) < _PLAIN[1]:
        decimals = digits - 1 - math.floor(math.log10(abs(value)))
        return _trimmed(f"{value:,.{max(0, decimals)}f}")
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{_trimmed(mantissa)}e{int(exponent)}"


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def different(*values: Any, most: int = _MOST_DIGITS) -> list[str]:
    """Return numbers with as many digits as it takes to see that the outer ones differ."""
    found: list[str] = []
    for digits in range(_DIGITS, most + 1):
        found = [number(one, digits) for one in values]
        if found[0] != found[-1]:
            break
    return found


def size(count: int) -> str:
    """Return a number of bytes: `71 KiB`."""
    for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if count >= 1000 * 2 ** (power - 10):
            amount = count / 2**power
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:,.0f} {unit}"  # noqa: PLR2004  # two digits
    return f"{count} bytes" if count != 1 else "1 byte"


def duration(seconds: float) -> str:
    """Return a duration in at most two units: `0.2 s`, `3 min 05 s`, `3 h 05 min`, `62 h`."""
    if 0 < seconds < 10:  # noqa: PLR2004  # one digit more
        return f"{seconds:.1f} s" if round(seconds, 1) % 1 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    if whole < 10 * _HOUR:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
    return f"{whole / _HOUR:.0f} h" if whole < 5 * _DAY else f"{whole / _DAY:.0f} days"


def rate(per_second: float) -> str:
    """Return how many a second, or a minute or an hour where that is less than one."""
    for factor, unit in ((1, "s"), (_MINUTE, "min"), (_HOUR, "h")):
        if per_second * factor >= 1 or unit == "h":
            break
    amount = per_second * factor
    return f"{amount:.1f}/{unit}" if amount < 100 else f"{amount:,.0f}/{unit}"  # noqa: PLR2004  # three digits


def moment_in(seconds: float) -> str:
    """Return the local time after some seconds: `08:10`, `Thu 08:10`, or `24 Nov`."""
    now = time.time()
    then = time.localtime(now + seconds)
    if time.localtime(now)[:3] == then[:3]:
        return time.strftime("%H:%M", then)
    return time.strftime("%a %H:%M" if seconds < 6 * _DAY else "%-d %b %Y", then)


def moment(text: Any) -> str:
    """Return a time of a manifest as the local one: `24 Nov 11:01`; other text as it is."""
    try:
        then = datetime.fromisoformat(text).astimezone()
    except (TypeError, ValueError, OverflowError):
        return str(text)
    year = "" if then.year == time.localtime().tm_year else " %Y"
    return f"{then:%-d %b{year} %H:%M}"


def with_moments(text: str) -> str:
    """Return a sentence of ours with the times of the record in it as local ones."""
    return _RECORDED.sub(lambda found: moment(found[0]), text)


def between(began: Any, ended: Any) -> float | None:
    """Return how many seconds are between two times of a manifest; None where that is unknown."""
    try:
        return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
    except (TypeError, ValueError):
        return None


def share(part: float, whole: float, decimals: int = 0) -> str:
    """Return a part of a whole in percent; none and all only where it is so."""
    if not whole or not part:
        return "0 %"
    if part >= whole:
        return "100 %"
    percent, least = 100 * part / whole, 10.0**-decimals
    if percent < least:
        return f"< {least:g} %"
    return f"{min(percent, 100 - least):.{decimals}f} %"


def by_reason(reasons: Mapping[str, int]) -> str:
    """Return how many failed for which reason, the most frequent first."""
    ordered = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{reason} {count:,}" for reason, count in ordered)
