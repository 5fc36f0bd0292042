r"""One digest and a few statistics for every column, the same for any chunking of the rows.

**The digest of a column** is the sha256 over these lines of text, each with a newline, in this
order, and only those that its type has:

    <logical type>
    validity <sha256 of one byte a row: 1, or 0 for null>
    lengths <sha256 of one little-endian int64 a row: bytes or elements in it, 0 for null>
    values <sha256 of the rows' values, one after the other>
    child <digest of the child>          (once a field for a struct)

- Values are little-endian; null is zero bytes, a bool one byte, text its UTF-8 (null: nothing).
- Floats have no `validity` line: null and every NaN are the one quiet NaN without sign (float64:
  0x7ff8000000000000). Everything else is taken bit for bit: -0.0 is not 0.0.
- A list has `validity`, `lengths` and one child: the elements of all rows that are not null, one
  after the other. A map is a list of structs of a key and a value.
- A struct has `validity` and its fields as children; where it is null, so are they.
- A column of type null has no line but its type; a decimal is an integer of 16 bytes (32 where its
  precision is above 38).

**The logical type** tells what the values mean, not how they are laid out: every width of text is
`string`, every kind of list `list<...>`, a dictionary its values' type, an extension type its
storage. Parquet has no seconds: timestamps and times in seconds are in milliseconds, date64 is
`date`. Writing and reading back, with any codec and any chunking, leaves every digest as it is.

    >>> import hashlib, numpy, pyarrow
    >>> values = numpy.array([1.5, -0.0, numpy.nan])
    >>> lines = f"float64\nvalues {hashlib.sha256(values.tobytes()).hexdigest()}\n"
    >>> column = summarise(pyarrow.table({"x": [1.5, -0.0, None]}).to_batches()[0])[0]
    >>> column.digest == hashlib.sha256(lines.encode()).hexdigest()
    True

**Statistics** are over the values that are neither null, nor NaN, nor infinite. Mean and standard
deviation (of the population) are computed over blocks of 8,192 such values, counted from the first
row, and merged by Chan's method: the same rows give the same bits however they arrive.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.types as is_type
from attrs import define, field, frozen

from tablehost.digests import json_digest
from tablehost.errors import BrokenBuilder

BLOCK: Final = 8192
"""Rows looked at together, and values that make one term of mean and deviation."""

_ONES: Final = b"\x01" * BLOCK

Array = np.ndarray[Any, Any]


class TableError(BrokenBuilder):
    """A builder's data cannot become a table."""


@frozen
class ColumnInfo:
    """What a manifest says about one column.

    Args:
        name: the column's name.
        type: its logical type.
        digest: of its values, as the module defines it.
        nulls: how many rows have no value.
        nan: how many are NaN.
        inf: how many are infinite, of either sign.
        min: the least finite value of a column of numbers; of dates and timestamps, as ISO text.
        max: the greatest.
        mean: of numbers; None also where it is too large to tell.
        std: of numbers, their standard deviation as a population.
    """

    name: str
    type: str
    digest: str
    nulls: int
    nan: int
    inf: int
    min: float | str | None
    max: float | str | None
    mean: float | None
    std: float | None


def rows_digest(columns: Sequence[ColumnInfo], rows: int) -> str:
    """Digest the rows of a table; a manifest's `table` block is enough to compute it again.

    Args:
        columns: the table's columns, in order.
        rows: how many rows it has.

    Returns:
        The sha256 of the canonical JSON of `[rows, [[name, type, digest], ...]]`.
    """
    return json_digest([rows, [[c.name, c.type, c.digest] for c in columns]])


def summarise(*batches: pa.RecordBatch) -> tuple[ColumnInfo, ...]:
    """Summarise rows that are at hand.

    Args:
        batches: record batches of one schema, at least one, without dictionaries or views.

    Returns:
        One entry a column.
    """
    summary = ColumnsSummary(batches[0].schema)
    for batch in batches:
        summary.update(batch)
    return summary.finish()


