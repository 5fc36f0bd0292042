"""The source files behind a builder, found and digested without importing anything."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

from attrs import frozen

from tablehost.builders.builder import Builder
from tablehost.builders.locate import SUFFIXES
from tablehost.provenance.syntax import parsed, syntax_digest

_LOADERS = {"importlib", "pkgutil", "runpy"}
_NO_LOADERS = ("importlib.metadata", "importlib.resources")


@frozen
class Content:
    """What is in a source file.

    Args:
        sha256: of its bytes.
        code_sha256: of what it does; see `syntax`.
        imports: names of modules that it imports, and of what it imports from modules.
        loads: whether it may import modules whose names are not written in it.
        exports: what `__all__` names: modules of a package that `import *` imports.
    """

    sha256: str
    code_sha256: str
    imports: frozenset[str] = frozenset()
    loads: bool = False
    exports: frozenset[str] = frozenset()

    @property
    def digests(self) -> dict[str, str]:
        """Return what the manifest records of the file."""
        return {"sha256": self.sha256, "code_sha256": self.code_sha256}


@frozen
class Imported:
    """Some source files and what they import.

    Args:
        contents: of the files, and of those that they import from among their sources.
        elsewhere: the packages and modules that they import from elsewhere.
    """

    contents: Mapping[Path, Content]
    elsewhere: frozenset[str]


@frozen
class Sources:
    """The source files of one distribution, or of the folder of a builder of one file.

    Args:
        root: the folder that the names of its modules start from.
        owned: the files that belong to the distribution; None for all in the folder.
    """

    root: Path
    owned: frozenset[Path] | None = None

    @classmethod
    def of_builder(cls, builder: Builder | Path) -> Sources:
        """Return the sources of a builder, or of the file of one."""
        file = builder if isinstance(builder, Path) else builder.file
        if file is not None:
            return cls(file.parent)
        assert isinstance(builder, Builder)  # noqa: S101  # for mypy
        file, name = Path(builder.module.__file__), builder.module.__name__
        root, recorded = _root(name, file), _recorded(builder.distribution)
        if recorded is not None and file.resolve() not in recorded:
            return cls(root)  # an editable installation: its metadata is elsewhere
        return cls._installed(name, file, [builder.distribution])

    @classmethod
    def of(cls, builder: Builder | Path, module: str, file: Path) -> Sources:
        """Return the sources that a module belongs to: those of a builder, or of another package.

        Args:
            builder: whose items it makes.
            module: its name.
            file: where it is.
        """
        own = cls.of_builder(builder)
        if own.has(module, file):
            return own
        return cls._installed(module, file, distributions_of(module))

    @classmethod
    def _installed(cls, module: str, file: Path, owners: Iterable[str | None]) -> Sources:
        root = _root(module, file)
        for recorded in map(_recorded, owners):
            if recorded is not None and file.resolve() in recorded:
                return cls(root, recorded)
        package = root / module.partition(".")[0]
        return cls(root, frozenset(one.resolve() for one in (_below(package) or [file])))

    def imported(self, start: Iterable[Path], *, whole: bool = False) -> Imported:
        """Read some files and everything that they import, directly or not.

        Args:
            start: the files.
            whole: whether every file of an imported package counts.
        """
        pending, contents = list(start), dict[Path, Content]()
        looked_for, elsewhere = set[str](), set[str]()
        is_here = cache(self._is_here)  # most names are of the few packages that a builder uses
        while pending:
            path = pending.pop()
            if path in contents:
                continue
            contents[path] = one = self._read(path)
            for name in one.imports - looked_for:
                looked_for.add(name)
                first = name.partition(".")[0]
                files = [*self.files(name, whole=whole)] if is_here(first) else []
                pending += files
                if not files:
                    elsewhere.add(first)
                if name.endswith(".*"):
                    pending += self._exported(name.removesuffix(".*"))
            if one.loads:
                pending += self.everything()
        return Imported(contents, frozenset(elsewhere))

    def everything(self) -> list[Path]:
        """Return every file; of a folder those that can be imported by one name or two."""
        if self.owned is not None:
            return sorted(self.owned)
        packages = [one.parent for one in self.root.glob("*/__init__.py")]
        folders = [one for one in self.root.iterdir() if one.name.isidentifier() and one.is_dir()]
        modules = [
            one
            for folder in (self.root, *folders)  # one without `__init__.py` is a package, too
            for one in folder.iterdir()
            if one.name.endswith(SUFFIXES)
        ]
        return [*modules, *(path for package in packages for path in _below(package))]

    def named(self, path: Path) -> str:
        """Name a file as the manifest does."""
        return path.relative_to(self.root).as_posix()

    def files(self, name: str, *, whole: bool) -> Iterator[Path]:
        """Yield the files that run when a module is imported: its own and its packages'.

        Args:
            name: of the module, or of something in one.
            whole: whether every file of its package counts.
        """
        folder = self.root
        if whole and (first := folder / name.partition(".")[0]).is_dir():
            yield from filter(self.owns, _below(first))
        for part in name.split("."):
            modules = [folder / f"{part}{suffix}" for suffix in SUFFIXES]
            folder /= part
            if is_package := folder.is_dir():
                modules += [folder / f"__init__{suffix}" for suffix in SUFFIXES]
            yield from filter(self.owns, filter(Path.is_file, modules))
            if not is_package:
                return

    def _is_here(self, name: str) -> bool:
        """Return whether there is a module or a folder of a name."""
        return (self.root / name).is_dir() or any(self.files(name, whole=False))

    def _exported(self, package: str) -> Iterator[Path]:
        """Yield the files of the modules that `import *` imports from a package."""
        for path in self.files(package, whole=False):
            for name in self._read(path).exports:
                yield from self.files(f"{package}.{name}", whole=False)

    def has(self, module: str, file: Path) -> bool:
        """Return whether a module that is in a file is one of these."""
        if file.parent == self.root:
            return self.owns(file)
        return file in self.files(module, whole=False)

    def owns(self, path: Path) -> bool:
        """Return whether a file in the folder belongs to the distribution."""
        return self.owned is None or path.resolve() in self.owned

    def _read(self, path: Path) -> Content:
        package = ".".join(path.relative_to(self.root).parent.parts)
        return _content(path.read_bytes(), package, path.suffix)


@lru_cache(maxsize=1024)
def _content(source: bytes, package: str, suffix: str) -> Content:
    sha256 = hashlib.sha256(source).hexdigest()
    tree = parsed(source) if suffix == ".py" else None
    if tree is None:
        return Content(sha256, sha256)
    names = frozenset(_imported(tree, package))
    loads = any(name.partition(".")[0] in _LOADERS for name in names if not _is_harmless(name))
    by_name = any(isinstance(one, ast.Name) and one.id == "__import__" for one in ast.walk(tree))
    return Content(sha256, syntax_digest(tree), names, loads or by_name, frozenset(_exports(tree)))


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield the names in every import, also of one for types: an item may be of such a type."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            module = ".".join(filter(None, [*above, node.module]))
            yield from (f"{module}.{one.name}".strip(".") for one in node.names)


def _exports(tree: ast.Module) -> Iterator[str]:
    """Yield the texts in the statements that name `__all__`."""
    for statement in tree.body:
        nodes = [*ast.walk(statement)]
        if any(isinstance(one, ast.Name) and one.id == "__all__" for one in nodes):
            yield from (
                one.value
                for one in nodes
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )


def _is_harmless(name: str) -> bool:
    return name.startswith(_NO_LOADERS)


def _root(module: str, file: Path) -> Path:
    return file.parents[module.count(".") + file.name.startswith("__init__.")]


def _below(folder: Path) -> list[Path]:
    return [one for one in sorted(folder.rglob("*")) if one.name.endswith(SUFFIXES)]


@lru_cache
def distributions_of(module: str) -> tuple[str, ...]:
    """Return the names of the distributions that a module is of; nearly all are called like it."""
    name = module.partition(".")[0]
    if name in sys.stdlib_module_names:
        return ()
    try:
        distribution(name)
    except (PackageNotFoundError, ValueError):
        return tuple(packages_distributions().get(name, ()))  # which takes a tenth of a second
    return (name,)


@lru_cache
def _recorded(name: str | None) -> frozenset[Path] | None:
    """Return the source files that an installed distribution has recorded as its own."""
    try:
        files = distribution(name).files if name else None
    except PackageNotFoundError:
        return None
    if files is None:
        return None
    return frozenset(Path(one.locate()).resolve() for one in files if one.name.endswith(SUFFIXES))
