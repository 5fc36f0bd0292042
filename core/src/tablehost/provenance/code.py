"""Which code made a table, on which machine."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
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
from tablehost.manifest.sections import Code, Environment
from tablehost.options.record import paths_of
from tablehost.provenance.neighbours import with_neighbours


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


def modules_of(builder: Builder) -> dict[str, dict[str, str]]:
    """Digest each source file of a builder; of one file, also the neighbours that it imports."""
    return {name: source_digests(path) for name, path in _own_files(builder)}


def file_modules(file: Path) -> dict[str, tuple[Path, dict[str, str]]]:
    """Return the file of a builder and the neighbours that it imports, with their digests.

    Args:
        file: which is read, and never imported.
    """
    return {name: (path, source_digests(path)) for name, path in with_neighbours(file)}


def source_digests(path: Path) -> dict[str, str]:
    """Digest a source file: its bytes, and its syntax tree.

    The second stays the same when only comments or layout change.
    """
    sha256, syntax_sha256 = _digests_of(path.read_bytes())
    return {"sha256": sha256, "syntax_sha256": syntax_sha256}


@cache
def _digests_of(source: bytes) -> tuple[str, str]:
    try:
        tree = ast.dump(ast.parse(source)).encode()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = source  # a template, or broken: nothing imports it
    return hashlib.sha256(source).hexdigest(), hashlib.sha256(tree).hexdigest()


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


def _own_files(builder: Builder) -> list[tuple[str, Path]]:
    """Return the source files of a builder: its whole package, or its one file."""
    path = Path(builder.module.__file__)
    package = sys.modules.get(builder.module.__name__.partition(".")[0])
    folder = Path(package.__file__ or path).parent if package is not None else path.parent
    if builder.file is not None or "." not in builder.module.__name__:
        return with_neighbours(path)
    return _package_files(folder)


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
