"""Options: an attrs class, the values given for it, and how they are recorded."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_origin, get_type_hints

import attrs
import cattrs
from attrs import NOTHING, frozen
from docstring_parser import parse_from_object

from tablehost.contract.errors import BrokenBuilder
from tablehost.contract.roles import (
    Role,
    flag_of,
    required_type,
    roles_of,
)
from tablehost.options.convert import NotConvertible, NotUtf8, converter, expected, fits

REDACTED = "<redacted>"


@frozen
class Option:
    """One field of an options class.

    Args:
        name: the field's name, `clips_dir`.
        type: its annotation, roles included.
        default: its default, or `attrs.NOTHING` where it must be given.
        help: the docstring under it.
    """

    name: str
    type: Any
    default: Any
    help: str

    @property
    def flag(self) -> str:
        """Return the command line's name, `--clips-dir`."""
        return flag_of(self.name)

    @property
    def required(self) -> bool:
        """Tell whether it has no default."""
        return self.default is NOTHING

    @property
    def roles(self) -> frozenset[Role]:
        """Return the roles of the option as a whole: `Tuning`, `Gate`, `Secret`, ..."""
        return frozenset(roles_of(self.type))

    @property
    def semantic(self) -> bool:
        """Tell whether the value itself is part of the recipe."""
        return not self.roles & {Role.TUNING, Role.GATE, Role.SECRET}

    @property
    def repeatable(self) -> bool:
        """Tell whether the flag may be given more than once."""
        return get_origin(required_type(self.type)) is tuple

    @property
    def boolean(self) -> bool:
        """Tell whether it is a flag without a value."""
        return required_type(self.type) is bool


@frozen
class Given:
    """A value as somebody wrote it, and where.

    Args:
        raw: a token, a list of tokens, or a value as TOML types it.
        kind: `flag`, `env` or `file`.
        where: what to name in a message: `--limit`, `TABLEHOST_EXTRACT_K150K_LIMIT`, ...
        text: whether `raw` is text that stands for a value (flags and environment).
        base: folder that a relative path starts from.
    """

    raw: Any
    kind: Literal["flag", "env", "file"]
    where: str
    text: bool = True
    base: Path = Path()


@frozen
class Resolved:
    """An options instance with the origin of every value.

    Args:
        instance: of the options class; None where a problem forbids to make one.
        sources: by option, `flag`, `env`, `file` or `default`.
        problems: everything that is wrong, one sentence each.
    """

    instance: Any
    sources: dict[str, str]
    problems: list[str]


def options_of(cls: type) -> tuple[Option, ...]:
    """Read an options class.

    Args:
        cls: an attrs class whose fields are annotated and documented.

    Raises:
        BrokenBuilder: it is no attrs class, or a field has no help or a type nobody can type in.
    """
    if not attrs.has(cls):
        msg = f"options class {cls.__qualname__} is not an attrs class; decorate it with @frozen"
        raise BrokenBuilder(msg)
    hints = get_type_hints(cls, include_extras=True)
    helps = _field_docstrings(cast("Hashable", cls))
    options = tuple(
        Option(field.name, hints[field.name], _default(field), helps.get(field.name, ""))
        for field in attrs.fields(cls)
        if field.init
    )
    for option in options:
        _check(cls, option)
    return options


