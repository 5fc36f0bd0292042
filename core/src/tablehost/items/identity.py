"""The digest of an item's own values: what, beside its files, makes one item another.

Values are written one after the other, each with its type, so that no two items of other values
give the same bytes; docs/reference/digests.md has the form.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import hashlib
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path, PurePath
from types import MemberDescriptorType
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from tablehost.contract.errors import BrokenBuilder
from tablehost.objects.path import absolute

_REMEDY = (
    "give run.map identity=, a function that returns what of the item decides its result, as "
    "numbers, text and the like"
)


def identity_of(value: Any, inputs: Sequence[Path], what: str) -> str:
    """Return the sha256 of an item's own values.

    Args:
        value: the item, or what stands for it.
        inputs: paths that it reads: in the item they count by their place among these.
        what: the item, as messages call it.

    Raises:
        BrokenBuilder: a field is a path that is no input, or of a type whose value is not known.
    """
    places: _Places = {}
    for at, path in enumerate(inputs):
        places.setdefault(absolute(path), at)
    try:
        written = b"".join(_written(value, "", places))
    except _Unfit as unfit:
        where = f"field `{unfit.where.removeprefix('.')}`" if unfit.where else "it"
        msg = f"{what}: {where} {unfit}"
        raise BrokenBuilder(msg.replace(": it ", " ", 1)) from None
    except RecursionError:
        msg = f"{what} holds values too deep in each other; {_REMEDY}"
        raise BrokenBuilder(msg) from None
    return hashlib.sha256(written).hexdigest()


class _Unfit(Exception):
    """A value that has no digest, and where it is in the item."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(why)
        self.where = where


_Places = dict[str, int]


def _written(value: Any, where: str, places: _Places) -> Iterator[bytes]:
    plain = _PLAIN.get(type(value))
    if plain is not None:
        yield plain(value)
    elif isinstance(value, PurePath):
        yield _input(value, where, places)
    elif isinstance(value, enum.Enum):
        yield b"e" + _text(type(value).__qualname__) + _text(str(value.name))
        yield from _written(value.value, where, places)
    elif type(value) is dt.datetime:
        yield b"T" + _text(value.isoformat()) + b"%d" % value.fold + _zone(value.tzinfo, where)
    elif (parts := _parts(value)) is not None:
        head, named = parts
        yield b"%b%d:" % (head, len(named))
        for name, one in named:
            yield from _written(one, where + name, places)
    elif (scalar := _numpy(value)) is not None:
        yield scalar
    else:
        why = f"is of the type {type(value).__name__}, whose value is not known"
        raise _Unfit(where, f"{why}; {_REMEDY}")


def _parts(value: Any) -> tuple[bytes, list[tuple[str, Any]]] | None:
    """Return what is written before the parts of a value, and these; None where it has none."""
    kind = type(value)
    if kind is list or kind is tuple:
        return b"l" if kind is list else b"u", [(f"[{at}]", one) for at, one in enumerate(value)]
    if kind is dict:
        pairs = [(f"[{key!r}]", (key, one)) for key, one in value.items()]
        return b"m", [(where, one) for where, pair in pairs for one in pair]
    names = fields_of(value)
    if names is None:
        return None
    fields = b"".join(map(_text, names))
    return b"o" + _text(kind.__qualname__) + fields, [(f".{n}", getattr(value, n)) for n in names]


def fields_of(value: Any) -> Sequence[str] | None:
    """Return the fields of an attrs or data class, or of a named tuple; None for another value.

    What a class that inherits from one sets beside them counts like a field.
    """
    cls: type = type(value)
    fields, slots = _fields_of_class(cls)
    if fields is None:
        return None
    known = set(fields)
    beside = {*slots, *getattr(value, "__dict__", ())} - known
    return [*fields, *sorted(name for name in beside if _is_set(value, name))]


@cache
def _fields_of_class(cls: type) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the fields of a class, and its slots."""
    members = (item for one in cls.__mro__ for item in vars(one).items())
    slots = tuple(name for name, one in members if isinstance(one, MemberDescriptorType))
    if attrs.has(cls):
        return tuple(field.name for field in attrs.fields(cls)), slots
    if dataclasses.is_dataclass(cls):
        return tuple(field.name for field in dataclasses.fields(cls)), slots
    names = getattr(cls, "_fields", None)
    return names if issubclass(cls, tuple) and isinstance(names, tuple) else None, slots


def _is_set(value: Any, name: str) -> bool:
    """Return whether an attribute has a value, without computing one that is cached."""
    try:
        object.__getattribute__(value, name)
    except AttributeError:
        return False
    return True


def _input(path: PurePath, where: str, places: _Places) -> bytes:
    place = places.get(absolute(path))
    if place is None:
        raise _Unfit(where, "is a path that `input` does not name; name it there, or pass text")
    return b"p%d;" % place


def _zone(zone: dt.tzinfo | None, where: str) -> bytes:
    if zone is not None and type(zone) not in (dt.timezone, ZoneInfo):
        why = f"has a time zone of the type {type(zone).__name__}, whose value is not known"
        raise _Unfit(where, f"{why}; use zoneinfo, or {_REMEDY}")
    return _text("" if zone is None else str(zone))


def _numpy(value: Any) -> bytes | None:
    """Write a NumPy scalar with its type; None for another value, and for one that is an object."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.generic) or value.dtype.hasobject:
        return None
    content = value.tobytes()
    return b"y" + _text(value.dtype.str) + b"%d:%b" % (len(content), content)


def _text(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogatepass")
    return b"s%d:%b" % (len(encoded), encoded)


_PLAIN: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"n",
    bool: lambda value: b"t" if value else b"f",
    int: lambda value: f"i{value:x};".encode(),
    float: lambda value: b"d" + struct.pack(">d", value),
    str: _text,
    bytes: lambda value: b"b%d:%b" % (len(value), value),
    dt.date: lambda value: b"D" + _text(value.isoformat()),
    Decimal: lambda value: b"c" + _text(str(value)),
}
