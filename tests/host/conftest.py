"""A builder of a few lines, and commands that are subject to permissions."""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tablehost.cli import execute

BUILDER = '''
from __future__ import annotations
from typing import TYPE_CHECKING
from attrs import frozen
from tablehost import Build, Refused, Run, View, hookimpl

if TYPE_CHECKING:
    from nowhere import Something

@frozen
class Options:
    """Return something."""
    size: int = 3
    """A size."""

@hookimpl
def build_table(options: Options, run: Something) -> Something:
    import pyarrow as pa
    table = pa.table({"n": range(options.size), "t": ["a"] * options.size})
    schema = table.schema
RETURN
'''


@pytest.fixture
def other_user():
    """Give what makes a command subject to permissions, where the tests are run by root."""
    if os.geteuid() != 0:
        return {}
    without = {"user": 65534, "group": 65534, "extra_groups": []}
    try:
        subprocess.run([sys.executable, "-c", "import tablehost"], check=True, cwd="/", **without)
    except (OSError, subprocess.CalledProcessError):  # no other user may enter the folder of Python
        return {"preexec_fn": _drop_privileges}
    return without


def _drop_privileges():
    """Give up root's right to read and write despite the permissions."""
    drop_from_bounding_set = 24
    for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)


@pytest.fixture
def open_words(words, new_project):
    """Give the same as `words` in a folder that every user may enter, unlike those of pytest."""
    with _open_copy(words) as path:
        yield new_project(path)


@pytest.fixture
def open_squares(squares, new_project):
    """Give the same as `squares` in a folder that every user may enter."""
    with _open_copy(squares) as path:
        yield new_project(path)


@contextmanager
def _open_copy(project):
    with tempfile.TemporaryDirectory(prefix="tablehost-test-") as name:
        path = Path(name)
        for source in project.path.iterdir():
            shutil.copy(source, path)
        path.chmod(0o777)
        yield path


@pytest.fixture
def small_disk(project):
    """Give a file system of ten megabytes, or None where mounting is not allowed."""
    with _mounted(project.path / "disk", "10m") as folder:
        yield folder


@pytest.fixture
def full_disk(project):
    """Give a file system with less room than a run wants before it begins."""
    with _mounted(project.path / "full", "1m") as folder:
        if folder is None:
            pytest.skip("a small file system cannot be mounted here")
        yield folder


@contextmanager
def _mounted(folder, size):
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def build(project, monkeypatch, capsys):
    """Run a builder whose `build_table` ends in some lines; `apart` in a process of its own."""
    monkeypatch.chdir(project.path)
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(project.path / ".cache"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def run(lines, *, describe="", returned="Fields()", fields="", apart=False, more=()):
        source = BUILDER.replace("RETURN", textwrap.indent(lines, "    "))
        describe = describe.replace("FIELDS_RETURNED", returned).replace("FIELDS", fields)
        project.write("b.py", source + describe)
        command = ["run", "./b.py", "--out", "t.parquet", *more]
        if apart:
            return project.process(*command)
        sys.modules.pop("b", None)
        try:
            code = execute(command)
        except SystemExit as ended:
            code = ended.code
        return SimpleNamespace(code=code, **capsys.readouterr()._asdict())

    return run
