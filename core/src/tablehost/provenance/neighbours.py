"""The files beside a builder of one file that it imports, found without importing anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.machinery import all_suffixes
from pathlib import Path


def with_neighbours(file: Path) -> list[tuple[str, Path]]:
    """Return a file and everything in its folder that it imports, directly or not, with names.

    A package counts as a whole, and so does an imported name that may be another module elsewhere.
    """
    pending, found = [file], dict[Path, None]()
    while pending:
        path = pending.pop()
        if path not in found:
            found[path] = None
            pending += [one for name in _imported(path) for one in _neighbours(file.parent, name)]
    first, *others = ((path.relative_to(file.parent).as_posix(), path) for path in found)
    return [first, *sorted(others)]


def _imported(path: Path) -> set[str]:
    """Return the first part of the name of each module that a file imports."""
    try:
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    plain = (one.name for node in nodes if isinstance(node, ast.Import) for one in node.names)
    of = (
        node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level
    )
    return {name.partition(".")[0] for name in (*plain, *of)}


def _neighbours(folder: Path, name: str) -> Iterator[Path]:
    modules = (folder / f"{name}{suffix}" for suffix in all_suffixes())
    yield from (path for path in modules if path.is_file())
    if (folder / name).is_dir():
        suffixes = tuple(all_suffixes())
        yield from (one for one in (folder / name).rglob("*") if one.name.endswith(suffixes))
