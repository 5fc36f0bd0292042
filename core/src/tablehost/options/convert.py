"""The one place where text, TOML and JSON become typed values, and strictly.

cattrs alone would turn `2.7` into 2 and `true` into 1; here a value that is not exactly of the
type is an error.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import cattrs

from tablehost.contract.roles import Labelled, bare, is_union, required_type


class NotConvertible(ValueError):
    """A value that its option's type does not take."""


class NotUtf8(NotConvertible):
    """A text or path that no manifest can hold, since a manifest is UTF-8."""

    def __str__(self) -> str:
        return "is not UTF-8, as all text in a manifest is; rename it"


_WORDS = {int: "an integer", float: "a number", bool: "true or false", str: "text", Path: "a path"}


@cache
def converter(*, text: bool, base: Path = Path()) -> cattrs.Converter:
    """Return the strict converter.

    Args:
        text: whether leaves are text that stands for a value, as in flags and the environment,
            or values that TOML and JSON have typed.
        base: folder that relative paths start from.
    """
    strict = cattrs.Converter(detailed_validation=False)
    leaves = _TEXT_LEAVES if text else _TYPED_LEAVES
    for kind, leaf in leaves.items():
        strict.register_structure_hook(kind, _ignoring_type(leaf))
    strict.register_structure_hook(Path, lambda raw, _: base / _path(raw))
    strict.register_structure_hook_func(
        lambda kind: _is(kind, Literal),
        lambda raw, kind: _choice(raw, kind, text=text),
    )
    strict.register_structure_hook_func(
        lambda kind: _is(kind, Labelled),
        lambda raw, kind: _labelled(raw, kind, strict.structure),
    )
    strict.register_structure_hook_func(
        lambda kind: is_union(kind) and type(None) not in get_args(kind),
        lambda raw, kind: _path_or_name(raw, kind, strict.structure),
    )
    return strict


def _ignoring_type(leaf: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda raw, _: leaf(raw)


def _is(kind: Any, origin: Any) -> bool:
    return get_origin(kind) is origin


def _int_from_text(raw: Any) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,1000}", raw):  # `int` itself refuses more than 4300
        raise NotConvertible
    return int(raw)


def _float_from_text(raw: Any) -> float:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", raw):
        raise NotConvertible  # `float` itself would take 1_0, inf and the digits of any script
    return _finite(float(raw))


def _bool_from_text(raw: Any) -> bool:
    if raw in (True, False):
        return bool(raw)
    if raw not in ("true", "false"):
        raise NotConvertible
    return bool(raw == "true")


def _typed_int(raw: Any) -> int:
    if type(raw) is not int:
        raise NotConvertible
    return raw


def _typed_float(raw: Any) -> float:
    if type(raw) not in (int, float) or abs(raw) > sys.float_info.max:
        raise NotConvertible
    return _finite(float(raw))


def _typed_bool(raw: Any) -> bool:
    if type(raw) is not bool:
        raise NotConvertible
    return raw


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise NotConvertible
    check_utf8(raw)
    return raw


def _path(raw: Any) -> Path:
    if not isinstance(raw, str | Path) or not str(raw) or "\0" in str(raw):
        raise NotConvertible
    check_utf8(str(raw))
    return Path(raw)


def check_utf8(text: str) -> None:
    """Refuse text that holds other bytes than UTF-8, as the name of a file may.

    Raises:
        NotUtf8: it does.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotUtf8 from None


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise NotConvertible
    return value


_TEXT_LEAVES: dict[type, Callable[[Any], Any]] = {
    int: _int_from_text,
    float: _float_from_text,
    bool: _bool_from_text,
    str: _text,
}
_TYPED_LEAVES: dict[type, Callable[[Any], Any]] = {
    int: _typed_int,
    float: _typed_float,
    bool: _typed_bool,
    str: _text,
}


def _choice(raw: Any, kind: Any, *, text: bool) -> Any:
    for choice in get_args(kind):
        if raw == (str(choice) if text else choice) and (text or type(raw) is type(choice)):
            return choice
    raise NotConvertible


def _labelled(raw: Any, kind: Any, structure: Callable[[Any, Any], Any]) -> Labelled[Any]:
    label, equals, value = _text(raw).partition("=")
    if not label.strip() or label != label.strip() or not equals or not value:
        raise NotConvertible
    return Labelled(label, structure(value, get_args(kind)[0]))


def _path_or_name(raw: Any, kind: Any, structure: Callable[[Any, Any], Any]) -> Any:
    """Structure `Tool | str`: a path where it looks like one or is a file, else a name."""
    arms = {required_type(arm): arm for arm in get_args(kind)}
    if isinstance(raw, Path):
        return raw
    name = _text(raw)
    looks_like_path = "/" in name or name.endswith(".json") or Path(name).is_file()
    return structure(raw, arms[Path] if looks_like_path else arms[str])


def expected(kind: Any) -> str:
    """Say in words what a type takes: `an integer`, `LABEL=a path`."""
    inner = required_type(kind)
    if get_origin(inner) is tuple:
        return f"a list, each {expected(get_args(inner)[0])}"
    if get_origin(inner) is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(inner))
    if get_origin(inner) is Labelled:
        return f"LABEL={expected(get_args(inner)[0])}"
    if is_union(inner):
        return " or ".join(dict.fromkeys(expected(arm) for arm in get_args(inner)))
    return _WORDS[inner]


def metavar(kind: Any) -> str:
    """Return the placeholder that help shows for the value."""
    inner = required_type(kind)
    inner = required_type(get_args(inner)[0]) if get_origin(inner) is tuple else inner
    if get_origin(inner) is Literal:
        return "|".join(str(choice) for choice in get_args(inner))
    words = expected(inner).replace("a path", "PATH").replace("an integer", "INTEGER")
    return words.replace("a number", "NUMBER").replace("text", "TEXT").replace(" or ", "|")


def fits(kind: Any, value: Any) -> bool:
    """Tell whether a default has the type that its option declares."""
    if value is None:
        return type(None) in get_args(bare(kind))
    inner = required_type(kind)
    if get_origin(inner) is tuple:
        return isinstance(value, tuple) and all(fits(get_args(inner)[0], one) for one in value)
    if get_origin(inner) is Literal:
        return value in get_args(inner)
    if get_origin(inner) is Labelled:
        return isinstance(value, Labelled) and fits(get_args(inner)[0], value.value)
    if is_union(inner):
        return any(fits(arm, value) for arm in get_args(inner))
    kinds = (int, float) if inner is float else (inner,)
    return isinstance(value, kinds) and (inner is bool or not isinstance(value, bool))