def resolve(cls: type, *sources: Mapping[str, Given]) -> Resolved:
    """Make an instance of an options class from what was given, the first source winning.

    Args:
        cls: the options class.
        sources: by option name, from the strongest (flags) to the weakest (file).
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    labels: dict[str, str] = {}
    problems: list[str] = []
    for option in options_of(cls):
        given = next((source[option.name] for source in sources if option.name in source), None)
        origins[option.name] = given.kind if given else "default"
        if given is None:
            labels[option.name] = "its default"
            if option.required:
                problems.append(f"{option.flag} is required: {option.help.splitlines()[0]}")
            continue
        labels[option.name] = given.where
        try:
            values[option.name] = _structure(option, given)
        except NotConvertible as error:
            problems.append(f"{option.flag}: {_shown(option, given)} from {given.where} {error}")
    if problems:
        return Resolved(None, origins, problems)
    try:
        with attrs.validators.disabled():
            instance = cls(**values)
    except Exception as error:  # noqa: BLE001  # a class may do anything when it is made
        secret = any(Role.SECRET in option.roles for option in options_of(cls))
        said = type(error).__name__ if secret else repr(error)
        return Resolved(None, origins, [f"the options do not fit together: {said}"])
    problems = [
        f"{option.flag}: {message} (from {labels[option.name]})"
        for option, message in _validate(cls, instance)
    ]
    return Resolved(None if problems else instance, origins, problems)


def from_environment(cls: type, prefix: str, environ: Mapping[str, str]) -> Mapping[str, Given]:
    """Return the options that environment variables give.

    Args:
        cls: the options class.
        prefix: `TABLEHOST_EXTRACT_K150K_`.
        environ: the environment.
    """
    names = {option.name: prefix + option.name.upper() for option in options_of(cls)}
    return {
        name: Given(environ[variable], "env", variable)
        for name, variable in names.items()
        if variable in environ
    }


def _structure(option: Option, given: Given) -> Any:
    strict = converter(text=given.text, base=given.base)
    raw = given.raw
    if given.kind == "env" and option.repeatable:
        strict, raw = converter(text=False), _json_list(raw)
    if option.repeatable and not isinstance(raw, list | tuple):
        msg = f"is not {expected(option.type)}"
        raise NotConvertible(msg)
    try:
        return strict.structure(raw, option.type)
    except NotUtf8:
        raise
    except (NotConvertible, TypeError, cattrs.BaseValidationError):
        msg = f"is not {expected(option.type)}"
        raise NotConvertible(msg) from None


def _json_list(raw: str) -> list[Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, list):
        msg = "is not a JSON list, as lists in the environment are written"
        raise NotConvertible(msg)
    return value


def _validate(cls: type, instance: Any) -> Iterator[tuple[Option, str]]:
    """Run every validator and check every default: all the problems, not only the first."""
    for option in options_of(cls):
        field = attrs.fields_dict(cls)[option.name]
        if field.validator is None:
            continue
        try:
            field.validator(instance, field, getattr(instance, option.name))
        except Exception as error:  # noqa: BLE001  # a validator may raise anything
            said = str(error.args[0] if error.args else type(error).__name__)
            text = REDACTED if Role.SECRET in option.roles else said
            yield option, text


def _default(field: attrs.Attribute[Any]) -> Any:
    default: Any = field.default
    factory = getattr(default, "factory", None)
    return factory() if factory else default


@cache
def _field_docstrings(cls: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base is object or not attrs.has(base):
            continue
        for param in parse_from_object(base).params:
            found[param.arg_name] = " ".join((param.description or "").split())
    return found


def _check(cls: type, option: Option) -> None:
    where = f"option {option.name} of {cls.__module__}.{cls.__qualname__}"
    if not option.help:
        msg = f"{where} has no help; write a docstring under the field"
        raise BrokenBuilder(msg)
    try:
        expected(option.type)
    except (KeyError, TypeError):
        msg = (
            f"{where} has the type {option.type!r}, which no flag can carry; "
            "use int, float, bool, str, Path, Literal, a role, tuple[X, ...] or X | None"
        )
        raise BrokenBuilder(msg) from None
    if not option.required and not fits(option.type, option.default):
        msg = f"{where} has the default {option.default!r}, which is not {expected(option.type)}"
        raise BrokenBuilder(msg)


def _shown(option: Option, given: Given) -> str:
    if Role.SECRET in option.roles:
        return REDACTED
    return repr(given.raw[0] if _single(given.raw) else given.raw)


def _single(raw: Any) -> bool:
    return isinstance(raw, Sequence) and not isinstance(raw, str) and len(raw) == 1