class ColumnsSummary:
    """Digests and statistics of a table that arrives piece by piece.

    Args:
        schema: of types that `stored_type` returns.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.rows = 0
        self._columns = [_Column(each.name, each.type) for each in schema]

    def update(self, batch: pa.RecordBatch) -> None:
        """Take the next rows in.

        Args:
            batch: any number of rows.
        """
        self.rows += batch.num_rows
        with np.errstate(all="ignore"):
            for column, array in zip(self._columns, batch.columns, strict=True):
                for start in range(0, len(array), BLOCK):
                    column.update(array.slice(start, BLOCK))

    def finish(self) -> tuple[ColumnInfo, ...]:
        """Tell what was seen.

        Returns:
            One entry a column.
        """
        with np.errstate(all="ignore"):
            return tuple(column.finish() for column in self._columns)


# --------------------------------------------------------------------------------------- types


def stored_type(kind: pa.DataType) -> pa.DataType:
    """Tell as which type a type is written: one that Parquet gives back as it was.

    A dictionary becomes its values, since its codes depend on how the rows arrived; a view of
    text becomes large text; what Parquet would change by itself is changed beforehand. Views of
    lists are refused: the casts of pyarrow 26 make invalid arrays of them.

    Args:
        kind: the type that a builder hands over.

    Returns:
        The type to write; the same one where nothing is to be done.

    Raises:
        TypeError: it cannot be written.
    """
    for matches, store in _STORED:
        if matches(kind):
            return store(kind)
    if is_type.is_nested(kind) or not _has_one_width(kind):
        msg = f"type {kind} cannot be written"
        raise TypeError(msg)
    return kind


def _stored_field(child: pa.Field) -> pa.Field:
    return pa.field(child.name, stored_type(child.type), nullable=child.nullable)


def _stored_struct(kind: pa.DataType) -> pa.DataType:
    children = _fields(kind)
    if not children:
        msg = "a struct without fields cannot be written"
        raise TypeError(msg)
    if len({child.name for child in children}) < len(children):
        msg = f"{kind} has two fields of one name"
        raise TypeError(msg)
    return pa.struct([_stored_field(child) for child in children])


def _stored_extension(kind: pa.DataType) -> pa.DataType:
    storage = stored_type(kind.storage_type)
    return kind if storage == kind.storage_type else storage


def _stored_dictionary(kind: pa.DataType) -> pa.DataType:
    # the values of many rows may need more than the 2 GiB that the plain type can hold
    wide = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
    values = stored_type(kind.value_type)
    return wide.get(values, values)


def _stored_map(kind: pa.DataType) -> pa.DataType:
    return pa.map_(stored_type(kind.key_type), _stored_field(kind.item_field))


def _same(kind: pa.DataType) -> pa.DataType:
    return kind


_Rule = tuple[Callable[[Any], bool], Callable[[Any], Any]]

_STORED: tuple[_Rule, ...] = (
    (lambda t: isinstance(t, pa.BaseExtensionType), _stored_extension),
    (is_type.is_dictionary, _stored_dictionary),
    (is_type.is_string_view, lambda _: pa.large_string()),
    (is_type.is_binary_view, lambda _: pa.large_binary()),
    (is_type.is_map, _stored_map),
    (is_type.is_list, lambda t: pa.list_(_stored_field(t.value_field))),
    (
        is_type.is_fixed_size_list,
        lambda t: pa.list_(_stored_field(t.value_field), t.list_size),
    ),
    (is_type.is_large_list, lambda t: pa.large_list(_stored_field(t.value_field))),
    (is_type.is_struct, _stored_struct),
    (is_type.is_date64, lambda _: pa.date32()),
    (lambda t: t == pa.time32("s"), lambda _: pa.time32("ms")),
    (
        lambda t: is_type.is_timestamp(t) and t.unit == "s",
        lambda t: pa.timestamp("ms", tz=t.tz),
    ),
    (is_type.is_null, _same),
    (lambda t: _is_text(t) or _is_bytes(t), _same),
)


def _is_text(kind: pa.DataType) -> bool:
    return bool(is_type.is_string(kind) or is_type.is_large_string(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(is_type.is_binary(kind) or is_type.is_large_binary(kind))


def _is_any_list(kind: pa.DataType) -> bool:
    return bool(
        is_type.is_list(kind) or is_type.is_large_list(kind) or is_type.is_fixed_size_list(kind)
    )


_Name = tuple[Callable[[Any], bool], Callable[[Any], str]]

_FIXED_NAMES: tuple[_Name, ...] = (
    (is_type.is_boolean, lambda _: "bool"),
    (is_type.is_integer, str),
    (is_type.is_floating, lambda t: f"float{t.bit_width}"),
    (is_type.is_decimal, lambda t: f"decimal({t.precision}, {t.scale})"),
    (is_type.is_fixed_size_binary, lambda t: f"fixed_size_binary[{t.byte_width}]"),
    (is_type.is_date32, lambda _: "date"),
    (is_type.is_time, lambda t: f"time[{t.unit}]"),
    (is_type.is_timestamp, lambda t: f"timestamp[{t.unit}{', ' + t.tz if t.tz else ''}]"),
    (is_type.is_duration, lambda t: f"duration[{t.unit}]"),
)

_NAMES: tuple[_Name, ...] = (
    (lambda t: isinstance(t, pa.BaseExtensionType), lambda t: logical_type(t.storage_type)),
    (is_type.is_null, lambda _: "null"),
    (_is_text, lambda _: "string"),
    (_is_bytes, lambda _: "binary"),
    (is_type.is_map, lambda t: f"map<{logical_type(t.key_type)}, {logical_type(t.item_type)}>"),
    (_is_any_list, lambda t: f"list<{logical_type(t.value_type)}>"),
    (is_type.is_struct, lambda t: f"struct<{', '.join(map(_named, _fields(t)))}>"),
    *_FIXED_NAMES,
)


def logical_type(kind: pa.DataType) -> str:
    """Name a type by what its values mean.

    Args:
        kind: a type that `stored_type` accepts.

    Returns:
        The name that stands in digests and manifests.
    """
    kind = stored_type(kind)
    return next(name(kind) for matches, name in _NAMES if matches(kind))


def _named(child: pa.Field) -> str:
    return f"{json.dumps(child.name, ensure_ascii=False)}: {logical_type(child.type)}"


def _fields(kind: pa.DataType) -> list[pa.Field]:
    return [kind.field(i) for i in range(kind.num_fields)]


def _has_one_width(kind: pa.DataType) -> bool:
    return any(matches(kind) for matches, _ in _FIXED_NAMES)


def is_sized(kind: pa.DataType) -> bool:
    """Tell whether the rows of a column may differ in how many bytes they hold.

    Args:
        kind: a type that `stored_type` returned.

    Returns:
        True for text, lists and what holds them.
    """
    if isinstance(kind, pa.BaseExtensionType):
        return is_sized(kind.storage_type)
    if is_type.is_struct(kind):
        return any(is_sized(child.type) for child in _fields(kind))
    return not (is_type.is_null(kind) or _has_one_width(kind))


def estimated_width(kind: pa.DataType) -> int:
    """Guess how many bytes a value takes, from its type alone.

    Args:
        kind: a type that `stored_type` returned.

    Returns:
        Exact for types of one width, 16 for what can have any size.
    """
    if isinstance(kind, pa.BaseExtensionType):
        return estimated_width(kind.storage_type)
    if is_type.is_struct(kind):
        return sum(estimated_width(child.type) for child in _fields(kind))
    if is_type.is_fixed_size_list(kind):
        return int(kind.list_size) * estimated_width(kind.value_type)
    if not _has_one_width(kind):
        return 16
    return max(1, int(kind.bit_width) // 8)


# -------------------------------------------------------------------------------------- arrays


def _valid(array: pa.Array) -> Array | None:
    """Tell which rows have a value; None if all have."""
    if array.null_count == 0:
        return None
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False))


def _plain(array: pa.Array) -> pa.Array:
    """Take an extension type off, and a map for the list that it is."""
    if isinstance(array, pa.ExtensionArray):
        return _plain(array.storage)
    if is_type.is_map(array.type):
        return array.view(_map_as_list(array.type))
    return array


def _map_as_list(kind: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct({"key": kind.key_type, "value": kind.item_type}))


def _spans(array: pa.Array, valid: Array | None) -> tuple[Array, pa.Array, int, int]:
    """Tell the lengths of text or lists, and where their content lies in one piece.

    Args:
        array: text, bytes or list with at least one row.
        valid: as `_valid` gives it.

    Returns:
        Lengths (0 for null), the array in which the content lies, and its bounds there.
    """
    offsets = _offsets(array)
    lengths = np.diff(offsets).astype("<i8", copy=False)
    if valid is not None and lengths[~valid].any():
        # there is garbage under a null; the content of the others is moved together
        lengths = np.where(valid, lengths, 0)
        array = array.drop_null()
        offsets = _offsets(array) if len(array) else np.zeros(1, "i8")
    return lengths, array, int(offsets[0]), int(offsets[-1])


def _offsets(array: pa.Array) -> Array:
    kind = array.type
    wide = is_type.is_large_string(kind) or is_type.is_large_binary(kind)
    dtype = np.dtype("<i8" if wide or is_type.is_large_list(kind) else "<i4")
    start = array.offset * dtype.itemsize
    return np.frombuffer(array.buffers()[1], dtype, len(array) + 1, start)


def _elements(array: pa.Array, valid: Array | None) -> tuple[Array, pa.Array]:
    """Tell the lengths of lists (0 for null), and all their elements one after the other."""
    if is_type.is_fixed_size_list(array.type):
        size = np.int64(array.type.list_size)
        lengths = np.full(len(array), size) if valid is None else np.where(valid, size, 0)
        return lengths.astype("<i8", copy=False), array.flatten()
    lengths, content, first, last = _spans(array, valid)
    return lengths, content.values.slice(first, last - first)


def row_bytes(array: pa.Array) -> Array | int:
    """Tell how many bytes each row holds, whatever its layout.

    Args:
        array: of a type that `stored_type` returned.

    Returns:
        One number a row, or one for all where they are alike.
    """
    array = _plain(array)
    kind = array.type
    if is_type.is_struct(kind):
        return sum((row_bytes(child) for child in array.flatten()), 0)
    if is_type.is_null(kind) or _has_one_width(kind):
        return estimated_width(kind)
    if len(array) == 0:
        return np.zeros(0, "i8")
    if _is_text(kind) or _is_bytes(kind):
        return _spans(array, _valid(array))[0]
    lengths, elements = _elements(array, _valid(array))
    inner = row_bytes(elements)
    if isinstance(inner, int):
        return lengths * inner
    upto = np.concatenate([np.zeros(1, "i8"), np.cumsum(inner)])
    ends = np.cumsum(lengths)
    return np.asarray(upto[ends] - upto[ends - lengths])


# ------------------------------------------------------------------------------------- digests


class _Part(Protocol):
    """What is hashed of one type; nested types have parts inside parts."""

    def update(self, array: pa.Array) -> None: ...

    def digest(self) -> str: ...


_PARTS: tuple[tuple[Callable[[Any], bool], Callable[[Any, str], _Part]], ...] = (
    (is_type.is_null, lambda _, name: _NullPart(name)),
    (lambda t: _is_text(t) or _is_bytes(t), lambda _, name: _TextPart(name)),
    (is_type.is_map, lambda t, name: _ListPart(name, _part(_map_as_list(t).value_type))),
    (_is_any_list, lambda t, name: _ListPart(name, _part(t.value_type))),
    (is_type.is_struct, lambda t, name: _StructPart(name, [_part(c.type) for c in _fields(t)])),
)


def _part(kind: pa.DataType, numbers: _Statistics | None = None) -> _Part:
    if isinstance(kind, pa.BaseExtensionType):
        return _part(kind.storage_type, numbers)
    name = logical_type(kind)
    for matches, make in _PARTS:
        if matches(kind):
            return make(kind, name)
    make_fixed = _FloatPart if is_type.is_floating(kind) else _FixedPart
    return make_fixed(name, numbers)


class _NullPart:
    def __init__(self, name: str) -> None:
        self._name = name

    def update(self, array: pa.Array) -> None:
        """See nothing: there is nothing but the number of rows."""

    def digest(self) -> str:
        return _combined(self._name)


class _FloatPart:
    def __init__(self, name: str, numbers: _Statistics | None) -> None:
        self._name = name
        self._numbers = numbers
        self._values = hashlib.sha256()

    def update(self, array: pa.Array) -> None:
        if len(array) == 0:
            return
        dtype = np.dtype(f"<f{array.type.bit_width // 8}")
        values = _fixed_values(array, dtype)
        valid = _valid(array)
        if valid is not None:
            values = np.where(valid, values, dtype.type(np.nan))
        low, high = values.min(), values.max()
        absent = None
        if np.isnan(low):  # as soon as one of the values is
            absent = np.isnan(values)
            values = np.where(absent, dtype.type(np.nan), values)
        self._values.update(values.data)
        if self._numbers is None:
            return
        if absent is None and np.isfinite(low) and np.isfinite(high):
            self._numbers.add(values, float(low), float(high))
            return
        nan = 0 if absent is None else int(np.count_nonzero(absent))
        finite = values[np.isfinite(values)]
        self._numbers.nan += nan - array.null_count
        self._numbers.inf += len(values) - len(finite) - nan
        if len(finite):
            self._numbers.add(finite, float(finite.min()), float(finite.max()))

    def digest(self) -> str:
        return _combined(self._name, values=self._values)


class _FixedPart:
    def __init__(self, name: str, numbers: _Statistics | None) -> None:
        self._name = name
        self._numbers = numbers
        self._validity = hashlib.sha256()
        self._values = hashlib.sha256()

    def update(self, array: pa.Array) -> None:
        if len(array) == 0:
            return
        array = _uniform(array)
        width = array.type.bit_width // 8
        valid = _valid(array)
        _hash_validity(self._validity, valid, len(array))
        if valid is None:
            start = array.offset * width
            data = memoryview(array.buffers()[1]) if width else memoryview(b"")
            self._values.update(data[start : start + len(array) * width])
        else:
            raw = np.zeros((len(array), width), "u1")
            raw[valid] = _bytes_of(array, width)[valid]
            self._values.update(raw.reshape(-1).data)
        if self._numbers is not None:
            values = _fixed_values(array, self._numbers.dtype)
            values = values if valid is None else values[valid]
            if len(values):
                self._numbers.add(values, int(values.min()), int(values.max()))

    def digest(self) -> str:
        return _combined(self._name, validity=self._validity, values=self._values)


class _TextPart:
    def __init__(self, name: str) -> None:
        self._name = name
        self._validity = hashlib.sha256()
        self._lengths = hashlib.sha256()
        self._values = hashlib.sha256()

    def update(self, array: pa.Array) -> None:
        if len(array) == 0:
            return
        valid = _valid(array)
        _hash_validity(self._validity, valid, len(array))
        lengths, content, first, last = _spans(array, valid)
        self._lengths.update(lengths.data)
        if last > first:
            self._values.update(memoryview(content.buffers()[2])[first:last])

    def digest(self) -> str:
        return _combined(
            self._name, validity=self._validity, lengths=self._lengths, values=self._values
        )


class _ListPart:
    def __init__(self, name: str, child: _Part) -> None:
        self._name = name
        self._child = child
        self._validity = hashlib.sha256()
        self._lengths = hashlib.sha256()

    def update(self, array: pa.Array) -> None:
        if len(array) == 0:
            return
        array = _plain(array)
        valid = _valid(array)
        _hash_validity(self._validity, valid, len(array))
        lengths, elements = _elements(array, valid)
        self._lengths.update(lengths.data)
        self._child.update(_plain(elements))

    def digest(self) -> str:
        return _combined(
            self._name,
            validity=self._validity,
            lengths=self._lengths,
            children=[self._child.digest()],
        )


class _StructPart:
    def __init__(self, name: str, children: list[_Part]) -> None:
        self._name = name
        self._children = children
        self._validity = hashlib.sha256()

    def update(self, array: pa.Array) -> None:
        if len(array) == 0:
            return
        _hash_validity(self._validity, _valid(array), len(array))
        for part, child in zip(self._children, array.flatten(), strict=True):
            part.update(_plain(child))

    def digest(self) -> str:
        children = [child.digest() for child in self._children]
        return _combined(self._name, validity=self._validity, children=children)


def _combined(name: str, *, children: Sequence[str] = (), **parts: Any) -> str:
    lines = [name, *(f"{part} {digest.hexdigest()}" for part, digest in parts.items())]
    lines += [f"child {child}" for child in children]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _hash_validity(digest: Any, valid: Array | None, rows: int) -> None:
    if valid is not None:
        digest.update(valid.view("u1"))
        return
    whole, rest = divmod(rows, len(_ONES))
    for _ in range(whole):
        digest.update(_ONES)
    digest.update(_ONES[:rest])


def _bytes_of(array: pa.Array, width: int) -> Array:
    """Look at the values as rows of bytes."""
    if width == 0:
        return np.zeros((len(array), 0), "u1")
    start, count = array.offset * width, len(array) * width
    return np.frombuffer(array.buffers()[1], "u1", count, start).reshape(-1, width)


def _fixed_values(array: pa.Array, dtype: Any) -> Array:
    """Look at the values where they lie; under a null lies anything."""
    dtype = np.dtype(dtype)
    return np.frombuffer(array.buffers()[1], dtype, len(array), array.offset * dtype.itemsize)


def _uniform(array: pa.Array) -> pa.Array:
    """Give a bool a byte and a decimal the width that its precision asks for."""
    kind = array.type
    if is_type.is_boolean(kind):
        return array.cast(pa.uint8())
    if is_type.is_decimal(kind):
        wide = pa.decimal256 if kind.precision > 38 else pa.decimal128  # noqa: PLR2004
        return array.cast(wide(kind.precision, kind.scale))
    return array


# ---------------------------------------------------------------------------------- statistics


@define
class _Statistics:
    """Bounds, and mean and deviation over blocks of values.

    Args:
        dtype: of the values, where they are not floats.
        moments: whether mean and deviation mean anything.
        said: how a bound is written.
    """

    dtype: Any
    moments: bool
    said: Callable[[Any], float | str | None]
    nan: int = 0
    inf: int = 0
    low: float | None = None
    high: float | None = None
    _count: int = 0
    _mean: float = 0.0
    _squares: float = 0.0
    _waiting: Array | None = None
    _filled: int = 0

    def add(self, values: Array, low: float, high: float) -> None:
        """Take the next values in.

        Args:
            values: finite ones, at least one.
            low: the least of them.
            high: the greatest.
        """
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        if not self.moments:
            return
        start = 0
        if self._filled:
            start = self._wait(values[: BLOCK - self._filled])
        while len(values) - start >= BLOCK:
            self._merge(values[start : start + BLOCK])
            start += BLOCK
        self._wait(values[start:])

    def _wait(self, values: Array) -> int:
        """Lay up values until a block is full."""
        if len(values) and self._waiting is None:
            # of the values' own type: a large integer must not be rounded twice
            self._waiting = np.empty(BLOCK, values.dtype)
        if self._waiting is not None:
            self._waiting[self._filled : self._filled + len(values)] = values
        self._filled += len(values)
        if self._filled == BLOCK:
            self._merge(self._waiting)
            self._filled = 0
        return len(values)

    def _merge(self, values: Any) -> None:
        """Merge a block; distances from its first value keep a constant column's deviation 0."""
        count = len(values)
        first = float(values[0])
        away = values.astype("f8")
        away -= first
        middle = float(away.sum()) / count
        away -= middle
        away *= away
        mean, squares = first + middle, float(away.sum())
        if self._count == 0:
            self._count, self._mean, self._squares = count, mean, squares
            return
        apart, total = mean - self._mean, self._count + count
        self._mean += apart * (count / total)
        self._squares += squares + apart * apart * (self._count * (count / total))
        self._count = total

    def finish(self) -> tuple[float | str | None, ...]:
        """Tell min, max, mean and deviation."""
        if self._filled and self._waiting is not None:
            self._merge(self._waiting[: self._filled])
            self._filled = 0
        if self.low is None or self.high is None:
            return None, None, None, None
        bounds = self.said(self.low), self.said(self.high)
        if not self._count:
            return *bounds, None, None
        mean = min(max(self._mean, float(self.low)), float(self.high)) + 0.0
        std = float(np.sqrt(self._squares / self._count))
        # what cannot be told cannot be told by halves
        if not np.isfinite([self._mean, std]).all():
            return *bounds, None, None
        return *bounds, mean, std


