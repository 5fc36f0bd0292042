"""Which code made a table, on which machine."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from attrs import asdict
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tablehost.builders.builder import Builder
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.files.digests import file_digest
from tablehost.files.own import tablehost_digest
from tablehost.manifest.read import dig
from tablehost.manifest.sections import Code, Environment
from tablehost.options.record import paths_of
from tablehost.provenance.sources import Content, Sources, distributions_of


def code_of(builder: Builder, options: Any, used: Mapping[str, Path], digests: StatCache) -> Code:
    """Describe the code that makes a table: plugin, host, tools and their packages.

    Args:
        builder: the loaded builder.
        options: its options instance, for the tools among them.
        used: tools that the builder's items used, by the name of the setting.
        digests: of files that did not change.
    """
    tools = {one.option: one.path for one in paths_of(options) if one.role.tool}
    tools |= dict(used)
    return Code(
        plugin={
            "builder": builder.name,
            "distribution": builder.distribution,
            "version": builder.version,
            "modules": modules_of(builder),
        },
        host=host_code(),
        tools={
            name: {"path": str(path), **asdict(hash_file(path, digests))}
            for name, path in sorted(tools.items())
        },
        packages=packages_of(builder),
    )


def same_code(before: Mapping[str, Any], now: Mapping[str, Mapping[str, str]]) -> bool:
    """Return whether modules do what those of a manifest did."""
    return before.keys() == now.keys() and all(
        any(digest == dig(before[name], kind) for kind, digest in one.items())
        for name, one in now.items()
    )


def modules_of(builder: Builder) -> dict[str, dict[str, str]]:
    """Digest each source file of a builder; of one file, also the neighbours that it imports."""
    sources, found = _contents_of(builder)
    return {sources.named(path): one.digests for path, one in found.items()}


def files_of(builder: Builder) -> dict[Path, str]:
    """Return the sha256 of each source file of a builder."""
    return {path: one.sha256 for path, one in _contents_of(builder)[1].items()}


def file_modules(file: Path) -> dict[str, tuple[Path, Content]]:
    """Return the file of a builder and the neighbours that it imports, with their digests.

    Args:
        file: which is read, and never imported.
    """
    sources, found = _contents_of(file)
    return {sources.named(path): (path, one) for path, one in found.items()}


def _contents_of(builder: Builder | Path) -> tuple[Sources, dict[Path, Content]]:
    """Read the source files of a builder; the file of one comes first, then those it imports."""
    sources = Sources.of_builder(builder)
    file = builder if isinstance(builder, Path) else builder.file
    if file is not None:
        found = sources.imported([file], whole=True)
        return sources, {path: found[path] for path in (file, *sorted(found.keys() - {file}))}
    assert isinstance(builder, Builder)  # noqa: S101  # for mypy
    files = sources.files(builder.module.__name__, whole=True)
    found = sources.imported([Path(builder.module.__file__), *files])
    return sources, {path: found[path] for path in sorted(found)}


@cache
def host_code() -> dict[str, str]:
    """Describe this tablehost, as it is when this process first asks."""
    return {
        "distribution": "tablehost",
        "version": importlib.metadata.version("tablehost"),
        "sha256": tablehost_digest(),
    }


def packages_of(builder: Builder | Path) -> dict[str, str]:
    """Return the version of every distribution that a builder imports, or it and the host need.

    Args:
        builder: the builder, or the file of one, which is read and never imported.
    """
    own = builder.distribution if isinstance(builder, Builder) else None
    sources, found = _contents_of(builder)
    imported = {name for one in found.values() for name in one.imports}
    others = {name for name in imported if not any(sources.files(name, whole=False))}
    packages = frozenset(name.partition(".")[0] for name in others)
    return _versions(frozenset(filter(None, {own, "tablehost"})), packages)


@cache
def _versions(needed: frozenset[str], imported: frozenset[str]) -> dict[str, str]:
    """Return versions; what is installed does not change while one command runs."""
    names = {one for name in imported for one in distributions_of(name)}
    return dict(sorted(_packages(needed | names)))


def entrypoint_of(builder: Builder) -> dict[str, Any]:
    """Describe the file that implements the hooks."""
    path = Path(builder.module.__file__)
    sha256 = file_digest(path).sha256
    return {"path": str(path), "exists": True, "kind": "file", "sha256": sha256}


@cache
def environment() -> Environment:
    """Describe the machine."""
    return Environment(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=platform.platform(),
        cpu=_cpu(),
    )


def _packages(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the version of every distribution that the named ones need, directly or not."""
    pending, seen = list(names), set[str]()
    while pending:
        name = canonicalize_name(pending.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        yield name, found.version
        requirements = [Requirement(text) for text in found.requires or ()]
        pending += [
            requirement.name
            for requirement in requirements
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        ]


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()
