"""Whether the code that made a table is the code that is installed now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from attrs import frozen
from packaging.utils import canonicalize_name

from tablehost.builders.builder import Builder
from tablehost.console.text import shown
from tablehost.contract.errors import TablehostError
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.manifest.read import dig
from tablehost.provenance import code as provenance
from tablehost.trust.evidence.places import place_of
from tablehost.trust.evidence.subject import Subject

Effect = Literal["semantic", "unknown", "cosmetic"]
"""Of a changed module on the rows, the most important first."""

_DETAILS = {
    "semantic": "has other code",
    "cosmetic": "differs in comments or layout only",
    "unknown": "differs; how was not recorded",
}


@frozen(kw_only=True)
class ModuleChange:
    """A module of the builder that is not what it was.

    Args:
        what: the module's file, as the manifest names it.
        effect: `cosmetic` where the syntax tree is the same, `unknown` where the two were parsed
            by different versions of Python, whose trees differ anyway.
        detail: what became of it, to be read after its name.
    """

    what: str
    effect: Effect
    detail: str


def module_changes(subject: Subject, builder: Builder | Path) -> list[ModuleChange]:
    """Compare the modules of a builder with those that made a table, the most important first.

    Nothing is returned for a manifest that names no modules: unknown is not changed.
    """
    before = subject.manifest.modules
    if not before:
        return []
    now = _modules(builder)
    python = subject.manifest.python
    changes = [
        change
        for name in sorted(before.keys() | now.keys())
        if (change := _module_change(name, before.get(name), now.get(name), python))
    ]
    return sorted(changes, key=lambda change: get_args(Effect).index(change.effect))


def file_changes(subject: Subject, file: Path) -> list[str]:
    """Return a sentence on each file of a builder that is not the recorded one, byte for byte."""
    before, now = subject.manifest.modules or {}, _modules(file)
    differ = {
        name
        for name in before.keys() | now.keys()
        if dig(before.get(name), "sha256") != dig(now.get(name), "sha256")
    }
    said = (one for one in module_changes(subject, file) if one.what in differ)
    return [f"{one.what} {one.detail} ({one.effect})" for one in said] or sorted(differ)


def effect_of(before: Any, now: Any, python_before: Any, python_now: Any) -> Effect:
    """Return the effect of a change of a module, by its two descriptors; None is a missing one."""
    trees = [dig(one, "syntax_sha256") for one in (before, now)]
    if None not in trees and trees[0] == trees[1]:
        return "cosmetic"
    if None in (before, now):
        return "semantic"
    # syntax trees differ between versions of Python
    return "unknown" if None in trees or _minor(python_before) != _minor(python_now) else "semantic"


def tool_changes(subject: Subject, digests: StatCache) -> Iterator[str]:
    """Yield which tools have other content now, or are gone."""
    for name, described in (subject.manifest.tools or {}).items():
        path, sha256 = dig(described, "path"), dig(described, "sha256")
        if not isinstance(path, str) or not isinstance(sha256, str):
            continue
        place = place_of(subject, path)
        try:
            if hash_file(place, digests).sha256 != sha256:
                yield f"tool {name}: {shown(place)} has other content"
        except FileNotFoundError:
            yield f"tool {name}: {shown(place)} is gone"
        except (OSError, TablehostError) as error:
            yield f"tool {name}: {shown(place)} cannot be read: {error}"


def surroundings_changes(subject: Subject, builder: Builder | Path) -> list[str]:
    """Return what changed of this host, of packages, of Python and of the machine."""
    distribution = builder.distribution if isinstance(builder, Builder) else None
    packages = _package_changes(subject, distribution)
    return [*_host_change(subject), *packages, *_machine_changes(subject)]


def _modules(builder: Builder | Path) -> dict[str, dict[str, str]]:
    if isinstance(builder, Path):
        return {name: digests for name, (_, digests) in provenance.file_modules(builder).items()}
    return _installed_modules(builder)


# What is installed does not change while one command runs.
_installed_modules = cache(provenance.modules_of)


def _module_change(name: str, before: Any, now: Any, python: Any) -> ModuleChange | None:
    effect = effect_of(before, now, python, provenance.environment().python)
    if now is None:
        detail = "is gone"
    elif before is None:
        detail = "is new"
    elif dig(before, "sha256") in (None, now["sha256"]):
        return None
    else:
        detail = _DETAILS[effect]
    if effect == "unknown" and python != provenance.environment().python:
        by = f"by {python or 'an unknown Python'}, and this is {provenance.environment().python}"
        detail = f"{detail}: it was parsed {by}"
    return ModuleChange(what=name, effect=effect, detail=detail)


def _minor(python: Any) -> list[str]:
    """Return `["CPython 3", "13"]` of `CPython 3.13.1`."""
    return str(python).split(".")[:2]


def _host_change(subject: Subject) -> Iterator[str]:
    before, now = subject.manifest.host or {}, provenance.host_code()
    version = before.get("version")
    if version not in (None, now["version"]):
        yield f"tablehost {version} -> {now['version']}"
    elif before.get("sha256") not in (None, now["sha256"]):
        yield f"tablehost {now['version']}: its code changed within the version"


def _package_changes(subject: Subject, distribution: str | None) -> Iterator[str]:
    """Compare versions, except for builder and host, which are compared separately."""
    before = subject.manifest.packages
    if not before:
        return
    now = provenance.packages_of(distribution)
    own = {"tablehost", canonicalize_name(distribution or "")}
    for name in sorted((before.keys() | now.keys()) - own):
        if before.get(name) != now.get(name):
            yield f"{name} {before.get(name, 'not there')} -> {now.get(name, 'not there')}"


def _machine_changes(subject: Subject) -> Iterator[str]:
    now = provenance.environment()
    for name in ("python", "platform", "cpu"):
        before, current = dig(subject.manifest.environment, name), getattr(now, name)
        if before not in (None, current):
            yield f"{name} {before} -> {current}"
