"""The command line inside this process, which is faster than a process of its own."""

from __future__ import annotations

import json
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from tablehost.cli import execute


@frozen
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@frozen
class CommandLine:
    """A folder, in which the command line runs inside this process."""

    path: Path
    capsys: pytest.CaptureFixture[str]

    def tablehost(self, *tokens: object, cwd: str = ".") -> Ended:
        """Run `tablehost` with some arguments."""
        forget_builders(self.path)
        with chdir(self.path / cwd):
            code = execute([str(token) for token in tokens])
        return Ended(code, *self.capsys.readouterr())


def forget_builders(folder: Path) -> None:
    """Let the builders of a folder be read again, as in another process."""
    for path in folder.rglob("*.py"):
        sys.modules.pop(path.stem, None)
