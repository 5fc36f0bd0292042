"""Lists in messages: the first few, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence

MOST = 20


def listed(texts: Sequence[str], between: str = ", ") -> str:
    """Return texts as one, the first twenty of them."""
    more = f" and {len(texts) - MOST} more" if len(texts) > MOST else ""
    return between.join(texts[:MOST]) + more
