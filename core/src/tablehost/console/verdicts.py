"""The style in which each verdict is shown."""

from __future__ import annotations

from typing import Final

from tablehost.console.screen import Style

_GOOD: Final = {
    "complete",
    "nothing-to-do",
    "intact",
    "current",
    "same",
    "reproduced-bytes",
    "reproduced-rows",
    "within-tolerance",
    "ready",
}
_DOUBTFUL: Final = {
    "partial",
    "interrupted",
    "rewritten",
    "missing-values-recoded",
    "unverifiable",
    "inputs-changed",
    "code-changed",
    "environment-changed",
    "cannot",
    "stale",
    "unknown",
    "different",
    "running",
    "stopped",
}


def style_of(verdict: str) -> Style:
    """Return the style of a verdict."""
    if verdict in _GOOD:
        return "good"
    return "doubtful" if verdict in _DOUBTFUL else "bad"
