"""Commands that are subject to permissions, where the tests are run by root."""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest


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
    folder = project.path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        yield None
        return
    yield folder
    subprocess.run(["umount", folder], check=True)
