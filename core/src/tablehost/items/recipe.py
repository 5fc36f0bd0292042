"""The item recipe: what, beside the item, decides a result of `run.map`."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from tablehost.builders.builder import Builder
from tablehost.contract.errors import BrokenBuilder
from tablehost.contract.roles import Labelled
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.files.digests import json_digest
from tablehost.items.results import ResultType, columns, result_type
from tablehost.options.fields import check_frozen
from tablehost.options.grammar import Keyed, Many, Pair, TypeNode, has_bare_path, parse
from tablehost.options.record import as_recorded


@attrs.frozen
class ItemRecipe:
    """The recipe of the items of one map.

    Args:
        function: the item function, `module:name`.
        digest: SHA-256 of the recipe.
        text: the recipe as JSON, for readers of the ledger.
        result: the type of its results.
        tools: the tools among the settings, by field.
        contents: the sha256 of the files that the settings name.
    """

    function: str
    digest: str
    text: str
    result: ResultType
    tools: Mapping[str, Path]
    contents: Mapping[Path, str]

    def before(self, version: int) -> str | None:
        """Return the digest that it had with a lower `ITEM_VERSION`, or None for no lower one."""
        recipe = json.loads(self.text)
        if version >= recipe["item_version"]:
            return None
        return json_digest(recipe | {"item_version": version})


def item_recipe(
    builder: Builder, function: Callable[..., Any], settings: Any, cache: StatCache
) -> ItemRecipe:
    """Compute the recipe of an item function with its settings.

    Args:
        builder: whose function it is.
        function: at module level.
        settings: an attrs instance or None; tools and input files count by their content.
        cache: digests of files that did not change.

    Raises:
        BrokenBuilder: the function or the settings are not what `run.map` takes.
    """
    check_function(function)
    result = result_type(function)
    name = f"{function.__module__}:{function.__qualname__}"
    digests = _Digests(cache)
    counted, tools = _settings(settings, digests)
    recipe = {
        "builder": builder.name,
        "function": name,
        "item_version": builder.item_version,
        "result": columns(result.row),
        "settings": counted,
    }
    text = json.dumps(recipe, sort_keys=True)
    return ItemRecipe(name, json_digest(recipe), text, result, tools, digests.found)


class _Digests:
    """Digests files, and remembers the digests."""

    def __init__(self, cache: StatCache) -> None:
        self._cache = cache
        self.found: dict[Path, str] = {}

    def of(self, path: Path) -> str:
        self.found[path] = hash_file(path, self._cache).sha256
        return self.found[path]


def check_function(function: Any) -> None:
    """Check that workers can find an item function, and call it with an item and the settings.

    Raises:
        BrokenBuilder: they cannot.
    """
    name = getattr(function, "__qualname__", repr(function))
    if not inspect.isfunction(function) or "<lambda>" in name:
        what = "a lambda" if inspect.isfunction(function) else f"a {type(function).__name__}"
        msg = (
            f"run.map was given {what}; give it a function that is defined at module level, and "
            "what it needs beside the item as settings"
        )
        raise BrokenBuilder(msg)
    if _found(function.__module__, name) is not function:
        msg = (
            f"{name} must be defined at module level, under this name in {function.__module__}, so "
            "that workers find it and no other"
        )
        raise BrokenBuilder(msg)
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        taken = str(inspect.signature(function)).partition(" ->")[0]
        msg = f"{name}{taken} is called as {name}(item, settings); let it take both"
        raise BrokenBuilder(msg) from None


def _found(module: str, qualname: str) -> Any:
    """Return what stands under a name in a module; a wrapper may have the name of another."""
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def _settings(settings: Any, digests: _Digests) -> tuple[dict[str, Any], dict[str, Path]]:
    """Return the settings that decide a result, and the tools among them."""
    counted: dict[str, Any] = {}
    tools: dict[str, Path] = {}
    if settings is None:
        return counted, tools
    cls = type(settings)
    if not attrs.has(cls):
        msg = f"settings of run.map must be an attrs instance, not {cls.__name__}"
        raise BrokenBuilder(msg)
    check_frozen(cls, "settings class")
    for field in attrs.fields(attrs.resolve_types(cls, include_extras=True)):
        node = parse(field.type)
        if not node.semantic:
            continue
        value = getattr(settings, field.name)
        if has_bare_path(node):
            msg = (
                f"settings field {field.name} of {cls.__name__} is a bare Path; make it InputFile "
                "or Tool, whose content decides a result, or Tuning[Path], or pass text"
            )
            raise BrokenBuilder(msg)
        if isinstance(value, Path) and any(role.tool for role in node.path_roles):
            tools[field.name] = value
        recorded = as_recorded(_by_content(node, value, digests))
        if not _is_json(recorded):
            msg = (
                f"settings field {field.name} of {cls.__name__} is {value!r}, which no recipe can "
                "hold; make it text, a number, a bool, or tuples of these"
            )
            raise BrokenBuilder(msg)
        counted[field.name] = recorded
    return counted, tools


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _by_content(node: TypeNode, value: Any, digests: _Digests) -> Any:
    """Return a value with the digest of every file in place of its path."""
    match node, value:
        case Many(each=each), tuple() | list():
            return [_by_content(each, one, digests) for one in value]
        case Keyed(each=each), dict():
            return {name: _by_content(each, one, digests) for name, one in value.items()}
        case Pair(value=inner), Labelled():
            return {"label": value.label, "value": _by_content(inner, value.value, digests)}
        case _, Path() if any(role.content == "file" for role in node.path_roles):
            return {"sha256": digests.of(value)}
    return value
