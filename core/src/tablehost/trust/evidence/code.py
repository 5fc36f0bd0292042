"""Whether the code that made a table is the code that is installed now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from attrs import frozen
from packaging.utils import canonicalize_name

from tablehost import provenance
from tablehost.errors import TablehostError
from tablehost.plugins import Builder
from tablehost.statcache import StatCache, hash_file
from tablehost.trust.evidence.inputs import locate
from tablehost.trust.evidence.subjects import Subject

Kind = Literal["semantic", "unknown", "cosmetic"]
"""The weightiest first."""


@frozen(kw_only=True)
class CodeChange:
    """A module of the builder that is not what it was.

    Args:
        what: the module's file, as the manifest names it.
        kind: `cosmetic` where the syntax tree is the same, `unknown` where the two were parsed
            by different versions of Python, whose trees differ anyway.
        detail: what became of it, to be read after its name.
    """

    what: str
    kind: Kind
    detail: str


def code_changes(subject: Subject, builder: Builder | Path) -> list[CodeChange]:
    """Compare the modules of a builder with those that made a table, the weightiest change first.

    Nothing is returned for a manifest that names no modules: that is not known, not changed.

    Args:
        subject: the table.
        builder: the builder that made it, as it is installed now, or the file of one.
    """
    before = _table(subject.provenance("code", "plugin", "modules"))
    if not before:
        return []
    now = _modules(builder)
    python = _other_python(subject)
    changes = [
        change
        for name in sorted(before.keys() | now.keys())
        if (change := _module_change(name, before.get(name), now.get(name), python))
    ]
    return sorted(changes, key=lambda change: get_args(Kind).index(change.kind))


def tool_changes(subject: Subject, digests: StatCache) -> list[str]:
    """Say which tools have other content now, or are gone.

    Args:
        subject: the table.
        digests: of files that did not change.
    """
    return list(_tool_changes(subject, digests))


def surroundings_changes(subject: Subject, builder: Builder | Path) -> list[str]:
    """Say what changed of this host, of packages, of Python and of the machine.

    Args:
        subject: the table.
        builder: the builder that made it, as it is installed now, or the file of one.
    """
    distribution = builder.distribution if isinstance(builder, Builder) else None
    packages = _package_changes(subject, distribution)
    return [*_host_change(subject), *packages, *_machine_changes(subject)]


def place_of(subject: Subject, told: str, moved: Mapping[Path, Path] | None = None) -> Path:
    """Return where a tool or the file of a builder lies now.

    Args:
        subject: the table that it made.
        told: its path as the manifest has it, absolute or from the folder of the run.
        moved: folders or files that lie elsewhere now, by where they lay.
    """
    cwd, root = subject.provenance("cwd"), subject.provenance("root", "path")
    typed = Path(os.path.normpath(Path(cwd if isinstance(cwd, str) else "", told)))
    if isinstance(root, str) and typed.is_relative_to(root):
        typed = typed.relative_to(root)  # it may have moved together with the table
    return locate(subject, str(typed), moved)


def _modules(builder: Builder | Path) -> dict[str, dict[str, str]]:
    if isinstance(builder, Path):
        return {builder.name: provenance.source_digests(builder)}
    return _installed_modules(builder)


# What is installed stays as it is while one question is asked of a thousand tables.
_installed_modules = cache(provenance.modules_of)
_host_code = cache(provenance.host_code)
_packages_of = cache(provenance.packages_of)
_environment = cache(provenance.environment)


def _module_change(name: str, before: Any, now: Any, python: str) -> CodeChange | None:
    if now is None:
        return CodeChange(what=name, kind="semantic", detail="is gone")
    if before is None:
        return CodeChange(what=name, kind="semantic", detail="is new")
    told = _table(before)
    if told.get("sha256") in (None, now["sha256"]):
        return None
    if told.get("syntax_sha256") == now["syntax_sha256"]:
        detail = "differs in comments or layout only"
        return CodeChange(what=name, kind="cosmetic", detail=detail)
    if python or "syntax_sha256" not in told:
        detail = f"differs, and nobody can tell how{python}"
        return CodeChange(what=name, kind="unknown", detail=detail)
    return CodeChange(what=name, kind="semantic", detail="has other code")


def _other_python(subject: Subject) -> str:
    """Say that syntax trees cannot be compared, where another Python parsed the first."""
    before, now = subject.provenance("environment", "python"), _environment().python
    if isinstance(before, str) and _minor(before) == _minor(now):
        return ""
    return f": it was parsed by {before or 'an unknown Python'}, and this is {now}"


def _minor(python: str) -> list[str]:
    """Return `["CPython 3", "13"]` of `CPython 3.13.1`."""
    return python.split(".")[:2]


def _tool_changes(subject: Subject, digests: StatCache) -> Iterator[str]:
    for name, told in _table(subject.provenance("code", "tools")).items():
        path, sha256 = _table(told).get("path"), _table(told).get("sha256")
        if not isinstance(path, str) or not isinstance(sha256, str):
            continue
        place = place_of(subject, path)
        try:
            if hash_file(place, digests).sha256 != sha256:
                yield f"tool {name}: {place} has other content"
        except FileNotFoundError:
            yield f"tool {name}: {place} is gone"
        except (OSError, TablehostError) as error:
            yield f"tool {name}: {place} cannot be read: {error}"


def _host_change(subject: Subject) -> Iterator[str]:
    before, now = _table(subject.provenance("code", "host")), _host_code()
    version = before.get("version")
    if version not in (None, now["version"]):
        yield f"tablehost {version} -> {now['version']}"
    elif before.get("sha256") not in (None, now["sha256"]):
        yield f"tablehost {now['version']}: its code changed within the version"


def _package_changes(subject: Subject, distribution: str | None) -> Iterator[str]:
    """Compare versions, but those of builder and host, which are told by themselves."""
    before = _table(subject.provenance("code", "packages"))
    if not before:
        return
    now = _packages_of(distribution)
    own = {"tablehost", canonicalize_name(distribution or "")}
    for name in sorted((before.keys() | now.keys()) - own):
        if before.get(name) != now.get(name):
            yield f"{name} {before.get(name, 'not there')} -> {now.get(name, 'not there')}"


def _machine_changes(subject: Subject) -> Iterator[str]:
    now = _environment()
    for name in ("python", "platform", "cpu"):
        before, current = subject.provenance("environment", name), getattr(now, name)
        if before not in (None, current):
            yield f"{name} {before} -> {current}"


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
