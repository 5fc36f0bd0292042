"""The command line inside this process, which is faster than a process of its own."""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from unittest import mock

import pytest
from attrs import frozen

from tablehost.builders import builder
from tablehost.cli import execute
from tablehost.options import config_file
from tablehost.provenance.code import _versions


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
        with chdir(self.path / cwd), mock.patch.object(sys, "path", [*sys.path]):
            code = execute([str(token) for token in tokens])
        return Ended(code, *self.capsys.readouterr())


def without_pandas() -> dict[str, str]:
    """Return what hides pandas from a process, of which it would take a third of the time."""
    path = [str(Path(__file__).parent / "without_pandas"), os.environ.get("PYTHONPATH")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, path))}


def forget_builders(folder: Path) -> None:
    """Let the builders of a folder be read again, as in another process."""
    installed = tuple(filter(None, {*sys.path} - builder._beside))
    for path in folder.rglob("*.py"):
        known = sys.modules.get(path.stem)
        if known and not str(getattr(known, "__file__", None)).startswith(installed):
            del sys.modules[path.stem]


def run_here(folder: Path, environment: Mapping[str, str], tokens: list[str]) -> Ended:
    """Run `tablehost` as a process of its own in a folder would, with this environment."""
    with (
        _installed_packages(environment),
        _nothing_remembered(folder),
        chdir(folder),
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "path", [*_import_path(environment), *sys.path]),
        mock.patch.object(sys, "argv", ["tablehost", *tokens]),
        mock.patch.object(sys, "stdin", io.StringIO()),
        _written("stdout", 1, "strict") as out,
        _written("stderr", 2, "backslashreplace") as err,
    ):
        code = execute(tokens)
        sys.stdout.flush()
        sys.stderr.flush()
        return Ended(code, _text(out), _text(err))


def _import_path(environment: Mapping[str, str]) -> list[str]:
    """Return the folders in which a process with this environment looks for modules first."""
    importlib.invalidate_caches()
    return [folder for folder in environment.get("PYTHONPATH", "").split(os.pathsep) if folder]


@contextmanager
def _written(name: str, descriptor: int, errors: str) -> Iterator[BinaryIO]:
    """Give the file that takes what is written to a stream, by the processes of workers too."""
    kept = os.dup(descriptor)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), descriptor)
        try:
            with (
                open(descriptor, "w", encoding="utf-8", errors=errors, closefd=False) as stream,
                mock.patch.object(sys, name, stream),
            ):
                yield file
        finally:
            os.dup2(kept, descriptor)
            os.close(kept)


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode()


@contextmanager
def _installed_packages(environment: Mapping[str, str]) -> Iterator[None]:
    """Look anew for what is installed where an environment may have packages of its own."""
    own = environment.get("PYTHONPATH") != os.environ.get("PYTHONPATH")
    if own:
        _versions.cache_clear()
    try:
        yield
    finally:
        if own:
            _versions.cache_clear()


@contextmanager
def _nothing_remembered(folder: Path) -> Iterator[None]:
    """Forget what this process has read in a folder: another one would read it again."""
    forget_builders(folder)
    try:
        yield
    finally:
        config_file._tables.cache_clear()
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None)).startswith(f"{folder}/"):
                del sys.modules[name]
