"""Which code made a table, on which machine."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from attrs import asdict, frozen
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tablehost.builders.builder import Builder
from tablehost.builders.locate import place_of_module
from tablehost.console.text import shown
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
    code = BuilderCode.read(builder)
    return Code(
        plugin={
            "builder": builder.name,
            "distribution": builder.distribution,
            "version": builder.version,
            "modules": code.modules,
            "not_followed": code.not_followed,
        },
        host=host_code(),
        tools={
            name: {"path": str(path), **asdict(hash_file(path, digests))}
            for name, path in sorted(tools.items())
        },
        packages=code.packages,
    )


def not_followed(name: str, place: object) -> str:
    """Say that a builder imports a module whose code no record has."""
    return (
        f"the builder imports {name} ({shown(Path(str(place)))}), which is neither among its own "
        "modules nor of an installed package, so that its code is not recorded"
    )


def same_code(before: Mapping[str, Any], now: Mapping[str, Mapping[str, str]]) -> bool:
    """Return whether modules do what those of a manifest did."""
    return before.keys() == now.keys() and all(
        any(digest == dig(before[name], kind) for kind, digest in one.items())
        for name, one in now.items()
    )


@frozen
class BuilderCode:
    """The source files of a builder, as they are when they are read.

    Args:
        sources: those of its distribution, or of the folder of a builder of one file.
        contents: of each file; the file of one comes first, then the neighbours that it imports.
        distribution: the builder's own, where it has one.
        elsewhere: packages and modules of others that the files import.
    """

    sources: Sources
    contents: Mapping[Path, Content]
    distribution: str | None
    elsewhere: frozenset[str]

    @classmethod
    def read(cls, builder: Builder | Path) -> BuilderCode:
        """Read the code of a builder, or of the file of one, which is never imported."""
        sources = Sources.of_builder(builder)
        distribution = builder.distribution if isinstance(builder, Builder) else None
        file = builder if isinstance(builder, Path) else builder.file
        if file is not None:
            found, first = sources.imported([file], whole=True), [file]
        else:
            assert isinstance(builder, Builder)  # noqa: S101  # for mypy
            files = sources.files(builder.module.__name__, whole=True)
            found, first = sources.imported([Path(builder.module.__file__), *files]), []
        names = [*first, *sorted(found.contents.keys() - set(first))]
        contents = {path: found.contents[path] for path in names}
        return cls(sources, contents, distribution, found.elsewhere)

    @property
    def modules(self) -> dict[str, dict[str, str]]:
        """Return what the manifest records of each file."""
        return {self.sources.named(path): one.digests for path, one in self.contents.items()}

    @property
    def packages(self) -> dict[str, str]:
        """Return the version of every distribution that it imports, or it and the host need."""
        return _versions(frozenset(filter(None, {self.distribution, "tablehost"})), self.elsewhere)

    @property
    def not_followed(self) -> dict[str, str]:
        """Return the modules that it imports and no record has, with the file or folder of each.

        They are neither among its sources nor of an installed distribution.
        """
        names = sorted(self.elsewhere - sys.stdlib_module_names)
        places = {name: place_of_module(name) for name in names if not distributions_of(name)}
        return {name: str(place) for name, place in places.items() if place is not None}


@cache
def host_code() -> dict[str, str]:
    """Describe this tablehost, as it is when this process first asks."""
    return {
        "distribution": "tablehost",
        "version": importlib.metadata.version("tablehost"),
        "sha256": tablehost_digest(),
    }


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
