"""Values of a result, checked against their annotation: nothing is coerced.

A checked value is what JSON holds, or what cattrs makes that of; lists of numbers stay together.
"""

from __future__ import annotations

import datetime as dt
import enum
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import PurePath
from typing import Annotated, Any, Literal, Union, get_args, get_origin, is_typeddict
from uuid import UUID

import attrs

Check = Callable[[Any], Any]

_SHOWN = 100  # characters of a wrong value
_ARRAYS = {float: {"float16", "float32", "float64"}, int: {"int8", "int16", "int32", "int64"}}
_AS_TEXT = (bytes, dt.date, enum.Enum, PurePath, UUID)
_ANY = "Any (a value that JSON has)"
_FEW = 64  # numbers that stand in the JSON in any case


class WrongValue(Exception):
    """A value is not of its type.

    Args:
        expected: the type, as it is written.
        value: what there is.
    """

    def __init__(self, expected: str, value: Any) -> None:
        super().__init__(expected)
        self.where = ""
        self.said = f"{expected}, got {repr(value)[:_SHOWN]} ({type(value).__name__})"

    def __str__(self) -> str:
        where = self.where.removeprefix(".")
        return f"field {where}: {self.said}" if where else self.said


@attrs.frozen
class Numbers:
    """A list of floats or ints; `values` may be a NumPy array."""

    values: Any
    kind: type

    def as_list(self) -> list[Any]:
        """Return the numbers as Python has them."""
        found: list[Any] = self.values if type(self.values) is list else self.values.tolist()
        return found


def checker_of(annotation: Any) -> Check:
    """Return what checks a value of a type, and raises `WrongValue` for one of another.

    Raises:
        TypeError: there is no such check.
    """
    annotation = _BARE.get(annotation, annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return checker_of(arguments[0])
    if origin in _FORMS:
        return _FORMS[origin](annotation, arguments)
    kind = origin or annotation
    if kind in _SCALARS:
        return _SCALARS[kind]
    if is_typeddict(kind):
        raise TypeError(name_of(kind))  # a dict at run time: nothing checks its values
    if not isinstance(kind, type):  # a new type: what it is shows when the result is read back
        return lambda value: value
    return _fields(kind) if attrs.has(kind) else _instance(kind)


def name_of(annotation: Any) -> str:
    """Return a type as it is written."""
    is_class = isinstance(annotation, type) and not get_args(annotation)
    return annotation.__name__ if is_class else str(annotation)


@contextmanager
def _at(where: str) -> Iterator[None]:
    try:
        yield
    except WrongValue as wrong:
        wrong.where = where + wrong.where
        raise


def _fields(cls: type) -> Check:
    fields = [
        (f".{field.name}", field.name, checker_of(field.type))
        for field in attrs.fields(attrs.resolve_types(cls))
    ]

    def check(value: Any) -> Any:
        if type(value) is not cls:
            raise WrongValue(cls.__name__, value)
        found = {}
        for where, name, checked in fields:
            try:
                found[name] = checked(getattr(value, name))
            except WrongValue as wrong:
                wrong.where = where + wrong.where
                raise
        return found

    return check


def _instance(cls: type) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, cls):
            raise WrongValue(cls.__name__, value)
        return value

    return check


def _datetime(value: Any) -> Any:
    """Check a date and time, of which the text that is stored has the offset, and no zone."""
    if not isinstance(value, dt.datetime):
        raise WrongValue("datetime", value)
    if repr(dt.datetime.fromisoformat(value.isoformat())) != repr(value):
        expected = "datetime without a zone, or in UTC by .astimezone(timezone.utc)"
        raise WrongValue(expected, value)
    return value


def _union(annotation: Any, arms: Sequence[Any]) -> Check:
    checks = {arm: checker_of(arm) for arm in arms}

    def check(value: Any) -> Any:
        own = checks.get(type(value))
        for one in [own] if own else checks.values():
            try:
                found = one(value)
            except WrongValue as wrong:
                if wrong.where:  # it is of this type, and a part of it is wrong
                    raise
                continue
            if str in checks and isinstance(value, _AS_TEXT):
                msg = f"{name_of(annotation)}, of which str takes what is stored as text"
                raise WrongValue(msg, value)
            return found
        raise WrongValue(name_of(annotation), value)

    return check


def _literal(annotation: Any, values: Sequence[Any]) -> Check:
    allowed = {(type(value), value) for value in values}

    def check(value: Any) -> Any:
        plain = _held(value)
        if (type(plain), plain) not in allowed:
            raise WrongValue(str(annotation).removeprefix("typing."), value)
        return plain

    return check


