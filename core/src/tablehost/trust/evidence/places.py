"""Where the files are now whose paths a manifest records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tablehost.manifest.read import dig
from tablehost.objects.path import as_path, is_url
from tablehost.trust.evidence.subject import Subject


def locate_file(subject: Subject, path: str) -> Path:
    """Return where an input or an output is now.

    Args:
        subject: whose manifest it is.
        path: as the manifest records it, absolute or from the root, or a URL.
    """
    for old, new in subject.moved.items():
        for place in (as_path(path), *_places(subject, path)):
            if place.is_relative_to(old):
                return new / place.relative_to(old)
    return unmoved(subject, path)


def unmoved(subject: Subject, path: str) -> Path:
    """Return the first place at which a recorded path exists, else the likeliest."""
    places = _places(subject, path)
    if is_url(path):
        return places[0]
    return next(filter(os.path.exists, places), places[0])


def place_of(subject: Subject, typed: str) -> Path:
    """Return where a tool, the file of a builder, or the path of an option is now.

    Args:
        subject: the table that was made with it.
        typed: its path as the manifest records it, absolute or from the folder of the run.
    """
    return locate_file(subject, _from_root(subject, typed))


def never_there(subject: Subject) -> list[Path]:
    """Return the moved folders, or files, that contained no recorded path."""
    paths = [_from_root(subject, typed) for typed in _typed(subject)]
    former = {place for one in paths for place in (as_path(one), *_places(subject, one))}
    return [one for one in subject.moved if not any(place.is_relative_to(one) for place in former)]


def _places(subject: Subject, path: str) -> list[Path]:
    if is_url(path):
        return [as_path(path)]
    return [root / path for root in subject.roots]  # an absolute path stays as it is


def _from_root(subject: Subject, typed: str) -> str:
    if is_url(typed):
        return typed
    path = Path(os.path.normpath(Path(subject.manifest.cwd or "", typed)))
    root = subject.manifest.root
    if root is not None and path.is_relative_to(root):
        path = path.relative_to(root)  # it may have moved together with the table
    return str(path)


def _typed(subject: Subject) -> Iterator[str]:
    """Yield every value that may be a path from the folder of the run."""
    manifest = subject.manifest
    tools = [dig(one, "path") for one in (manifest.tools or {}).values()]
    for value in (*(manifest.args or {}).values(), *tools, manifest.builder_file):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield one
                _, labelled, path = one.partition("=")
                if labelled:
                    yield path
