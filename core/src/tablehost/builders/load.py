"""Load exactly one builder."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import attrs
import pluggy

from tablehost import hookspecs
from tablehost.builders.builder import Builder, load_module
from tablehost.builders.discover import (
    ENTRY_POINT_GROUP,
    READY,
    Installed,
    discover,
    unknown_builder,
)
from tablehost.console.printed import kept_back
from tablehost.console.streams import say, stdout_aside
from tablehost.console.text import printable
from tablehost.contract.annotations import annotation_of
from tablehost.contract.errors import BrokenBuilder, UsageError
from tablehost.contract.names import flag_of, normalized
from tablehost.options.fields import options_of
from tablehost.options.host_options import HostOptions


def _say(line: str) -> None:
    say(printable(line))


def load(name: str, show: Callable[[str], None] = _say) -> Builder:
    """Load one builder, by its name or by the path of its file, and no other.

    Args:
        name: of the builder, or the path of its file.
        show: takes each line that the builder prints meanwhile, without secrets.

    Raises:
        UsageError: there is no such builder.
        BrokenBuilder: it cannot be imported or does not keep the contract.
    """
    is_file = name.endswith(".py") or "/" in name
    lines: list[bytes] = []
    options_class = None

    def redaction() -> Callable[[str], str]:
        from tablehost.options.unread import redaction as of_unread  # hardly any builder needs it

        return of_unread(normalized(Path(name).stem if is_file else name), options_class).of_lines

    try:
        with kept_back() as lines:
            builder = _load_file(Path(name)) if is_file else _load_installed(normalized(name))
        options_class = builder.options_class
    except BrokenBuilder as error:
        error.redact = redaction()
        error.problems = [*map(error.redact, error.problems)]
        error.args = ("\n".join(error.problems),)
        raise
    else:
        return builder
    finally:
        if lines:
            redact = redaction()
            for line in lines:
                show(redact(line.decode(errors="backslashreplace")))


def _load_installed(name: str) -> Builder:
    found = next((one for one in discover() if one.name == name), None)
    if found is None:
        raise UsageError(unknown_builder(name))
    origin = f"{found.distribution} {found.version}, entry point {found.entry_point}"
    who = f"builder {name} ({origin})"
    if found.status != READY:
        msg = f"{who}: {found.status}"
        raise BrokenBuilder(msg)
    module = _guarded(who, EntryPoint(name, found.entry_point, ENTRY_POINT_GROUP).load)
    return _builder(module, who, name, owner=found)


def _load_file(path: Path) -> Builder:
    if not path.is_file():
        msg = f"there is no builder file {path}; give the path of a Python file"
        raise UsageError(msg)
    file = path.resolve()
    who = f"builder {file.stem} ({path})"
    module = _guarded(who, lambda: load_module(file))
    return _builder(module, who, file.stem, file=file)


def _guarded(who: str, load: Callable[[], Any]) -> Any:
    """Run one step of loading; any failure in it is reported in one sentence."""
    try:
        with stdout_aside():
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
    module: Any, who: str, name: str, *, owner: Installed | None = None, file: Path | None = None
) -> Builder:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    _guarded(who, lambda: manager.register(module, name=name))
    _guarded(who, manager.check_pending)
    build_table = _hook_function(manager, "build_table")
    if build_table is None:
        msg = f"{who} has no hook build_table; define it and decorate it with @hookimpl"
        raise BrokenBuilder(msg)
    describe = _hook_function(manager, "describe_manifest")
    builder = Builder(
        name=normalized(name),
        distribution=owner.distribution if owner else None,
        version=owner.version if owner else None,
        module=module,
        file=file,
        hooks=manager.hook,
        options_class=_annotated_class(who, build_table, "options"),
        find_fields_class=lambda: _annotated_class(who, describe, "return") if describe else None,
    )
    _naming(who, _check_options, builder.options_class)
    return builder


def _naming(who: str, check: Callable[[type], None], cls: type) -> None:
    """Check a class of a builder; what is wrong with it names the builder."""
    try:
        check(cls)
    except BrokenBuilder as error:
        msg = f"{who}: {error}"
        raise BrokenBuilder(msg) from None


def _hook_function(manager: pluggy.PluginManager, hook: str) -> Callable[..., Any] | None:
    found = getattr(manager.hook, hook).get_hookimpls()
    return found[0].function if found else None


def _annotated_class(who: str, function: Callable[..., Any], name: str) -> type:
    """Return the attrs class that a hook names for an argument, or for what it returns."""
    what = "its return value" if name == "return" else f"{name!r}"
    if function.__annotations__.get(name) is None:
        msg = f"{who}: {function.__name__} does not annotate {what}; name an attrs class there"
        raise BrokenBuilder(msg)
    resolved = _guarded(who, lambda: annotation_of(function, name))
    if not isinstance(resolved, type) or not attrs.has(resolved):
        msg = f"{who}: {function.__name__} annotates {what} with {resolved!r}; name an attrs class"
        raise BrokenBuilder(msg)
    return resolved


def check(builder: Builder) -> None:
    """Refuse to run a builder whose manifest fields clash with the host's; `--help` needs no check.

    Raises:
        BrokenBuilder: a field has a name of the host's, or a type that JSON cannot represent.
    """
    if builder.fields_class:
        from tablehost.manifest.write import check_fields

        _naming(f"builder {builder}", check_fields, builder.fields_class)


def _check_options(cls: type) -> None:
    """Refuse an options class that has the name of an option of every run."""
    ours = {option.name for option in options_of(HostOptions)}
    for option in options_of(cls):
        for taken in ours.intersection(option.spellings):
            msg = (
                f"its option {flag_of(taken)} collides with tablehost's own {flag_of(taken)}; "
                "give the field another name"
            )
            raise BrokenBuilder(msg)
