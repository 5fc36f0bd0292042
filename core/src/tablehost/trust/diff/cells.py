"""Which cells of two columns differ, and by how much: exactly, in any Arrow layout.

As in the digest of a column, null and every NaN are one value in columns of floats, and -0.0 is not
0.0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_type
from attrs import frozen

from tablehost.table.layout import Array, elements, lengths, plain, validity
from tablehost.table.types import is_binary_like, is_list, is_number, logical_type, stored_type


@frozen
class ComparedCells:
    """How the rows of two columns differ.

    Args:
        changed: of every row, whether it differs.
        distance: the absolute difference of its numbers, of a nested value the largest; 0 where
            nothing differs, NaN where values that are not numbers differ.
    """

    changed: Array
    distance: Array


def comparable(a: pa.DataType, b: pa.DataType) -> bool:
    """Return whether values of two types can be compared: both numbers, or of one logical type."""
    try:
        a, b = stored_type(a), stored_type(b)
    except TypeError:
        return False
    return (is_number(a) and is_number(b)) or logical_type(a) == logical_type(b)


def compare_cells(a: pa.Array, b: pa.Array) -> ComparedCells:
    """Compare two columns row by row.

    Args:
        a: of a type that `comparable` accepts beside that of `b`.
        b: of as many rows.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        return _compared(a, b)


def cell(array: pa.Array, row: int) -> Any:
    """Return one value as JSON has it, or as text where JSON has nothing like it."""
    array = plain(array.slice(row, 1))
    if array.null_count or is_type.is_null(array.type):
        return None
    if is_list(array.type):
        inside = elements(array)
        return [cell(inside, at) for at in range(len(inside))]
    if is_type.is_struct(array.type):
        fields = zip(array.type, array.flatten(), strict=True)
        return {field.name: cell(values, 0) for field, values in fields}
    if is_number(array.type) or is_type.is_boolean(array.type):
        value = array[0].as_py()
        return value if math.isfinite(value) else str(value)
    if is_binary_like(array.type):
        return array[0].as_buffer().to_pybytes().decode(errors="backslashreplace")
    return str(array.to_string(skip_new_lines=True))[1:-1]


def _compared(a: pa.Array, b: pa.Array) -> ComparedCells:
    a, b = plain(a), plain(b)
    if is_number(a.type):
        return _numbers(a, b)
    if is_list(a.type):
        return _lists(a, b)
    if is_type.is_struct(a.type):
        return _structs(a, b)
    if is_binary_like(a.type):
        b = b.cast(a.type)
    apart = validity(a) != validity(b)
    if not is_type.is_null(a.type):
        apart |= pc.not_equal(a, b).fill_null(False).to_numpy(zero_copy_only=False)  # noqa: FBT003  # pyarrow's
    return _unmeasured(apart)


def _unmeasured(changed: Array) -> ComparedCells:
    return ComparedCells(changed, np.where(changed, np.nan, 0.0))


def _numbers(a: pa.Array, b: pa.Array) -> ComparedCells:
    (x, no_x), (y, no_y) = _values(a), _values(b)
    if a.type != b.type:
        x, y = _exact(x), _exact(y)
    differs = (x != y) | (np.signbit(x) != np.signbit(y))
    absent = no_x | no_y
    changed = np.where(absent, no_x != no_y, differs)
    distance = np.zeros(len(changed))
    distance[changed] = np.abs(_exact(x[changed]) - _exact(y[changed]))
    distance[changed & absent] = np.nan
    return ComparedCells(changed, distance)


def _values(array: pa.Array) -> tuple[Array, Array]:
    """Return the numbers, and where there are none."""
    if is_type.is_integer(array.type):
        filled = array.fill_null(0) if array.null_count else array
        return filled.to_numpy(), ~validity(array)
    values = array.to_numpy(zero_copy_only=False)  # a null becomes NaN
    return values, np.isnan(values)


def _exact(values: Array) -> Array:
    """Return numbers as the type that holds every int64 and every float64, where there is one."""
    return values.astype(np.longdouble)


def _lists(a: pa.Array, b: pa.Array) -> ComparedCells:
    sizes = lengths(a)
    alike = (validity(a) == validity(b)) & (sizes == lengths(b))
    found = _unmeasured(~alike)
    inner = _compared(*(elements(each.filter(pa.array(alike))) for each in (a, b)))
    rows = np.repeat(alike.nonzero()[0], sizes[alike])[inner.changed]
    found.changed[rows] = True
    np.maximum.at(found.distance, rows, inner.distance[inner.changed])  # a NaN stays one
    return found


def _structs(a: pa.Array, b: pa.Array) -> ComparedCells:
    found = _unmeasured(validity(a) != validity(b))
    for own, other in zip(a.flatten(), b.flatten(), strict=True):
        inner = _compared(own, other)
        np.logical_or(found.changed, inner.changed, out=found.changed)
        np.maximum(found.distance, inner.distance, out=found.distance)
    return found
