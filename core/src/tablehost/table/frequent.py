"""The frequent texts of a column: the same for any chunking and any order of its rows."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tablehost.table.column import Texts

SHOWN: Final = 8
MOST_TEXTS: Final = 4096
LONGEST: Final = 256
"""The most bytes of a text; a longer one is content, not a name for something."""


class TextCounts:
    """Counts texts that arrive piece by piece, until they are too many or too long."""

    def __init__(self) -> None:
        self._counts: Counter[str] | None = Counter()

    def update(self, texts: pa.Array) -> None:
        """Add the next texts, without nulls."""
        if self._counts is None:
            return
        found = _counted(texts)
        if found is not None:
            self._counts.update(found)
        if found is None or len(self._counts) > MOST_TEXTS:
            self._counts = None

    def finish(self) -> Texts:
        """Return how many different texts there were, and the most frequent ones."""
        if self._counts is None:
            return Texts(distinct=None, most={})
        ranked = sorted(self._counts.items(), key=lambda one: (-one[1], one[0]))
        return Texts(distinct=len(ranked), most=dict(ranked[:SHOWN]))


def _counted(texts: pa.Array) -> dict[str, int] | None:
    """Count each text; None where these are not to be counted."""
    found = pc.value_counts(texts)
    different = found.field("values")
    if len(different) > MOST_TEXTS:
        return None
    if len(different) and pc.max(pc.binary_length(different)).as_py() > LONGEST:
        return None
    try:
        names = different.to_pylist()
    except UnicodeDecodeError:
        return None
    return dict(zip(names, found.field("counts").to_pylist(), strict=True))
