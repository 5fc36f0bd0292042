"""Options as the manifest records them, and as they count in the recipe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from tablehost.contract.roles import (
    Labelled,
    Role,
    path_roles,
    paths_in,
    required_type,
)
from tablehost.options.fields import REDACTED, Option, options_of


def recorded(instance: Any) -> dict[str, Any]:
    """Return every option's value as it stands in the manifest, secrets redacted."""
    return {
        option.name: _recorded_value(option, getattr(instance, option.name))
        for option in options_of(type(instance))
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


def values_by_role(instance: Any, role: Role) -> Iterator[tuple[str, Path]]:
    """Yield `(option, path)` for every path in an options instance that has the role."""
    for option in options_of(type(instance)):
        for found, path in paths_in(option.type, getattr(instance, option.name)):
            if found is role:
                yield option.name, path


def _without_paths(kind: Any, value: Any) -> Any:
    content = {Role.INPUT_FILE, Role.INPUT_FILES, Role.INPUT_DIR, Role.TOOL}
    if isinstance(value, Path) and content & set(path_roles(kind)):
        return {"by": "content"}
    if isinstance(value, Labelled):
        return {
            "label": value.label,
            "value": _without_paths(get_args(required_type(kind))[0], value.value),
        }
    if isinstance(value, tuple):
        return [_without_paths(get_args(required_type(kind))[0], one) for one in value]
    return _plain(value)


def _recorded_value(option: Option, value: Any) -> Any:
    if Role.SECRET in option.roles and value is not None:
        return REDACTED
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Path | Labelled):
        return str(value)
    return value
