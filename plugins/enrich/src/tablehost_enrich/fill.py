"""Fill metadata into the rows of a table, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_type
from attrs import define, field

from tablehost.table import stored_type
from tablehost_enrich.fields import Cells


@define
class Count:
    """The rows and cells so far.

    Args:
        rows: that were filled.
        matched: of these, those that have metadata.
        cells: by key.
    """

    rows: int = 0
    matched: int = 0
    cells: dict[str, Cells] = field(factory=dict)


class Filler:
    """Fills metadata into batches of a table.

    Args:
        schema: of the filled table.
        values: by key, in the type of its column.
        names: of the clips whose values these are.
        key: the column that identifies a clip.
        overwrite: whether other values are replaced.
    """

    def __init__(
        self,
        schema: pa.Schema,
        values: Mapping[str, pa.Array],
        names: pa.Array,
        *,
        key: str,
        overwrite: bool,
    ) -> None:
        self.schema = schema
        self.count = Count(cells={name: Cells() for name in values})
        self._values = values
        self._names = names
        self._key = key
        self._overwrite = overwrite

    def matched(self, batch: pa.RecordBatch) -> int:
        """Return how many rows of a batch have metadata."""
        places = self._places(batch)
        return len(places) - int(places.null_count)

    def fill(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with the metadata in it."""
        places = self._places(batch)
        self.count.rows += len(places)
        self.count.matched += len(places) - places.null_count
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        for name, values in self._values.items():
            columns[name] = self._filled(name, columns.get(name), values.take(places))
        return pa.RecordBatch.from_arrays(list(columns.values()), schema=self.schema)

    def _places(self, batch: pa.RecordBatch) -> pa.Array:
        """Return for each row the place of its clip in the metadata; null where it is not there."""
        names = _plain(batch.column(self._key)).cast(pa.string())
        return pc.index_in(names, value_set=self._names)

    def _filled(self, name: str, old: pa.Array | None, new: pa.Array) -> pa.Array:
        count = self.count.cells[name]
        given = new.is_valid()
        if old is None or is_type.is_null(old.type):
            count.filled += given.true_count
            return new
        old = _plain(old)
        missing = old.is_null(nan_is_null=True)
        fills = pc.and_(missing, given)
        present = pc.and_not(given, missing)
        differs = pc.and_(present, _unequal(old, new))
        count.filled += fills.true_count
        count.differed += differs.true_count
        replaced = differs.true_count if self._overwrite else 0
        count.overwritten += replaced
        count.kept += present.true_count - replaced
        changes = pc.or_(fills, differs) if self._overwrite else fills
        return pc.if_else(changes, new, old)


def _plain(array: pa.Array) -> pa.Array:
    """Return an array in its stored type: without dictionaries and views."""
    return array.cast(stored_type(array.type))


def _unequal(old: pa.Array, new: pa.Array) -> pa.Array:
    if is_type.is_float16(old.type):  # which pyarrow cannot compare
        old, new = old.cast(pa.float32()), new.cast(pa.float32())
    return pc.not_equal(old, new).fill_null(False)  # noqa: FBT003
