"""The filling: metadata into the rows of a table, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_type
from attrs import define, field

from tablehost import Refused
from tablehost.parquet import is_text, value_type
from tablehost_enrich.metadata import Metadata


@define
class CellCount:
    """What became of a key's cells so far, in rows for which the metadata has a value."""

    filled: int = 0
    kept: int = 0
    overwritten: int = 0
    differed: int = 0


@define
class Count:
    """What was done so far.

    Args:
        rows: that were seen.
        matched: of these, those that have metadata.
        cells: by key.
    """

    rows: int = 0
    matched: int = 0
    cells: dict[str, CellCount] = field(factory=dict)


class Filler:
    """Fills metadata into batches of a table.

    Args:
        schema: of the table; its columns keep order and type, and new ones follow.
        metadata: what to fill in.
        key: the column that identifies a clip.
        overwrite: whether other values give way.

    Raises:
        Refused: the table has no such key, or a value does not fit into its column.
    """

    def __init__(self, schema: pa.Schema, metadata: Metadata, *, key: str, overwrite: bool) -> None:
        problems = list(_key_problems(schema, key))
        self._values = {}
        fields = {one.name: one for one in schema}
        for name, values in metadata.columns.items():
            try:
                fields[name] = _filled_field(schema, name, values.type)
                self._values[name] = _fitted(name, values, fields[name].type)
            except ValueError as error:
                problems.append(str(error))
        if problems:
            raise Refused(problems)
        self.schema = pa.schema(list(fields.values()))
        self.count = Count(cells={name: CellCount() for name in self._values})
        self._names = metadata.names
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
        """Return for each row where the metadata tells of its clip; null where it does not."""
        names = _plain(batch.column(self._key)).cast(pa.string())
        return pc.index_in(names, value_set=self._names)

    def _filled(self, name: str, old: pa.Array | None, new: pa.Array) -> pa.Array:
        count = self.count.cells[name]
        told = new.is_valid()
        if old is None or is_type.is_null(old.type):
            count.filled += _trues(told)
            return new
        old = _plain(old)
        missing = old.is_null(nan_is_null=True)
        fills = pc.and_(missing, told)
        present = pc.and_not(told, missing)
        differs = pc.and_(present, pc.not_equal(old, new).fill_null(False))  # noqa: FBT003
        count.filled += _trues(fills)
        count.differed += _trues(differs)
        replaced = _trues(differs) if self._overwrite else 0
        count.overwritten += replaced
        count.kept += _trues(present) - replaced
        changes = pc.or_(fills, differs) if self._overwrite else fills
        return pc.if_else(changes, new, old)


def _plain(array: pa.Array) -> pa.Array:
    """Take a dictionary apart, as the host does where it writes it."""
    return array.cast(value_type(array.type)) if is_type.is_dictionary(array.type) else array


def _trues(mask: pa.Array) -> int:
    return int(mask.true_count)


def _key_problems(schema: pa.Schema, key: str) -> Sequence[str]:
    if key not in schema.names:
        shown = ", ".join(schema.names[:10]) or "none"
        return [f"no column {key!r} in the table, by which to find a row's clip; it has {shown}"]
    kind = value_type(schema.field(key).type)
    if not (is_text(kind) or is_type.is_integer(kind)):
        return [f"the column {key!r} has the type {kind}; text or integers identify a clip"]
    return []


def _filled_field(schema: pa.Schema, name: str, kind: pa.DataType) -> pa.Field:
    """Return the field of a filled column: as it is, or new.

    Raises:
        ValueError: the table has one that differs in case only.
    """
    if name in schema.names:
        field = schema.field(name)
        stored = kind if is_type.is_null(field.type) else value_type(field.type)
        return pa.field(name, stored, nullable=field.nullable)
    for other in schema.names:
        if other.lower() == name.lower():
            msg = f"column {other!r} of the table differs from {name!r} in case only; rename it"
            raise ValueError(msg)
    return pa.field(name, kind)


def _fitted(name: str, values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return metadata in the type of its column.

    Raises:
        ValueError: it does not fit.
    """
    problem = f"the values of {name!r} are {values.type}, the table's column is {kind}"
    if _family(values.type) != _family(kind):
        msg = f"{problem}; convert one of them"
        raise ValueError(msg)
    try:
        return values.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        msg = f"{problem}, into which not all fit: {error}"
        raise ValueError(msg) from error


def _family(kind: pa.DataType) -> str:
    if is_type.is_integer(kind) or is_type.is_floating(kind) or is_type.is_decimal(kind):
        return "number"
    return "text" if is_text(kind) else str(kind)
