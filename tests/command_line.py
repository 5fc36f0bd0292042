"""The command line inside this process, which is faster than a process of its own."""

from __future__ import annotations

import importlib
import io
import json
import os
import pty
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO
from unittest import mock

import pyte
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
class Seen:
    """A command that ended on a terminal of so many columns, and all that it wrote there."""

    code: int
    written: str
    columns: int

    @property
    def lines(self) -> list[str]:
        """Return what the terminal shows in the end."""
        screen = pyte.HistoryScreen(self.columns, 50, history=1000)
        pyte.Stream(screen).feed(self.written)
        above = ["".join(row[at].data for at in range(self.columns)) for row in screen.history.top]
        return "\n".join(line.rstrip() for line in [*above, *screen.display]).rstrip().split("\n")


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
        if path.stem == "__main__":  # of a copy of a package; this process's own stays
            continue
        if known and not str(getattr(known, "__file__", None)).startswith(installed):
            del sys.modules[path.stem]


@contextmanager
def _as_a_process(
    folder: Path, environment: Mapping[str, str], tokens: list[str]
) -> Iterator[None]:
    """Give this process what one of its own would begin with."""
    with (
        _installed_packages(environment),
        _nothing_remembered(folder),
        chdir(folder),
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "path", [*_import_path(environment), *sys.path]),
        mock.patch.object(sys, "argv", ["tablehost", *tokens]),
        mock.patch.object(sys, "stdin", io.StringIO()),
    ):
        yield


def run_here(folder: Path, environment: Mapping[str, str], tokens: list[str]) -> Ended:
    """Run `tablehost` as a process of its own in a folder would, with this environment."""
    with (
        _as_a_process(folder, environment, tokens),
        _written("stdout", 1, "strict") as out,
        _written("stderr", 2, "backslashreplace") as err,
    ):
        code = execute(tokens)
        sys.stdout.flush()
        sys.stderr.flush()
        return Ended(code, _text(out), _text(err))


def run_on_terminal(
    folder: Path, environment: Mapping[str, str], tokens: list[str], columns: int
) -> Seen:
    """Run `tablehost` as `run_here` does, its stdout and stderr being a terminal."""
    kept = {"TERM": "xterm-256color"}
    kept |= {name: value for name, value in environment.items() if name != "COLUMNS"}
    with _as_a_process(folder, kept, tokens), _terminal(columns) as written:
        code = execute(tokens)
    return Seen(code, b"".join(written).decode(), columns)


@contextmanager
def _terminal(columns: int) -> Iterator[list[bytes]]:
    """Let stdout and stderr be a terminal for a while; give what is written to it."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, columns))
    written: list[bytes] = []
    reader = Thread(target=_drain, args=(ours, written))
    reader.start()
    kept = [os.dup(number) for number in (1, 2)]
    for number in (1, 2):
        os.dup2(theirs, number)
    os.close(theirs)
    try:
        with (
            open(1, "w", encoding="utf-8", closefd=False) as out,
            open(2, "w", encoding="utf-8", closefd=False, buffering=1) as err,
            mock.patch.object(sys, "stdout", out),
            mock.patch.object(sys, "stderr", err),
        ):
            yield written
    finally:
        for number, before in zip((1, 2), kept, strict=True):
            os.dup2(before, number)
            os.close(before)
        reader.join()
        os.close(ours)


def _drain(ours: int, written: list[bytes]) -> None:
    with suppress(OSError):  # its other end is closed
        while some := os.read(ours, 1 << 16):
            written.append(some)


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
