"""Whether the code that made a table is the code that is installed now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from attrs import frozen
from packaging.utils import canonicalize_name

from tablehost.builders.builder import Builder
from tablehost.console.text import counted, shown, some
from tablehost.contract.errors import TablehostError
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.manifest.read import dig
from tablehost.provenance.code import BuilderCode, environment, host_code
from tablehost.trust.evidence.places import place_of
from tablehost.trust.evidence.subject import Subject

Effect = Literal["semantic", "unknown", "cosmetic"]
"""Of a changed module on the rows, the most important first."""

_DETAILS = {
    "semantic": "has other code",
    "cosmetic": "differs in comments or layout only",
    "unknown": "differs; whether in more than comments and layout was not recorded",
}


@frozen(kw_only=True)
class ModuleChange:
    """A module of the builder that is not what it was.

    Args:
        what: the module's file, as the manifest names it.
        effect: `cosmetic` where it does the same, `unknown` where what it did was recorded by
            tablehost 1.0.0, in a form that differs between versions of Python.
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
    now = _code(builder).modules
    python = subject.manifest.python
    changes = [
        change
        for name in sorted(before.keys() | now.keys())
        if (change := _module_change(name, before.get(name), now.get(name), python))
    ]
    return sorted(changes, key=lambda change: get_args(Effect).index(change.effect))


def file_changes(subject: Subject, file: Path) -> list[str]:
    """Return a sentence on each file of a builder that is not the recorded one, byte for byte."""
    before, now = subject.manifest.modules or {}, _code(file).modules
    differ = {
        name
        for name in before.keys() | now.keys()
        if dig(before.get(name), "sha256") != dig(now.get(name), "sha256")
    }
    said = (one for one in module_changes(subject, file) if one.what in differ)
    return [f"{one.what} {one.detail} ({one.effect})" for one in said] or sorted(differ)


def effect_of(before: Any, now: Any, python_before: Any, python_now: Any) -> Effect:
    """Return the effect of a change of a module, by its two descriptors; None is a missing one."""
    if None in (before, now):
        return "semantic"
    for digest in ("code_sha256", "syntax_sha256"):
        one, other = dig(before, digest), dig(now, digest)
        if one is not None and one == other:
            return "cosmetic"
        # the trees that 1.0.0 recorded differ between versions of Python
        comparable = digest == "code_sha256" or _minor(python_before) == _minor(python_now)
        if None not in (one, other) and comparable:
            return "semantic"
    return "unknown"


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
    now, own = _code(builder).packages, _own_packages(builder)
    packages = _package_changes(subject, now, own)
    made = _items_of_other_packages(subject, now, own)
    return [*_host_change(subject), *packages, *made, *_machine_changes(subject)]


def _code(builder: Builder | Path) -> BuilderCode:
    return BuilderCode.read(builder) if isinstance(builder, Path) else _installed_code(builder)


# What is installed does not change while one command runs.
_installed_code = cache(BuilderCode.read)


def _module_change(name: str, before: Any, now: Any, python: Any) -> ModuleChange | None:
    effect = effect_of(before, now, python, environment().python)
    if now is None:
        detail = "is gone"
    elif before is None:
        detail = "is new"
    elif dig(before, "sha256") in (None, now["sha256"]):
        return None
    else:
        detail = _DETAILS[effect]
    return ModuleChange(what=name, effect=effect, detail=detail)


def _minor(python: Any) -> list[str]:
    """Return `["CPython 3", "13"]` of `CPython 3.13.1`."""
    return str(python).split(".")[:2]


def _host_change(subject: Subject) -> Iterator[str]:
    before, now = subject.manifest.host or {}, host_code()
    version = before.get("version")
    if version not in (None, now["version"]):
        yield f"tablehost {version} -> {now['version']}"
    elif before.get("sha256") not in (None, now["sha256"]):
        yield f"tablehost {now['version']}: its code changed within the version"


def _package_changes(subject: Subject, now: Mapping[str, str], own: set[str]) -> Iterator[str]:
    """Compare versions, except for builder and host, which are compared separately."""
    before = subject.manifest.packages
    if not before:
        return
    for name in sorted((before.keys() | now.keys()) - own):
        if before.get(name) != now.get(name):
            yield f"{name} {before.get(name, 'not recorded')} -> {now.get(name, 'not there')}"


def _items_of_other_packages(
    subject: Subject, now: Mapping[str, str], own: set[str]
) -> Iterator[str]:
    """Yield how many items of the table were made under other versions of packages."""
    for session in subject.manifest.sessions or []:
        count, before = dig(session, "in_table"), dig(session, "packages")
        if not count or not isinstance(before, dict):
            continue
        others = sorted(f"{n} {v}" for n, v in before.items() if n not in own and now.get(n) != v)
        if others:
            yield f"{counted(count, 'item')} made under {some(others)}"


def _own_packages(builder: Builder | Path) -> set[str]:
    name = builder.distribution if isinstance(builder, Builder) else None
    return {"tablehost", canonicalize_name(name or "")}


def _machine_changes(subject: Subject) -> Iterator[str]:
    now = environment()
    for name in ("python", "platform", "cpu"):
        before, current = dig(subject.manifest.environment, name), getattr(now, name)
        if before not in (None, current):
            yield f"{name} {before} -> {current}"
