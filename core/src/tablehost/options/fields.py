"""Options: an attrs class, the values given for it, and how they are recorded."""

from __future__ import annotations

import ast
import inspect
import json
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from itertools import pairwise
from typing import Any, cast, get_type_hints

import attrs
from attrs import NOTHING, frozen
from attrs.exceptions import FrozenInstanceError

from tablehost.contract.errors import BrokenBuilder, UsageError
from tablehost.contract.names import flag_of
from tablehost.options.convert import NotConvertible, RawValue, expected, fits, structure
from tablehost.options.grammar import Many, Scalar, TypeNode, has_bare_path, parse

REDACTED = "<redacted>"
_PATH_ROLES = (
    "make it InputFile, InputFiles, InputDir or Tool, whose content decides the table, ScratchDir, "
    "Tuning[Path] or Gate[Path], which do not decide it, or str, which counts as text"
)


@frozen
class Option:
    """One field of an options class.

    Args:
        name: the field's name, `clips_dir`.
        type: its annotation, parsed, roles included.
        default: its default, or `attrs.NOTHING` where it must be given.
        help: the docstring under it.
    """

    name: str
    type: TypeNode
    default: Any
    help: str

    @property
    def flag(self) -> str:
        """Return the command line's name, `--clips-dir`."""
        return flag_of(self.name)

    @property
    def spellings(self) -> tuple[str, ...]:
        """Return every name that it can be given by, the one that it has now first."""
        return (self.name, *self.type.was)

    @property
    def required(self) -> bool:
        """Return whether it has no default."""
        return self.default is NOTHING

    @property
    def secret(self) -> bool:
        """Return whether it is kept out of manifests, logs and messages."""
        return any(role.redacted for role in self.type.roles)

    @property
    def semantic(self) -> bool:
        """Return whether the value itself is part of the recipe."""
        return self.type.semantic

    @property
    def repeatable(self) -> bool:
        """Return whether the flag may be given more than once."""
        return isinstance(self.type, Many)

    @property
    def boolean(self) -> bool:
        """Return whether it is a flag without a value."""
        return isinstance(self.type, Scalar) and self.type.type is bool


@frozen
class Resolved:
    """An options instance with the origin of every value.

    Args:
        instance: of the options class; None where a problem forbids to make one.
        sources: by option, `flag`, `env`, `file` or `default`.
        problems: everything that is wrong, one sentence each.
        renamed: which values were given under an earlier name, one sentence each.
    """

    instance: Any
    sources: dict[str, str]
    problems: list[str]
    renamed: tuple[str, ...] = ()


def options_of(cls: type) -> tuple[Option, ...]:
    """Read an options class.

    Args:
        cls: an attrs class whose fields are annotated and documented.

    Raises:
        BrokenBuilder: it is not an attrs class, two fields share a name, or a field has no help, a
            type that cannot be set from the command line, a path without a role, or a default of
            another type.
    """
    return _options_of(cast("Hashable", cls))


@cache
def _options_of(cls: Any) -> tuple[Option, ...]:
    if not attrs.has(cls):
        msg = f"options class {cls.__qualname__} is not an attrs class; decorate it with @frozen"
        raise BrokenBuilder(msg)
    hints = get_type_hints(cls, include_extras=True)
    _check_annotated(cls, hints)
    check_frozen(cls, "options class")
    helps = _field_docstrings(cls)
    options = tuple(
        _option(cls, field, hints[field.name], helps.get(field.name, ""))
        for field in attrs.fields(cls)
        if field.init
    )
    names = Counter(name for option in options for name in option.spellings)
    if twice := [name for name, count in names.items() if count > 1]:
        msg = f"options class {cls.__qualname__} gives {twice[0]!r} to two options, now or earlier"
        raise BrokenBuilder(msg)
    return options


@cache
def check_frozen(cls: Any, what: str) -> None:
    """Check that the instances of an attrs class cannot be changed.

    Raises:
        BrokenBuilder: they can be; `what` says what the class is for.
    """
    names = [field.name for field in attrs.fields(cls)]
    try:
        for name in names[:1]:
            setattr(object.__new__(cls), name, None)
    except FrozenInstanceError:
        return
    except Exception:  # noqa: BLE001, S110  # a class that takes values may refuse this one
        pass
    if names:
        msg = f"{what} {cls.__qualname__} can be changed; decorate it with @frozen, not @define"
        raise BrokenBuilder(msg)


def _check_annotated(cls: type, hints: Mapping[str, Any]) -> None:
    """Refuse what looks like an option and has no type: attrs would take no notice of it."""
    plain = {
        name
        for name, value in vars(cls).items()
        if not (name.startswith("_") or callable(value) or hasattr(value, "__get__"))
    }
    for name in sorted((plain | {field.name for field in attrs.fields(cls)}) - hints.keys()):
        where = f"{cls.__module__}.{cls.__qualname__}"
        msg = f"option {name} of {where} has no type; annotate it, such as {name}: int = 5"
        raise BrokenBuilder(msg)


