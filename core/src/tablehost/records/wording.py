"""Lists and problems in messages: the first few, and how many more there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tablehost.console.text import counted, first, some
from tablehost.records.rows import MalformedLine

MOST = 20


def listed(texts: Sequence[str], between: str = ", ") -> str:
    """Return the first twenty texts as one, and how many more there are."""
    return some(texts, MOST, between)


def first_problems(problems: Sequence[str]) -> list[str]:
    """Return the first twenty problems, and how many more there are."""
    return first(problems, MOST, " problems")


def malformed_lines(malformed: Iterable[MalformedLine]) -> str:
    """Return lines that are left out as one text, by their reason."""
    lines = defaultdict(list)
    for one in malformed:
        lines[one.reason].append(str(one.line))
    by_reason = [
        f"line{'s' if len(numbers) > 1 else ''} {listed(numbers)}: {reason}"
        for reason, numbers in lines.items()
    ]
    count = counted(sum(map(len, lines.values())), "malformed line")
    return f"{count} left out: {listed(by_reason, '; ')}; correct or delete what is malformed"
