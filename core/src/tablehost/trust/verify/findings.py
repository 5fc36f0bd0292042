"""The kinds of drift, and one finding of a kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from attrs import field, frozen

Verdict = Literal[
    "torn",
    "no-manifest",
    "not-its-manifest",
    "rows-changed",
    "columns-changed",
    "inputs-changed",
    "unverifiable",
    "missing-values-recoded",
    "rewritten",
    "intact",
]
"""What a table is beside its manifest, the most severe first."""


@frozen(kw_only=True)
class Finding:
    """One thing that is not as the manifest says.

    Args:
        verdict: its kind.
        why: sentences for a person.
        which: the same for a program, complete.
    """

    verdict: Verdict
    why: tuple[str, ...]
    which: Mapping[str, Any] = field(factory=dict)

    @property
    def severity(self) -> int:
        """Return its place among the kinds: 0 is the most severe."""
        return get_args(Verdict).index(self.verdict)


def unverifiable(why: str) -> Finding:
    """Return the finding that something cannot be told.

    Args:
        why: what is missing to tell.
    """
    return Finding(verdict="unverifiable", why=(why,))