def _option(cls: type, field: attrs.Attribute[Any], annotation: Any, text: str) -> Option:
    where = f"option {field.name} of {cls.__module__}.{cls.__qualname__}"
    if not text:
        msg = f"{where} has no help; write a docstring under the field"
        raise BrokenBuilder(msg)
    factory = getattr(field.default, "factory", None)
    default: Any = factory() if factory else field.default
    option = Option(field.name, parse(annotation), default, text)
    try:
        words = expected(option.type)
    except TypeError:
        msg = (
            f"{where} has the type {annotation!r}, which cannot be set from the command line; "
            "use int, float, bool, str, Literal, a role, tuple[X, ...] or X | None"
        )
        raise BrokenBuilder(msg) from None
    if has_bare_path(option.type):
        msg = f"{where} is a path without a role; {_PATH_ROLES}"
        raise BrokenBuilder(msg)
    if not option.required and not fits(option.type, option.default):
        msg = f"{where} has the default {option.default!r}, which is not {words}"
        raise BrokenBuilder(msg)
    return option


def resolve(cls: type, *sources: Mapping[str, RawValue]) -> Resolved:
    """Make an instance of an options class from what was given, the first source winning.

    Args:
        cls: the options class.
        sources: by option name, from the strongest (flags) to the weakest (file).
    """
    options = options_of(cls)
    found = {
        option.name: next((one[option.name] for one in sources if option.name in one), None)
        for option in options
    }
    origins = {name: given.kind if given else "default" for name, given in found.items()}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for option in options:
        given = found[option.name]
        if given is None:
            if option.required:
                problems.append(f"{option.flag} is required: {option.help.splitlines()[0]}")
            continue
        try:
            values[option.name] = _structure(option, given)
        except NotConvertible as error:
            shown = REDACTED if option.secret else repr(error.raw)
            problems.append(f"{option.flag}: {shown} from {given.where} {error.problem}")
    renamed = tuple(
        f"{given.former} from {given.where} is named {name} now; use the new name"
        for name, given in found.items()
        if given and given.former
    )
    if problems:
        return Resolved(None, origins, problems, renamed)
    try:
        with attrs.validators.disabled():
            instance = cls(**values)
    except Exception as error:  # noqa: BLE001  # a class may do anything when it is made
        secret = any(option.secret for option in options)
        said = type(error).__name__ if secret else repr(error)
        return Resolved(None, origins, [f"the options do not fit together: {said}"], renamed)
    for option in options:
        problem = _refusal(cls, option, instance)
        if problem is not None:
            given = found[option.name]
            where = given.where if given else "its default"
            problems.append(f"{option.flag}: {problem} (from {where})")
    return Resolved(None if problems else instance, origins, problems, renamed)


def _refusal(cls: type, option: Option, instance: Any) -> str | None:
    """Return what an option's validator says against its value."""
    field = attrs.fields_dict(cls)[option.name]
    try:
        if field.validator is not None:
            field.validator(instance, field, getattr(instance, option.name))
    except Exception as error:  # noqa: BLE001  # a validator may raise anything
        said = str(error.args[0] if error.args else type(error).__name__)
        return REDACTED if option.secret else said
    return None


def variables_of(cls: type, section: str) -> dict[str, str]:
    """Return the environment variable of each name of an option: `TABLEHOST_COMBINE_INPUT`."""
    prefix = "TABLEHOST_" if section == "tablehost" else f"TABLEHOST_{section.upper()}_"
    return {name: prefix + name.upper() for one in options_of(cls) for name in one.spellings}


def from_environment(cls: type, section: str, environ: Mapping[str, str]) -> dict[str, RawValue]:
    """Return the options that environment variables give.

    Args:
        cls: the options class.
        section: the builder's name, or `tablehost` for the options of every run.
        environ: the environment.

    Raises:
        UsageError: an option is given by two names.
    """
    found = {
        name: RawValue(environ[variable], "env", variable)
        for name, variable in variables_of(cls, section).items()
        if variable in environ
    }
    return by_name(cls, found)


def by_name(cls: type, found: Mapping[str, RawValue]) -> dict[str, RawValue]:
    """Return what one source gives, by the names that the options have now.

    Args:
        cls: the options class.
        found: by any name of an option.

    Raises:
        UsageError: an option is given by two names.
    """
    given = {}
    for option in options_of(cls):
        names = [name for name in option.spellings if name in found]
        if len(names) > 1:
            places = " and ".join(f"{name} ({found[name].where})" for name in names)
            msg = f"{places} are one option; give {option.name} alone"
            raise UsageError(msg)
        for name in names:
            former = None if name == option.name else name
            given[option.name] = attrs.evolve(found[name], former=former)
    return given


def _structure(option: Option, given: RawValue) -> Any:
    if given.kind != "env" or not option.repeatable:
        return structure(option.type, given)
    raw = None
    with suppress(ValueError, RecursionError):
        raw = json.loads(given.raw)
    if not isinstance(raw, list):
        problem = "is not a JSON list, as lists in the environment are written"
        raise NotConvertible(given.raw, problem)
    return structure(option.type, attrs.evolve(given, raw=raw, text=False))


def _field_docstrings(cls: type) -> dict[str, str]:
    bases = [base for base in reversed(cls.__mro__) if attrs.has(base)]
    return {name: " ".join(text.split()) for base in bases for name, text in _documented(base)}


def _documented(cls: type) -> Iterator[tuple[str, str]]:
    """Yield the fields of a class with the docstring that its source has under each."""
    try:
        lines, at = inspect.findsource(cls)
    except OSError:  # there is no source
        return
    for node in ast.walk(ast.parse("".join(lines))):
        if isinstance(node, ast.ClassDef) and at + 1 in _first_lines(node):
            for above, below in pairwise(node.body):
                match above, below:
                    case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                        yield name, text


def _first_lines(node: ast.ClassDef) -> set[int]:
    return {node.lineno, *(one.lineno for one in node.decorator_list)}