def _list(annotation: Any, arguments: Sequence[Any]) -> Check:
    (each,) = arguments
    checked, name = checker_of(each), name_of(annotation)

    def check(value: Any) -> Any:
        if _is_array(value) and value.ndim:
            return _array(value, each, checked)
        if type(value) is not list:
            raise WrongValue(name, value)
        if len(value) < _FEW or each not in (float, int):
            return _each(value, checked)
        alike = set(map(type, value)) == {each}
        return Numbers(value if alike else _each(value, checked), each)

    return check


def _array(value: Any, each: Any, checked: Check) -> Any:
    """Return what a NumPy array holds, in one piece where these are the wanted numbers."""
    if value.ndim == 1 and value.dtype.name in _ARRAYS.get(each, ()):
        return Numbers(value, each)
    return _each(value if value.ndim > 1 else value.tolist(), checked)


def _each(values: Sequence[Any], checked: Check) -> list[Any]:
    found = []
    for at, value in enumerate(values):
        with _at(f"[{at}]"):
            found.append(checked(value))
    return found


def _tuple(annotation: Any, arguments: Sequence[Any]) -> Check:
    variadic = arguments[1:] == (...,)
    checks = [checker_of(one) for one in arguments if one is not ...]

    def check(value: Any) -> Any:
        if type(value) is not tuple or not (variadic or len(value) == len(checks)):
            raise WrongValue(name_of(annotation), value)
        if variadic:
            return _each(value, checks[0])
        found = []
        for at, (one, checked) in enumerate(zip(value, checks, strict=True)):
            with _at(f"[{at}]"):
                found.append(checked(one))
        return found

    return check


def _set(annotation: Any, arguments: Sequence[Any]) -> Check:
    kind, checked = get_origin(annotation), checker_of(arguments[0])

    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise WrongValue(name_of(annotation), value)
        return _each(sorted(value, key=repr), checked)  # the same bytes in any order

    return check


def _dict(annotation: Any, arguments: Sequence[Any]) -> Check:
    key_checked, checked = map(checker_of, arguments)

    def check(value: Any) -> Any:
        if type(value) is not dict:
            raise WrongValue(name_of(annotation), value)
        found = {}
        for name, one in value.items():
            with _at(f"[{name!r}]"):
                found[key_checked(name)] = checked(one)
        return found

    return check


def _any(value: Any) -> Any:
    """Check a value of any type that JSON has."""
    held = _held(value)
    check = _OF_JSON.get(type(held))
    if check is None:
        raise WrongValue(_ANY, value)
    return check(held)


def _none(value: Any) -> Any:
    if value is not None:
        raise WrongValue("None", value)


def _bool(value: Any) -> bool:
    held = _held(value)
    if type(held) is not bool:
        raise WrongValue("bool", value)
    return held


def _int(value: Any) -> int:
    if type(value) is int:
        return value
    held = _held(value)
    if not isinstance(held, int) or isinstance(held, bool):
        raise WrongValue("int", value)
    return int(held)


def _float(value: Any) -> float:
    if type(value) is float:
        return value
    held = _held(value)
    if isinstance(held, float):
        return float(held)
    with suppress(OverflowError):
        if isinstance(held, int) and not isinstance(held, bool) and float(held) == held:
            return float(held)
    raise WrongValue("float", value)


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongValue("str", value)
    return str.__str__(value)


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise WrongValue("bytes", value)
    return value


_FORMS: dict[Any, Callable[[Any, Sequence[Any]], Check]] = {
    Union: _union,
    types.UnionType: _union,
    Literal: _literal,
    list: _list,
    tuple: _tuple,
    dict: _dict,
    set: _set,
    frozenset: _set,
}
_BARE: dict[Any, Any] = {
    list: list[Any],
    tuple: tuple[Any, ...],
    dict: dict[str, Any],
    set: set[Any],
    frozenset: frozenset[Any],
}
_SCALARS: dict[Any, Check] = {
    Any: _any,
    type(None): _none,
    None: _none,
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
    bytes: _bytes,
    dt.datetime: _datetime,
}


_OF_JSON: dict[type, Check] = {
    type(None): _none,
    **{kind: _SCALARS[kind] for kind in (bool, int, float, str)},
    **{kind: checker_of(kind) for kind in (list, dict)},
}


def _held(value: Any) -> Any:
    """Return what a NumPy scalar holds, and any other value itself."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.generic | numpy.ndarray):
        return value
    return value.item() if value.ndim == 0 else value


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)
