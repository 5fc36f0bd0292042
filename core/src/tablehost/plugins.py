"""Find builders by their metadata, and load exactly one."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches
from importlib.metadata import Distribution, EntryPoint, distributions, version
from pathlib import Path
from typing import Any, get_type_hints

import attrs
import pluggy
from attrs import frozen
from packaging.requirements import InvalidRequirement, Requirement

from tablehost import hookspecs
from tablehost.errors import BrokenBuilder, UsageError
from tablehost.manifest import check_fields
from tablehost.options import options_of

READY = "ready"


@frozen
class Listing:
    """A builder as its metadata presents it; nothing of it has been imported.

    Args:
        name: as it is typed after `tablehost run`, underscores for hyphens.
        distribution: what was pip-installed.
        version: the distribution's version.
        status: `ready`, or why it cannot run and what to do.
        summary: the distribution's one-line description.
        entry_point: `package.module`.
    """

    name: str
    distribution: str
    version: str
    status: str
    summary: str
    entry_point: str


@frozen
class Builder:
    """A loaded builder.

    Args:
        name: its name.
        distribution: what was pip-installed, or None for a builder of one file.
        version: the distribution's version, or None.
        module: the module that implements the hooks.
        file: the builder's own file where it is run from one.
        hooks: pluggy's relay, with this one builder behind it.
        options_class: the annotation of `options` in its `build_table`.
        fields_class: the return annotation of its `describe_manifest`, or None without that hook.
    """

    name: str
    distribution: str | None
    version: str | None
    module: Any
    file: Path | None
    hooks: Any
    options_class: type
    fields_class: type | None

    def __str__(self) -> str:
        origin = f"{self.distribution} {self.version}" if self.distribution else str(self.file)
        return f"{self.name} ({origin})"

    @property
    def item_version(self) -> int:
        """Return what the builder declares as `ITEM_VERSION`; raise it when rows change."""
        return int(getattr(self.module, "ITEM_VERSION", 1))

    @property
    def summary(self) -> str:
        """Return the first line of the options class's docstring."""
        return (inspect.getdoc(self.options_class) or "").partition("\n")[0]


def normalized(name: str) -> str:
    """Return a builder's name with underscores: `extract-k150k` and `extract_k150k` are one."""
    return name.replace("-", "_")


def discover() -> list[Listing]:
    """List the installed builders without importing any."""
    found = _entry_points()
    owners: dict[str, list[str]] = {}
    for point, owner in found:
        owners.setdefault(normalized(point.name), []).append(f"{owner.name} {owner.version}")
    return sorted(
        (
            Listing(
                name=normalized(point.name),
                distribution=owner.name,
                version=owner.version,
                status=_status(owner, owners[normalized(point.name)]),
                summary=str(owner.metadata.json.get("summary", "")),
                entry_point=point.value,
            )
            for point, owner in found
        ),
        key=lambda listing: (listing.name, listing.distribution),
    )


def load(name: str) -> Builder:
    """Load one builder, by its name or by the path of its file, and no other.

    Raises:
        UsageError: there is no such builder.
        BrokenBuilder: it cannot be imported or does not keep the contract.
    """
    if name.endswith(".py") or "/" in name:
        return _load_file(Path(name))
    return _load_installed(normalized(name))


def load_module(file: Path) -> Any:
    """Import a builder's file under its own name, so that worker processes find it again."""
    name = file.stem
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(file):
        return known
    spec = importlib.util.spec_from_file_location(name, file)
    if known is not None or spec is None or spec.loader is None:
        msg = f"{file}: a module {name} exists already; give the file another name"
        raise UsageError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _entry_points() -> list[tuple[EntryPoint, Distribution]]:
    """Return each builder's entry point; a folder that stands twice on sys.path counts once."""
    found: dict[tuple[str, str, str], tuple[EntryPoint, Distribution]] = {}
    for owner in distributions():
        try:
            for point in owner.entry_points:
                if point.group == hookspecs.ENTRY_POINT_GROUP:
                    found.setdefault((owner.name, point.name, point.value), (point, owner))
        except (TypeError, ValueError, AttributeError):
            continue  # its metadata is torn; that disturbs nobody else
    return list(found.values())


def _status(owner: Distribution, owners: list[str]) -> str:
    if len(owners) > 1:
        return f"name taken twice, by {' and '.join(sorted(owners))}: uninstall one"
    return _incompatible(owner) or READY


def _incompatible(owner: Distribution) -> str | None:
    """Say how the distribution's own requirement excludes this host."""
    host = version("tablehost")
    for text in owner.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if re.sub(r"[-_.]+", "-", requirement.name).lower() != "tablehost":
            continue
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not requirement.specifier.contains(host, prereleases=True):
            return (
                f"requires tablehost{requirement.specifier}, and this is {host}: "
                f"install a version of {owner.name} or of tablehost that fits"
            )
    return None


def _load_installed(name: str) -> Builder:
    named = [(point, owner) for point, owner in _entry_points() if normalized(point.name) == name]
    if not named:
        raise UsageError(_unknown(name))
    point, owner = named[0]
    who = f"builder {name} ({owner.name} {owner.version}, entry point {point.value})"
    status = _status(owner, [f"{other.name} {other.version}" for _, other in named])
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


def _unknown(name: str) -> str:
    known = sorted({listing.name for listing in discover()})
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    installed = f"installed are {', '.join(known)}" if known else "none is installed"
    distribution = "tablehost-" + name.replace("_", "-")
    return (
        f"there is no builder {name}: {hint}{installed}; "
        f"a builder comes with `pip install {distribution}`, or name a file, ./{name}.py"
    )
