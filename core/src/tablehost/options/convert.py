"""The one place where text, TOML and JSON become typed values, and strictly.

A value that is not exactly of its option's type is an error: no `2.7` becomes 2, no `true` 1.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Literal

from attrs import evolve, frozen

from tablehost.contract.roles import Labelled
from tablehost.options.grammar import Choice, Either, Many, Pair, Scalar, TypeNode

_WORDS = {int: "an integer", float: "a number", bool: "true or false", str: "text", Path: "a path"}
_NUMERALS = {  # `int` and `float` themselves take 1_0, inf and the digits of any script
    int: re.compile(r"[+-]?[0-9]{1,1000}"),  # and `int` refuses more than 4300
    float: re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"),
}


_NO_INPUT = (
    "is in an object store, where only inputs may be; tables stay on a file system: give a path "
    "there"
)


@frozen
class RawValue:
    """A value as it was written, and where.

    Args:
        raw: a token, a list of tokens, or a value as TOML types it.
        kind: `flag`, `env` or `file`.
        where: what to name in a message: `--limit`, `TABLEHOST_EXTRACT_K150K_LIMIT`, ...
        text: whether `raw` is text that represents a value (flags and environment).
        base: folder that a relative path starts from.
        former: the earlier name of the option under which it was written, if it was.
    """

    raw: Any
    kind: Literal["flag", "env", "file"]
    where: str
    text: bool = True
    base: Path = Path()
    former: str | None = None


class NotConvertible(ValueError):
    """A value that its option's type does not take.

    Args:
        raw: the value, or the one of several that is wrong.
        problem: what is wrong with it.
    """

    def __init__(self, raw: Any, problem: str) -> None:
        super().__init__(raw, problem)
        self.raw = raw
        self.problem = problem


class NotUtf8(ValueError):
    """A text or path that no manifest can hold, since a manifest is UTF-8."""

    def __str__(self) -> str:
        return "is not UTF-8, as all text in a manifest is; rename it"


def structure(node: TypeNode, given: RawValue) -> Any:
    """Return the value of an option's type that was given.

    Raises:
        NotConvertible: it is not exactly of that type.
    """
    raw = given.raw
    if raw is None and node.optional:
        return None
    if isinstance(node, Many) and isinstance(raw, list | tuple):
        return tuple(structure(node.each, evolve(given, raw=one)) for one in raw)
    try:
        return _single(node, given)
    except NotConvertible:
        raise
    except NotUtf8 as error:
        raise NotConvertible(raw, str(error)) from None
    except ValueError:
        verb = "must be" if isinstance(node, Pair) else "is not"
        raise NotConvertible(raw, f"{verb} {expected(node)}") from None


def _single(node: TypeNode, given: RawValue) -> Any:
    raw = given.raw
    match node:
        case Choice(values=values):
            return _choice(values, given)
        case Pair(value=value):
            label, equals, text = _text(raw).partition("=")
            if not label.strip() or label != label.strip() or not equals or not text:
                raise ValueError
            return Labelled(label, _single(value, evolve(given, raw=text, text=True)))
        case Either():
            looks_like_path = "/" in _text(raw) or raw.endswith(".json") or Path(raw).is_file()
            return _place(node, given) if looks_like_path else raw
        case Scalar(type=kind) if kind is Path:
            return _place(node, given)
        case Scalar(type=kind):
            return _exact(kind, _read(kind, raw) if given.text else raw)
    raise ValueError


def _choice(values: tuple[Any, ...], given: RawValue) -> Any:
    for value in values:
        wanted = str(value) if given.text else value
        if given.raw == wanted and type(given.raw) is type(wanted):
            return value
    raise ValueError


def _read(kind: type, text: Any) -> Any:
    """Return the value that a text represents, or the text if it represents none."""
    if kind is bool:
        return {"true": True, "false": False}.get(text, text)
    numeral = _NUMERALS.get(kind)
    return kind(text) if numeral and numeral.fullmatch(text) else text


def _exact(kind: type, value: Any) -> Any:
    if kind is str:
        return _text(value)
    if kind is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    if kind is float or type(value) is not kind:
        raise ValueError
    return value


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError  # noqa: TRY004  # one kind of error for all that is not of the type
    check_utf8(raw)
    return raw


def _place(node: TypeNode, given: RawValue) -> Path:
    """Return the path of a file, or where an input is one, of an object of a store."""
    raw = _text(given.raw)
    if not raw or "\0" in raw:
        raise ValueError
    if "://" in raw:
        from tablehost.objects.path import ObjectPath, is_url, unfit  # only where there is one

        if is_url(raw):
            is_input = any(role.content and not role.tool for role in node.path_roles)
            why = unfit(raw) if is_input else _NO_INPUT
            if why is not None:
                raise NotConvertible(re.sub("//[^/]*@", "//***@", raw), why)
            return ObjectPath(raw)
    return given.base / raw


def check_utf8(text: str) -> None:
    """Refuse text that holds other bytes than UTF-8, as the name of a file may.

    Raises:
        NotUtf8: it does.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotUtf8 from None


def expected(node: TypeNode) -> str:
    """Return in words what a type takes: `an integer`, `LABEL=PATH`.

    Raises:
        TypeError: no option can have this type.
    """
    match node:
        case Many(each=each, variadic=True):
            return f"a list, each {expected(each)}"
        case Choice(values=values):
            return "one of " + ", ".join(map(str, values))
        case Pair(value=value):
            return f"LABEL={metavar(value)}"
        case Either(arms=(Scalar(type=one), Scalar(type=other))) if {one, other} == {Path, str}:
            return "a path or text"
        case Scalar(type=kind) if kind in _WORDS:
            return _WORDS[kind]
    msg = f"{node} is not a type of an option"
    raise TypeError(msg)


def metavar(node: TypeNode) -> str:
    """Return the placeholder that help shows for the value."""
    if isinstance(node, Many):
        return metavar(node.each)
    if isinstance(node, Choice):
        return "|".join(map(str, node.values))
    if isinstance(node, Pair):
        return f"LABEL={metavar(node.value)}"
    return re.sub(r"\ban? ", "", expected(node)).replace(" or ", "|").upper()


def fits(node: TypeNode, value: Any) -> bool:  # noqa: PLR0911  # a case a form
    """Return whether a default has the type that its option declares."""
    if value is None:
        return node.optional
    match node:
        case Many(each=each):
            return isinstance(value, tuple) and all(fits(each, one) for one in value)
        case Choice(values=values):
            return value in values
        case Pair(value=inner):
            return isinstance(value, Labelled) and fits(inner, value.value)
        case Either(arms=arms):
            return any(fits(arm, value) for arm in arms)
        case Scalar(type=kind):
            kinds = (int, float) if kind is float else kind
            return isinstance(value, kinds) and (kind is bool or not isinstance(value, bool))
    return False
