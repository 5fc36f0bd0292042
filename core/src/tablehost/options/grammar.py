"""The grammar of option types: an annotation, parsed once into a small tree for every reader.

Types that only a manifest's fields may have are parsed too: JSON Schema reads both.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from attrs import evolve, field, frozen

from tablehost.contract.roles import Labelled, Role, Was


@frozen
class _TypeNode:
    """A type, or a part of one, with the roles around it; `optional` where it may be None.

    `was` has the earlier names of the option that has this type.
    """

    roles: frozenset[Role] = field(default=frozenset(), kw_only=True)
    was: tuple[str, ...] = field(default=(), kw_only=True)
    optional: bool = field(default=False, kw_only=True)

    @property
    def path_roles(self) -> frozenset[Role]:
        """Return the roles of a path that is a value of this type."""
        return self.roles

    @property
    def semantic(self) -> bool:
        """Return whether the value itself is part of the recipe."""
        return all(role.in_recipe for role in self.roles)


@frozen
class Scalar(_TypeNode):
    """A type without parts: `int`, `str`, `Path`, an attrs class."""

    type: Any


@frozen
class Choice(_TypeNode):
    """`Literal[...]`."""

    values: tuple[Any, ...]


@frozen
class Pair(_TypeNode):
    """`Labelled[...]`, written `LABEL=VALUE`."""

    value: TypeNode


@frozen
class Many(_TypeNode):
    """A tuple or list; `variadic` where it is `tuple[X, ...]`."""

    each: TypeNode
    variadic: bool


@frozen
class Keyed(_TypeNode):
    """A mapping from text."""

    each: TypeNode


@frozen
class Either(_TypeNode):
    """`X | Y`."""

    arms: tuple[TypeNode, ...]

    @property
    def path_roles(self) -> frozenset[Role]:
        """Return the roles of every arm."""
        return frozenset[Role]().union(*(arm.path_roles for arm in self.arms))


TypeNode = Scalar | Choice | Pair | Many | Keyed | Either


def parse(annotation: Any) -> TypeNode:  # noqa: PLR0911  # a case a form
    """Parse an annotation; what the grammar does not know is a `Scalar` of it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    inner: TypeNode
    if origin is Annotated:
        inner = parse(arguments[0])
        marks = {mark for mark in arguments[1:] if isinstance(mark, Role)}
        was = (mark.name for mark in arguments[1:] if isinstance(mark, Was))
        return evolve(inner, roles=inner.roles | marks, was=(*inner.was, *was))
    if origin in (Union, types.UnionType):
        arms = tuple(parse(arm) for arm in arguments if arm is not type(None))
        inner = arms[0] if len(arms) == 1 else Either(arms)
        return evolve(inner, optional=inner.optional or type(None) in arguments)
    if origin is Literal:
        return Choice(arguments)
    if origin is Labelled:
        return Pair(parse(arguments[0]))
    if origin in (tuple, list):
        return Many(parse(arguments[0]), variadic=origin is tuple and arguments[1:] == (...,))
    if origin in (dict, Mapping):
        return Keyed(parse(arguments[1]))
    return Scalar(annotation)


def has_bare_path(node: TypeNode) -> bool:
    """Return whether a type has a path in it that no role is around."""
    if node.roles:
        return False
    match node:
        case Scalar(type=kind):
            return kind is Path
        case Pair(value=inner) | Many(each=inner) | Keyed(each=inner):
            return has_bare_path(inner)
        case Either(arms=arms):
            return any(map(has_bare_path, arms))
    return False