def _statistics(kind: pa.DataType) -> _Statistics | None:
    if isinstance(kind, pa.BaseExtensionType):
        return _statistics(kind.storage_type)
    if is_type.is_integer(kind):
        sign = "i" if is_type.is_signed_integer(kind) else "u"
        return _Statistics(f"<{sign}{kind.bit_width // 8}", moments=True, said=int)
    if is_type.is_floating(kind):
        return _Statistics(None, moments=True, said=lambda value: value + 0.0)  # -0.0 is 0.0 here
    if is_type.is_date32(kind):
        return _Statistics("<i4", moments=False, said=lambda day: _iso(day, "D"))
    if is_type.is_timestamp(kind):
        zone = "Z" if kind.tz else ""
        return _Statistics("<i8", moments=False, said=lambda at: _iso(at, kind.unit, zone))
    return None


def _iso(value: int, unit: Any, zone: str = "") -> str | None:
    when = np.datetime64(value, unit)
    return None if np.isnat(when) else f"{when}{zone}"


@define(init=False)
class _Column:
    """One column of a table."""

    name: str
    kind: str
    nulls: int
    _statistics: _Statistics | None
    _part: _Part = field(repr=False)

    def __init__(self, name: str, kind: pa.DataType) -> None:
        self.name = name
        self.kind = logical_type(kind)
        self.nulls = 0
        self._statistics = _statistics(kind)
        self._part = _part(kind, self._statistics)

    def update(self, array: pa.Array) -> None:
        self.nulls += array.null_count
        self._part.update(_plain(array))

    def finish(self) -> ColumnInfo:
        seen = self._statistics or _Statistics(None, moments=False, said=str)
        low, high, mean, std = seen.finish()
        return ColumnInfo(
            name=self.name,
            type=self.kind,
            digest=self._part.digest(),
            nulls=self.nulls,
            nan=seen.nan,
            inf=seen.inf,
            min=low,
            max=high,
            mean=mean,  # type: ignore[arg-type]
            std=std,  # type: ignore[arg-type]
        )
