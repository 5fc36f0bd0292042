"""The run_provenance block: which code, on which machine, from which command."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from tablehost.digests import file_digest
from tablehost.listing import dir_hash1
from tablehost.manifest import Code, Environment, Parent, read
from tablehost.options import options_of, values_by_role
from tablehost.output import usual_manifest
from tablehost.plugins import Builder
from tablehost.roles import Role
from tablehost.statcache import StatCache, hash_file


def code_of(builder: Builder, options: Any, used: Mapping[str, Path], cache: StatCache) -> Code:
    """Describe the code that makes a table: plugin, host, tools and what they stand on.

    Args:
        builder: the loaded builder.
        options: its options instance, for the tools among them.
        used: tools that the builder's items used, by the name of the setting.
        cache: digests of files that did not change.
    """
    own = [builder.distribution] if builder.distribution else []
    tools = dict(values_by_role(options, Role.TOOL)) | dict(used)
    return Code(
        plugin={
            "builder": builder.name,
            "distribution": builder.distribution,
            "version": builder.version,
            "modules": dict(_modules(_own_files(builder))),
        },
        host={
            "distribution": "tablehost",
            "version": importlib.metadata.version("tablehost"),
            "sha256": dir_hash1(
                (name, file_digest(path).sha256)
                for name, path in _package_files(Path(__file__).parent)
            ),
        },
        tools={
            name: {"path": str(path), **_described(path, cache)}
            for name, path in sorted(tools.items())
        },
        packages=dict(sorted(_packages([*own, "tablehost"]))),
    )


def entrypoint_of(builder: Builder) -> dict[str, Any]:
    """Describe the file that implements the hooks."""
    path = Path(builder.module.__file__)
    described = file_digest(path)
    return {"path": str(path), "exists": True, "kind": "file", "sha256": described.sha256}


def environment() -> Environment:
    """Describe the machine."""
    return Environment(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=platform.platform(),
        cpu=_cpu(),
    )


def parents(files: Iterable[tuple[str, Path]]) -> Iterator[Parent]:
    """Yield the inputs that are tables with a manifest of their own.

    Args:
        files: the input files with their options' names.
    """
    for option, path in files:
        sidecar = usual_manifest(path)
        if not sidecar.is_file():
            continue
        found = read(sidecar)
        block, table = found.get("run_provenance"), found.get("table")
        yield Parent(
            option=option,
            path=str(path),
            run_id=block.get("run_id") if isinstance(block, dict) else None,
            table_sha256=table.get("sha256") if isinstance(table, dict) else None,
            manifest_sha256=file_digest(sidecar).sha256,
        )


def left_out(options: Any) -> tuple[str, ...]:
    """Return the options that are in no recipe."""
    return tuple(option.name for option in options_of(type(options)) if not option.semantic)


def _own_files(builder: Builder) -> list[tuple[str, Path]]:
    """Return the source files of a builder: its whole package, or its one file."""
    path = Path(builder.module.__file__)
    package = sys.modules.get(builder.module.__name__.partition(".")[0])
    folder = Path(package.__file__ or path).parent if package is not None else path.parent
    if builder.file is not None or "." not in builder.module.__name__:
        return [(path.name, path)]
    return _package_files(folder)


def _package_files(folder: Path) -> list[tuple[str, Path]]:
    return [
        (path.relative_to(folder.parent).as_posix(), path) for path in sorted(folder.rglob("*.py"))
    ]


def _modules(files: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each source file with the digest of its bytes and of its syntax tree.

    The second stays the same when only comments or layout change.
    """
    for name, path in files:
        source = path.read_bytes()
        tree = ast.dump(ast.parse(source))
        yield (
            name,
            {
                "sha256": hashlib.sha256(source).hexdigest(),
                "syntax_sha256": hashlib.sha256(tree.encode()).hexdigest(),
            },
        )


def _packages(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the version of every distribution that the named ones need, directly or not."""
    pending, seen = list(names), set()
    while pending:
        name = re.sub(r"[-_.]+", "-", pending.pop()).lower()
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


def _described(path: Path, cache: StatCache) -> dict[str, Any]:
    found = hash_file(path, cache)
    return {"sha256": found.sha256, "bytes": found.bytes}


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()
