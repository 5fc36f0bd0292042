"""Where the files lie now whose paths a manifest tells."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tablehost.manifest.read import dig
from tablehost.trust.evidence.subject import Subject


def locate(subject: Subject, told: str, moved: Mapping[Path, Path] | None = None) -> Path:
    """Return where an input or an output lies now.

    Args:
        subject: whose manifest it is.
        told: its path as the manifest has it, absolute or from the root.
        moved: folders or files that lie elsewhere now, by where they lay.

    Returns:
        The first place at which something lies, else the likeliest.
    """
    places = _places(subject, told)
    for old, new in (moved or {}).items():
        for place in (Path(told), *places):
            if place.is_relative_to(old):
                return new / place.relative_to(old)
    return next(filter(os.path.exists, places), places[0])


def place_of(subject: Subject, typed: str, moved: Mapping[Path, Path] | None = None) -> Path:
    """Return where a tool, the file of a builder, or what an option names lies now.

    Args:
        subject: the table that was made with it.
        typed: its path as the manifest has it, absolute or from the folder of the run.
        moved: folders or files that lie elsewhere now, by where they lay.
    """
    return locate(subject, _from_root(subject, typed), moved)


def never_there(subject: Subject, folders: Mapping[Path, Any]) -> list[Path]:
    """Return the folders, or files, in which no path lies that a manifest tells.

    Args:
        subject: whose manifest it is.
        folders: where something is said to have lain.
    """
    told = [_from_root(subject, typed) for typed in _typed(subject)]
    lay = {place for one in told for place in (Path(one), *_places(subject, one))}
    return [one for one in folders if not any(place.is_relative_to(one) for place in lay)]


def _places(subject: Subject, told: str) -> list[Path]:
    return [root / told for root in subject.roots]  # an absolute path stays as it is


def _from_root(subject: Subject, typed: str) -> str:
    cwd, root = subject.provenance("cwd"), subject.provenance("root", "path")
    path = Path(os.path.normpath(Path(cwd if isinstance(cwd, str) else "", typed)))
    if isinstance(root, str) and path.is_relative_to(root):
        path = path.relative_to(root)  # it may have moved together with the table
    return str(path)


def _typed(subject: Subject) -> Iterator[str]:
    """Yield whatever may be a path from the folder of the run."""
    tools = [dig(one, "path") for one in subject.mapping("code", "tools").values()]
    builder = subject.provenance("entrypoint", "path")
    for value in (*subject.mapping("args").values(), *tools, builder):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield one
                _, labelled, path = one.partition("=")
                if labelled:
                    yield path
