"""The rows of the table: what the engine measured, joined with labels and metadata."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from tablehost.records import Records
    from tablehost_extract_k150k.score import ClipRow

BLOCK = 4096


def record_batches(
    rows: Iterable[ClipRow],
    schema: pa.Schema,
    *,
    labels: Mapping[str, float],
    metadata: Records,
    leave_out: Collection[str] = (),
) -> Iterator[pa.RecordBatch]:
    """Yield the table in blocks, in the order of the rows.

    Args:
        rows: what was measured.
        schema: of the table.
        labels: by clip name.
        metadata: by clip name.
        leave_out: names of clips that may not become rows.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = (row for row in rows if row.clip_name not in leave_out)
    while block := list(islice(kept, BLOCK)):
        measured = zip(*(_measured(row, labels) for row in block), strict=True)
        arrays = [
            pa.array(values, kind, from_pandas=False)
            for values, kind in zip(measured, schema.types, strict=False)
        ]
        places = pc.index_in(arrays[0], value_set=metadata.names)
        arrays += [values.take(places) for values in metadata.columns.values()]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _measured(row: ClipRow, labels: Mapping[str, float]) -> list[Any]:
    features = [
        math.nan if value is None else value
        for pair in zip(row.means, row.stds, strict=True)
        for value in pair
    ]
    return [
        row.clip_name,
        labels.get(row.clip_name),
        row.width,
        row.height,
        row.fps,
        row.is_hdr,
        row.motion_fps_weight,
        *features,
    ]
