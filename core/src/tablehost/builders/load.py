"""Load exactly one builder."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any, get_type_hints

import attrs
import pluggy

from tablehost import hookspecs
from tablehost.builders.builder import Builder, load_module
from tablehost.builders.discover import READY, entry_points, status_of, unknown_builder
from tablehost.contract.errors import BrokenBuilder, UsageError
from tablehost.contract.roles import normalized
from tablehost.manifest.write import check_fields
from tablehost.options.fields import options_of
from tablehost.options.host_options import HostOptions


def load(name: str) -> Builder:
    """Load one builder, by its name or by the path of its file, and no other.

    Raises:
        UsageError: there is no such builder.
        BrokenBuilder: it cannot be imported or does not keep the contract.
    """
    is_file = name.endswith(".py") or "/" in name
    builder = _load_file(Path(name)) if is_file else _load_installed(normalized(name))
    _check_collisions(builder)
    return builder


def _load_installed(name: str) -> Builder:
    named = [(point, owner) for point, owner in entry_points() if normalized(point.name) == name]
    if not named:
        raise UsageError(unknown_builder(name))
    point, owner = named[0]
    who = f"builder {name} ({owner.name} {owner.version}, entry point {point.value})"
    status = status_of(owner, [f"{other.name} {other.version}" for _, other in named])
    if status != READY:
        msg = f"{who}: {status}"
        raise BrokenBuilder(msg)
    manager = _manager()
    module = _guarded(who, point.load)  # pluggy's own loader stumbles over a torn neighbour
    _guarded(who, lambda: manager.register(module, name=point.name))
    _guarded(who, manager.check_pending)
    return _builder(manager, module, who, name=name, owner=owner, file=None)


def _load_file(path: Path) -> Builder:
    if not path.is_file():
        msg = f"there is no builder file {path}; give the path of a Python file"
        raise UsageError(msg)
    file = path.resolve()
    who = f"builder {file.stem} ({path})"
    module = _guarded(who, lambda: load_module(file))
    manager = _manager()
    _guarded(who, lambda: manager.register(module, name=file.stem))
    _guarded(who, manager.check_pending)
    return _builder(manager, module, who, name=normalized(file.stem), owner=None, file=file)


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _guarded(who: str, load: Callable[[], Any]) -> Any:
    """Run one step of loading; whatever a builder does wrong in it is one sentence."""
    try:
        return load()
    except (UsageError, BrokenBuilder):
        raise
    except pluggy.PluginValidationError as error:
        reason = " ".join(str(error).split())
        msg = f"{who} has a wrong hook: {reason}. The hooks are build_table(options, run) and "
        msg += "describe_manifest(options, build)"
        raise BrokenBuilder(msg) from error
    except (Exception, SystemExit) as error:  # anything may happen in a builder's own module
        msg = f"{who} cannot be imported: {type(error).__name__}: {error}. "
        msg += "Repair or reinstall it; --verbose shows where"
        raise BrokenBuilder(msg) from error


def _builder(
    manager: pluggy.PluginManager,
    module: Any,
    who: str,
    *,
    name: str,
    owner: Distribution | None,
    file: Path | None,
) -> Builder:
    build_table = _hook_function(manager, "build_table")
    if build_table is None:
        msg = f"{who} has no hook build_table; define it and decorate it with @hookimpl"
        raise BrokenBuilder(msg)
    options_class = _annotation(who, build_table, "options")
    describe = _hook_function(manager, "describe_manifest")
    fields_class = _annotation(who, describe, "return") if describe else None
    try:
        options_of(options_class)
        if fields_class:
            check_fields(fields_class)
    except BrokenBuilder as error:
        msg = f"{who}: {error}"
        raise BrokenBuilder(msg) from None
    return Builder(
        name=name,
        distribution=owner.name if owner else None,
        version=owner.version if owner else None,
        module=module,
        file=file,
        hooks=manager.hook,
        options_class=options_class,
        fields_class=fields_class,
    )


def _hook_function(manager: pluggy.PluginManager, hook: str) -> Callable[..., Any] | None:
    found = getattr(manager.hook, hook).get_hookimpls()
    return found[0].function if found else None


def _annotation(who: str, function: Callable[..., Any], name: str) -> type:
    """Resolve one annotation, in the function's own globals, and leave the others alone."""
    raw = function.__annotations__.get(name)
    what = "its return value" if name == "return" else f"{name!r}"
    if raw is None:
        msg = f"{who}: {function.__name__} does not annotate {what}; name an attrs class there"
        raise BrokenBuilder(msg)
    holder = type("holder", (), {"__annotations__": {name: raw}})
    globalns = getattr(function, "__globals__", {})
    resolved = _guarded(who, lambda: get_type_hints(holder, globalns=globalns)[name])
    if not isinstance(resolved, type) or not attrs.has(resolved):
        msg = f"{who}: {function.__name__} annotates {what} with {resolved!r}, no attrs class"
        raise BrokenBuilder(msg)
    return resolved


def _check_collisions(builder: Builder) -> None:
    """Refuse a builder whose option has the name of one that every run has."""
    ours = {option.name for option in options_of(HostOptions)}
    for option in options_of(builder.options_class):
        if option.name in ours:
            msg = (
                f"builder {builder}: its option {option.flag} collides with tablehost's own "
                f"{option.flag}; give the field another name"
            )
            raise BrokenBuilder(msg)
