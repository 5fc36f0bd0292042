"""The column of the teacher model in an input."""

from __future__ import annotations

import pyarrow.parquet as pq
from attrs import frozen

from tablehost_combine.columns import TEACHER

_MOST_NAMES = 5
_SCANNED_ROWS = 1 << 20


@frozen(kw_only=True)
class TeacherColumn:
    """What a column of teachers holds.

    Args:
        names: the different ones, in the order of their first row; a few suffice to refuse them.
        missing: rows without one.
    """

    names: tuple[str, ...]
    missing: int


def scan_teacher(file: pq.ParquetFile) -> TeacherColumn:
    """Read the column of the teacher, and no other."""
    names: dict[str, None] = {}
    missing = 0
    for batch in file.iter_batches(_SCANNED_ROWS, columns=[TEACHER]):
        values, counts = batch.column(0).value_counts().flatten()
        for name, count in zip(values.to_pylist(), counts.to_pylist(), strict=True):
            if name is None or not name.strip():
                missing += count
            elif len(names) < _MOST_NAMES:
                names[name] = None
    return TeacherColumn(names=tuple(names), missing=missing)
