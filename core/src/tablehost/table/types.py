"""Arrow types: stored form and logical name.

The *stored* type is one that Parquet reads back unchanged. The *logical* type names what the values
mean, not their layout: every width of text is `string`, every kind of list `list<...>`, a
dictionary its values' type, an extension type its storage. Parquet has no seconds: timestamps and
times in seconds are in milliseconds, date64 is `date`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.types as is_type

_Matches = Callable[[Any], bool]


def stored_type(kind: pa.DataType) -> pa.DataType:
    """Return the type in which values of a type are written.

    A dictionary becomes its values, since its codes depend on how the rows arrived; a view of
    text becomes large text; what Parquet itself would change is changed beforehand. Views of
    lists are refused: the casts of pyarrow 26 make invalid arrays of them.

    Args:
        kind: the type in the builder's data.

    Raises:
        TypeError: it cannot be written.
    """
    if isinstance(kind, pa.BaseExtensionType):
        storage = stored_type(kind.storage_type)
        return kind if storage == kind.storage_type else storage
    if type(kind) in _REBUILT:
        return _REBUILT[type(kind)](kind)
    kind = _REPLACED.get(kind, kind)
    if not (is_fixed(kind) or is_binary_like(kind) or is_type.is_null(kind)):
        msg = f"type {kind} cannot be written"
        raise TypeError(msg)
    return kind


def logical_type(kind: pa.DataType) -> str:
    """Return the name of a type in digests and manifests.

    Args:
        kind: a type that `stored_type` accepts.
    """
    kind = stored_type(kind)
    return next(name(kind) for matches, name in _NAMES if matches(kind))


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the storage of an extension type, and a map as the list that it is stored as."""
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type)
    if is_type.is_map(kind):
        return pa.list_(pa.struct({"key": kind.key_type, "value": kind.item_type}))
    return kind


def is_fixed(kind: pa.DataType) -> bool:
    """Return whether every value of a plain type takes the same number of bytes in one buffer."""
    return any(matches(kind) for matches, _ in _FIXED)


def is_binary_like(kind: pa.DataType) -> bool:
    """Return whether a plain type is text or bytes of any length."""
    return kind in _TEXT


def is_number(kind: pa.DataType) -> bool:
    """Return whether a type is an integer or a float."""
    return bool(is_type.is_integer(kind) or is_type.is_floating(kind))


def is_list(kind: pa.DataType) -> bool:
    """Return whether a plain type is a list of any kind."""
    return isinstance(kind, (pa.ListType, pa.LargeListType, pa.FixedSizeListType))


def fields_of(kind: pa.DataType) -> list[pa.Field]:
    """Return the fields of a struct, or the one of a list."""
    return [kind.field(i) for i in range(kind.num_fields)]


def _stored_field(child: pa.Field) -> pa.Field:
    return pa.field(child.name, stored_type(child.type), nullable=child.nullable)


def _stored_struct(kind: pa.DataType) -> pa.DataType:
    children = fields_of(kind)
    if not children:
        msg = "a struct without fields cannot be written"
        raise TypeError(msg)
    if len({child.name for child in children}) < len(children):
        msg = f"{kind} has two fields of one name"
        raise TypeError(msg)
    return pa.struct([_stored_field(child) for child in children])


def _stored_values(kind: pa.DataType) -> pa.DataType:
    # the values of many rows may need more than the 2 GiB that the plain type can hold
    wide = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
    values = stored_type(kind.value_type)
    return wide.get(values, values)


_REPLACED: dict[pa.DataType, pa.DataType] = {
    pa.string_view(): pa.large_string(),
    pa.binary_view(): pa.large_binary(),
    pa.date64(): pa.date32(),
    pa.time32("s"): pa.time32("ms"),
}

_REBUILT: dict[type, Callable[[Any], pa.DataType]] = {
    pa.DictionaryType: _stored_values,
    pa.StructType: _stored_struct,
    pa.MapType: lambda t: pa.map_(stored_type(t.key_type), _stored_field(t.item_field)),
    pa.ListType: lambda t: pa.list_(_stored_field(t.value_field)),
    pa.LargeListType: lambda t: pa.large_list(_stored_field(t.value_field)),
    pa.FixedSizeListType: lambda t: pa.list_(_stored_field(t.value_field), t.list_size),
    pa.TimestampType: lambda t: pa.timestamp("ms" if t.unit == "s" else t.unit, tz=t.tz),
}

_TEXT = {
    pa.string(): "string",
    pa.large_string(): "string",
    pa.binary(): "binary",
    pa.large_binary(): "binary",
}

_FIXED: tuple[tuple[_Matches, Callable[[Any], str]], ...] = (
    (is_type.is_boolean, str),
    (is_type.is_integer, str),
    (is_type.is_floating, lambda t: f"float{t.bit_width}"),
    (is_type.is_decimal, lambda t: f"decimal({t.precision}, {t.scale})"),
    (is_type.is_fixed_size_binary, str),
    (is_type.is_date32, lambda _: "date"),
    (is_type.is_time, lambda t: f"time[{t.unit}]"),
    (is_type.is_timestamp, lambda t: f"timestamp[{t.unit}{', ' + t.tz if t.tz else ''}]"),
    (is_type.is_duration, str),
)

_NAMES: tuple[tuple[_Matches, Callable[[Any], str]], ...] = (
    (lambda t: isinstance(t, pa.BaseExtensionType), lambda t: logical_type(t.storage_type)),
    (is_type.is_null, str),
    (is_binary_like, lambda t: _TEXT[t]),
    (is_type.is_map, lambda t: f"map<{logical_type(t.key_type)}, {logical_type(t.item_type)}>"),
    (is_list, lambda t: f"list<{logical_type(t.value_type)}>"),
    (is_type.is_struct, lambda t: f"struct<{', '.join(map(_named, fields_of(t)))}>"),
    *_FIXED,
)


def _named(child: pa.Field) -> str:
    return f"{json.dumps(child.name, ensure_ascii=False)}: {logical_type(child.type)}"
