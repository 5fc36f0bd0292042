"""The values of an array as NumPy arrays and bytes, for any Arrow layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_type

from tablehost.table.types import is_binary_like, plain_type

Array = np.ndarray[Any, Any]


def plain(array: pa.Array) -> pa.Array:
    """Return the storage of an extension array, and a map as the list that it is stored as."""
    if isinstance(array, pa.ExtensionArray):
        return plain(array.storage)
    if isinstance(array, pa.MapArray):
        return array.view(plain_type(array.type))
    return array


def validity(array: pa.Array) -> Array:
    """Return for every row whether it has a value."""
    if array.null_count == 0:
        return np.ones(len(array), bool)
    return numbers(array.is_valid().cast(pa.uint8())).view(bool)


def numbers(array: pa.Array, absent: float = 0) -> Array:
    """Return numbers without a copy, or where some are null a copy with `absent` for these.

    `to_numpy` would import pandas for it, which is a third of the start-up.
    """
    present = np.from_dlpack(array.drop_null())
    if len(present) == len(array):
        return present
    filled = np.full(len(array), absent, present.dtype)
    filled[validity(array)] = present
    return filled


def lengths(array: pa.Array) -> Array:
    """Return the bytes of every text or the elements of every list; 0 for null."""
    measured = pc.binary_length if is_binary_like(array.type) else pc.list_value_length
    return np.asarray(numbers(measured(array)), "<i8")


def elements(array: pa.Array) -> pa.Array:
    """Return the elements of all lists, one after the other."""
    if is_type.is_null(array.type.value_type):  # pyarrow 26 aborts where such a list is a slice
        return pa.nulls(int(lengths(array).sum()))
    return array.flatten()


def text_bytes(array: pa.Array) -> memoryview:
    """Return the bytes of all texts, one after the other."""
    array = array.drop_null()  # there may be garbage under a null
    dtype = np.dtype("<i8" if array.type in (pa.large_string(), pa.large_binary()) else "<i4")
    _, bounds, content = array.buffers()
    offsets = np.frombuffer(bounds, dtype, len(array) + 1, array.offset * dtype.itemsize)
    return memoryview(content or b"")[offsets[0] : offsets[-1]]


def fixed_bytes(array: pa.Array) -> Array:
    """Return the bytes of values of one width, one row each; those under a null are arbitrary."""
    width = array.type.bit_width // 8
    return np.ndarray((len(array), width), "u1", array.buffers()[1], array.offset * width)
