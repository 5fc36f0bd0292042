"""Options as the manifest records them, and as they count in the recipe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from tablehost.contract.roles import Labelled, Role
from tablehost.options.fields import REDACTED, options_of
from tablehost.options.grammar import Many, Pair, TypeNode

_Found = tuple[Role, Path, str | None]


@frozen
class GivenPath:
    """A path of an input or a tool.

    Args:
        option: the name of its option.
        role: its role.
        path: the path.
        label: the label in front of it, if there is one.
    """

    option: str
    role: Role
    path: Path
    label: str | None


def paths_of(instance: Any) -> list[GivenPath]:
    """Return the paths of the inputs and tools that an options instance names."""
    return [
        GivenPath(option.name, *found)
        for option in options_of(type(instance))
        for found in _paths(option.type, getattr(instance, option.name))
    ]


def _paths(node: TypeNode, value: Any, label: str | None = None) -> Iterator[_Found]:
    match node, value:
        case Many(each=each), tuple():
            for one in value:
                yield from _paths(each, one)
        case Pair(value=inner), Labelled():
            yield from _paths(inner, value.value, value.label)
        case _, Path():
            for role in node.path_roles:
                if role.content:
                    yield role, value, label


def with_placed_tools(instance: Any) -> Any:
    """Return options whose tools cannot be taken for a program of the search path.

    A path of one name, such as that of `./ffmpeg`, is run as what the search path has of that name.
    """
    placed = {
        option.name: _placed(option.type, getattr(instance, option.name))
        for option in options_of(type(instance))
    }
    changed = {name: one for name, one in placed.items() if one != getattr(instance, name)}
    return attrs.evolve(instance, **changed) if changed else instance


def _placed(node: TypeNode, value: Any) -> Any:
    match node, value:
        case Many(each=each), tuple():
            return tuple(_placed(each, one) for one in value)
        case Pair(value=inner), Labelled():
            return attrs.evolve(value, value=_placed(inner, value.value))
        case _, Path() if len(value.parts) == 1 and any(role.tool for role in node.path_roles):
            return value.absolute()
    return value


def recorded(instance: Any) -> dict[str, Any]:
    """Return every option's value as the manifest records it, secrets redacted."""
    return {
        option.name: REDACTED if option.secret and value is not None else as_recorded(value)
        for option in options_of(type(instance))
        for value in (getattr(instance, option.name),)
    }


def semantic(instance: Any) -> dict[str, Any]:
    """Return the values that decide what the table is, paths of inputs and tools left out.

    Inputs and tools are in the recipe by their content; a label in front of one stays.
    """
    return {
        option.name: _without_paths(option.type, getattr(instance, option.name))
        for option in options_of(type(instance))
        if option.semantic
    }


def _without_paths(node: TypeNode, value: Any) -> Any:
    match node, value:
        case Many(each=each), tuple():
            return [_without_paths(each, one) for one in value]
        case Pair(value=inner), Labelled():
            return {"label": value.label, "value": _without_paths(inner, value.value)}
        case _, Path() if any(role.content for role in node.path_roles):
            return {"by": "content"}
    return as_recorded(value)


def as_recorded(value: Any) -> Any:
    """Return a value as JSON holds it: a path or labelled value as text, a tuple as a list."""
    if isinstance(value, tuple | list):
        return [as_recorded(one) for one in value]
    if isinstance(value, Path | Labelled):
        return str(value)
    return value
