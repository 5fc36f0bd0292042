"""The folder that a manifest's relative paths start from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from tablehost.commit.output import Output
from tablehost.objects.path import ObjectPath


@frozen
class Root:
    """The folder that the manifest's relative paths start from.

    Args:
        path: the enclosing git work tree, else the folder of the output.
        kind: which of the two.
        outside: paths that are not in it; they are written absolute.
    """

    path: Path
    kind: Literal["git", "folder"]
    outside: set[str] = field(factory=set)

    @classmethod
    def of(cls, output: Output) -> Root:
        """Find the root of an output."""
        folder = Path(os.path.abspath(output.table)).parent  # noqa: PTH100  # `..` out, links kept
        for candidate in (folder, *folder.parents):
            if (candidate / ".git").exists():
                return cls(candidate, "git")
        return cls(folder, "folder")

    def name(self, path: Path) -> str:
        """Return a path as the manifest writes it; an object's is its URL, wherever the root is."""
        if isinstance(path, ObjectPath):
            return str(path)
        absolute = Path(os.path.abspath(path))  # noqa: PTH100  # `..` out, links kept
        if absolute.is_relative_to(self.path):
            return str(absolute.relative_to(self.path))
        self.outside.add(str(absolute))
        return str(absolute)
