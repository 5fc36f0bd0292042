"""The verdicts of `verify`, and one finding with its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

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
"""How a table compares with its manifest, the most severe first."""


@frozen(kw_only=True)
class Finding:
    """One thing that is not as the manifest records.

    Args:
        verdict: what the table is because of it.
        why: sentences for a person.
        which: the same for a program, complete.
    """

    verdict: Verdict
    why: tuple[str, ...]
    which: Mapping[str, Any] = field(factory=dict)


def unverifiable(why: str) -> Finding:
    """Return the finding that something cannot be verified."""
    return Finding(verdict="unverifiable", why=(why,))
