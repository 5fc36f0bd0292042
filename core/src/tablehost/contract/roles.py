"""Roles of options: what a value means for the proof, said by its type.

A role is an annotation of an options class, and roles nest: `tuple[InputFile, ...]`,
`InputFile | None`, `Tool | str`, `tuple[Labelled[InputFile], ...]`. A field without a role is
*semantic*: it is part of the recipe.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Generic,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from attrs import frozen

T = TypeVar("T")


class Role(Enum):
    """What an option's value means to the host."""

    INPUT_FILE = "input-file"
    INPUT_FILES = "input-files"
    INPUT_DIR = "input-dir"
    TOOL = "tool"
    SCRATCH = "scratch"
    TUNING = "tuning"
    GATE = "gate"
    SECRET = "secret"  # noqa: S105  # the role's name


InputFile = Annotated[Path, Role.INPUT_FILE]
"""A file that the table is made of; the host hashes it."""

InputFiles = Annotated[Path, Role.INPUT_FILES]
"""A file, a folder of part files, or a glob: `tablehost.parts_of` finds the files of it.

The host hashes each of them.
"""

InputDir = Annotated[Path, Role.INPUT_DIR]
"""A folder of input files; it is hashed by the items that read them, while they do.

An option named `glob` in the same class tells which of its files the builder looks at.
"""

Tool = Annotated[Path, Role.TOOL]
"""An executable or a model file: its content is in the recipe, its path is not."""

Tuning = Annotated[T, Role.TUNING]
"""How fast, never what: in no recipe."""

Gate = Annotated[T, Role.GATE]
"""May refuse a run, never changes a cell: in no recipe."""

Secret = Annotated[T, Role.SECRET]
"""Redacted wherever it would be written."""

ScratchDir = Annotated[Path, Role.SCRATCH, Role.TUNING]
"""The folder in which `run.scratch` is made, in place of the output's own."""


@frozen
class Labelled(Generic[T]):
    """A value with a label in front of it, written `LABEL=VALUE`."""

    label: str
    value: T

    def __str__(self) -> str:
        return f"{self.label}={self.value}"


def bare(kind: Any) -> Any:
    """Return a type without the annotations around it."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def required_type(kind: Any) -> Any:
    """Return a type without annotations and without `| None`."""
    inner = bare(kind)
    if not is_union(inner):
        return inner
    arms = tuple(arm for arm in get_args(inner) if arm is not type(None))
    return required_type(arms[0]) if len(arms) == 1 else Union[arms]  # noqa: UP007  # dynamic


def is_union(kind: Any) -> bool:
    """Tell whether a type is `X | Y`."""
    return get_origin(kind) in (Union, types.UnionType)


def roles_of(kind: Any) -> Iterator[Role]:
    """Yield the roles around a type, and around the one type inside `| None`."""
    while get_origin(kind) is Annotated or is_union(kind):
        if get_origin(kind) is Annotated:
            yield from (mark for mark in get_args(kind)[1:] if isinstance(mark, Role))
            kind = get_args(kind)[0]
            continue
        arms = [arm for arm in get_args(kind) if arm is not type(None)]
        if len(arms) != 1:
            return
        kind = arms[0]


def paths_in(kind: Any, value: Any) -> Iterator[tuple[Role, Path]]:
    """Yield every path in a value with the role that its type gives it."""
    if value is None:
        return
    if isinstance(value, Path):
        yield from ((role, value) for role in path_roles(kind))
        return
    if isinstance(value, Labelled):
        yield from paths_in(get_args(required_type(kind))[0], value.value)
    elif isinstance(value, tuple):
        for one in value:
            yield from paths_in(get_args(required_type(kind))[0], one)


def path_roles(kind: Any) -> Iterator[Role]:
    """Yield the roles that a path has under a type, in any arm of a union."""
    inner = required_type(kind)
    if is_union(inner):
        for arm in get_args(inner):
            yield from roles_of(arm)
    else:
        yield from roles_of(kind)


def normalized(name: str) -> str:
    """Return a name with underscores: `extract-k150k` and `extract_k150k` are one."""
    return name.replace("-", "_")


def flag_of(option: str) -> str:
    """Return the command line's name of an option, `--clips-dir`."""
    return "--" + option.replace("_", "-")
