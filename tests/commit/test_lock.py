"""Locks that cannot be had: the file system has none, or the file is another user's."""

import errno
import os
import shutil
import subprocess
import sys

import pytest

WORDS = ("run", "./words.py", "--text", "t.txt", "--out", "t.parquet")
NEEDS_STRACE = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def without_locks(project, name, *tokens):
    """Run a command line in which every flock fails, as on a file system without locks."""
    inject = ("strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject=flock:error={name}")
    return subprocess.run(
        [*inject, sys.executable, "-m", "tablehost", *tokens],
        cwd=project.path,
        env=project.environment | project.without_pandas,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@NEEDS_STRACE
@pytest.mark.outcome("Exit 2; with `--no-lock` it is built.")
@pytest.mark.parametrize("name", ["ENOLCK", "ENOSYS"])
def test_a_file_system_without_locks_is_refused_unless_no_lock_is_given(words, name):
    ended = without_locks(words, name, *WORDS)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    why = os.strerror(getattr(errno, name))
    assert f"is on a file system without locks ({why}): a second run on t.parquet" in line
    assert line.endswith("give `run` --no-lock")
    assert words.files() == {"words.py", "t.txt"}
    ended = without_locks(words, name, *WORDS, "--no-lock")
    assert ended.returncode == 0, ended.stderr
    assert words.run("verify", "t.parquet").code == 0


@pytest.mark.outcome("Exit 2: it names the owner's id.")
def test_the_lock_of_another_user_is_one_line(words):
    if os.geteuid() != 0:
        pytest.skip("only root can make another user's file")
    lock = words.path / "t.parquet.lock"
    lock.touch(0o600)
    os.chown(lock, 1234, 1234)
    subprocess.run(["chattr", "+i", lock], check=False, capture_output=True)
    try:
        ended = words.run(*WORDS)
    finally:
        subprocess.run(["chattr", "-i", lock], check=False, capture_output=True)
        lock.unlink(missing_ok=True)
    assert ended.code in (0, 2)  # 0 where the file system has no immutable files
    assert "Traceback" not in ended.err
    assert ended.code == 0 or "t.parquet.lock is of user id 1234" in ended.err
