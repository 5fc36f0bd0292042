"""Which code made a table, on which machine."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from attrs import asdict
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import tablehost
from tablehost.builders.builder import Builder
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.files.digests import file_digest
from tablehost.files.folder_listing import dir_hash1
from tablehost.manifest.read import dig
from tablehost.manifest.sections import Code, Environment
from tablehost.options.record import paths_of
from tablehost.provenance.sources import Content, Sources


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
        packages=packages_of(builder.distribution),
    )


def item_modules(builder: Builder, function: Callable[..., Any], settings: Any) -> dict[str, str]:
    """Digest the code that makes an item: its function's module and all that this imports.

    Args:
        builder: whose function it is.
        function: the item function.
        settings: what it is called with; the module of their class is part of the code.

    Returns:
        The digest of what each module does, by its name in the manifest.
    """
    file, of_settings = _file_of(function.__module__), _file_of(type(settings).__module__)
    assert file is not None  # noqa: S101  # the function was found there
    sources = Sources.of(builder, function.__module__, file)
    start = [file, *(one for one in (of_settings,) if one and sources.owns(one))]
    return _what_they_do(sources, start)


def item_modules_now(builder: Builder | Path, names: Iterable[str]) -> dict[str, str]:
    """Digest modules as they are now, and all that they import.

    Args:
        builder: the builder, or the file of one, which is read and never imported.
        names: of the modules, as `item_modules` has named them.
    """
    sources = Sources(builder.parent) if isinstance(builder, Path) else _sources_of(builder)
    start = [path for name in names if (path := sources.root / name).is_file()]
    return _what_they_do(sources, start)


def same_code(before: Mapping[str, Any], now: Mapping[str, Mapping[str, str]]) -> bool:
    """Return whether modules do what those of a manifest did."""
    return before.keys() == now.keys() and all(
        any(digest == dig(before[name], kind) for kind, digest in one.items())
        for name, one in now.items()
    )


def modules_of(builder: Builder) -> dict[str, dict[str, str]]:
    """Digest each source file of a builder; of one file, also the neighbours that it imports."""
    if builder.file is not None:
        return {name: content.digests for name, (_, content) in file_modules(builder.file).items()}
    sources = _sources_of(builder)
    files = sources.files(builder.module.__name__, whole=True)
    found = sources.imported([Path(builder.module.__file__), *files])
    return {sources.named(path): found[path].digests for path in sorted(found)}


def file_modules(file: Path) -> dict[str, tuple[Path, Content]]:
    """Return the file of a builder and the neighbours that it imports, with their digests.

    Args:
        file: which is read, and never imported.
    """
    sources = Sources(file.parent)
    found = sources.imported([file], whole=True)
    others = sorted(found.keys() - {file})
    return {sources.named(path): (path, found[path]) for path in (file, *others)}


def _sources_of(builder: Builder) -> Sources:
    return Sources.of(builder, builder.module.__name__, Path(builder.module.__file__))


def _what_they_do(sources: Sources, start: Iterable[Path]) -> dict[str, str]:
    found = sources.imported(start)
    return {sources.named(path): found[path].code_sha256 for path in sorted(found)}


def _file_of(module: str) -> Path | None:
    file = getattr(sys.modules.get(module), "__file__", None)
    return Path(file) if file else None


@cache
def host_code() -> dict[str, str]:
    """Describe this tablehost, as it is when this process first asks."""
    files = _package_files(Path(tablehost.__file__).parent)
    return {
        "distribution": "tablehost",
        "version": importlib.metadata.version("tablehost"),
        "sha256": dir_hash1((name, file_digest(path).sha256) for name, path in files),
    }


@cache
def packages_of(distribution: str | None) -> dict[str, str]:
    """Return the version of every distribution that a builder and the host need.

    What is installed does not change while one command runs.

    Args:
        distribution: the builder's, or None for a builder of one file.
    """
    own = [distribution] if distribution else []
    return dict(sorted(_packages([*own, "tablehost"])))


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


def _package_files(folder: Path) -> list[tuple[str, Path]]:
    return [
        (path.relative_to(folder.parent).as_posix(), path) for path in sorted(folder.rglob("*.py"))
    ]


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
