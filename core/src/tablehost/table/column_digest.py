r"""The digest of a column, the same for any layout and any chunking of its rows.

It is the sha256 over these lines of text, each with a newline, in this order, and only those that
its type has:

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

Writing and reading back, with any codec and any chunking, leaves every digest as it is.

    >>> import hashlib, numpy, pyarrow
    >>> values = numpy.array([1.5, -0.0, numpy.nan])
    >>> lines = f"float64\nvalues {hashlib.sha256(values.tobytes()).hexdigest()}\n"
    >>> column = column_digest(pyarrow.float64())
    >>> column.update(pyarrow.array([1.5, -0.0, None]))
    >>> column.hexdigest() == hashlib.sha256(lines.encode()).hexdigest()
    True
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.types as is_type

from tablehost.files.digests import json_digest
from tablehost.table.layout import (
    elements,
    fixed_bytes,
    lengths,
    numbers,
    plain,
    text_bytes,
    validity,
)
from tablehost.table.types import fields_of, is_binary_like, is_list, logical_type, plain_type


def column_digest(kind: pa.DataType) -> ColumnDigest:
    """Begin the digest of a column.

    Args:
        kind: a type that `stored_type` returned.

    Returns:
        An accumulator of the column's rows.
    """
    name, kind = logical_type(kind), plain_type(kind)
    children = [column_digest(child.type) for child in fields_of(kind)]
    hashed = next((hashed for matches, hashed in _HASHED if matches(kind)), _Fixed)
    return hashed(name, children)


class ColumnDigest:
    """The hashes of the rows of one type; nested types have children.

    Args:
        name: the logical type.
        children: of a list its elements, of a struct its fields.
    """

    lines: ClassVar[tuple[str, ...]] = ()

    def __init__(self, name: str, children: Sequence[ColumnDigest]) -> None:
        self.children = children
        self.hashes: dict[str, Any] = {line: hashlib.sha256() for line in self.lines}
        self._name = name

    def update(self, array: pa.Array) -> None:
        """Add the next rows."""
        if len(array):
            array = plain(array)
            for line, of in (("validity", validity), ("lengths", lengths)):
                if line in self.hashes:
                    self.hashes[line].update(of(array))
            self.hash(array)

    def hash(self, array: pa.Array) -> None:
        """Add the values of rows, at least one, without an extension type."""

    def missing(self, *, inside: bool = False) -> str | None:  # noqa: ARG002  # floats look at it
        """Digest which missing floats are null and which are NaN, which `hexdigest` does not see.

        Args:
            inside: whether these are the values of a list or struct, which are not counted.

        Returns:
            None where counts are enough to know it, or nothing is missing.
        """
        found = [child.missing(inside=True) for child in self.children]
        return json_digest(found) if any(found) else None

    def hexdigest(self) -> str:
        """Return the digest of all rows added."""
        lines = [self._name]
        lines += [f"{line} {found.hexdigest()}" for line, found in self.hashes.items()]
        lines += [f"child {child.hexdigest()}" for child in self.children]
        return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


class _Floats(ColumnDigest):
    lines = ("values",)

    def __init__(self, name: str, children: Sequence[ColumnDigest]) -> None:
        super().__init__(name, children)
        self._missing = hashlib.sha256()
        self._kinds: set[bool] = set()

    def missing(self, *, inside: bool = False) -> str | None:
        return self._missing.hexdigest() if len(self._kinds) > (0 if inside else 1) else None

    def hash(self, array: pa.Array) -> None:
        values = numbers(array, absent=np.nan)
        absent = np.isnan(values)
        if absent.any():
            is_nan = validity(array)[absent]
            self._missing.update(is_nan.tobytes())
            self._kinds |= set(is_nan.tolist())
            values = np.where(absent, values.dtype.type(np.nan), values)
        self.hashes["values"].update(values)


class _Fixed(ColumnDigest):
    lines = ("validity", "values")

    def hash(self, array: pa.Array) -> None:
        values = fixed_bytes(_uniform(array))
        if array.null_count:
            values = np.where(validity(array)[:, np.newaxis], values, np.uint8(0))
        self.hashes["values"].update(values.reshape(-1))


class _Text(ColumnDigest):
    lines = ("validity", "lengths", "values")

    def hash(self, array: pa.Array) -> None:
        self.hashes["values"].update(text_bytes(array))


class _List(ColumnDigest):
    lines = ("validity", "lengths")

    def hash(self, array: pa.Array) -> None:
        self.children[0].update(elements(array))


class _Struct(ColumnDigest):
    lines = ("validity",)

    def hash(self, array: pa.Array) -> None:
        for child, values in zip(self.children, array.flatten(), strict=True):
            child.update(values)


_HASHED: tuple[tuple[Callable[[Any], bool], type[ColumnDigest]], ...] = (
    (is_type.is_null, ColumnDigest),
    (is_type.is_floating, _Floats),
    (is_binary_like, _Text),
    (is_list, _List),
    (is_type.is_struct, _Struct),
)


def _uniform(array: pa.Array) -> pa.Array:
    """Cast a bool to one byte, and a decimal to the width that its precision requires."""
    kind = array.type
    if is_type.is_boolean(kind):
        return array.cast(pa.uint8())
    if is_type.is_decimal(kind):
        wide = pa.decimal256 if kind.precision > 38 else pa.decimal128  # noqa: PLR2004
        return array.cast(wide(kind.precision, kind.scale))
    return array
