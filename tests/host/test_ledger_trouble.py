"""A ledger that is intact and cannot be used: another user's, unreadable, on a bad or full disk."""

import os
import pwd
import re
import shutil
import subprocess
import sys
from itertools import pairwise

import pyarrow.parquet as pq
import pytest
from small_builders import RUN_SQUARES

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
OTHER_USER = 65534


@pytest.fixture
def theirs(squared):
    """Give a project in which five squares are done, and the ledger is another user's."""
    os.chown(squared.path / "t.parquet.ledger", OTHER_USER, OTHER_USER)
    return squared


@needs_root
@pytest.mark.outcome("Exit 2: whose it is; nothing is done. `--fresh` does not touch it either.")
@pytest.mark.parametrize("tokens", [(), ("--fresh",)])
def test_a_ledger_of_another_user_is_refused(theirs, worked_on, tokens):
    before = theirs.digest("t.parquet.ledger")
    ended = theirs.run(*RUN_SQUARES, "--count", 6, *tokens)
    name = pwd.getpwuid(OTHER_USER).pw_name
    assert ended.code == 2
    assert f"the ledger t.parquet.ledger belongs to the user {name}" in ended.err
    assert "--accept-ledger" in ended.err
    assert theirs.digest("t.parquet.ledger") == before
    assert worked_on() == []


@needs_root
@pytest.mark.outcome("Exit 2: a log beside it could carry rows into it.")
def test_a_log_of_another_user_beside_a_ledger_is_refused(squared):
    log = squared.write("t.parquet.ledger-wal", "rows")
    os.chown(log, OTHER_USER, OTHER_USER)
    ended = squared.run(*RUN_SQUARES, "--count", 6)
    assert ended.code == 2
    assert "t.parquet.ledger-wal belongs to the user" in ended.err
    assert log.read_text() == "rows"


@needs_root
@pytest.mark.outcome("Used; the manifest counts the rows of the other user.")
def test_an_accepted_ledger_of_another_user_is_used_and_its_rows_are_counted(
    open_squares, other_user
):
    made = open_squares.run(*RUN_SQUARES, **other_user)
    assert made.code == 0, made.err
    ended = open_squares.run(*RUN_SQUARES, "--count", 7, "--accept-ledger")
    assert ended.code == 0, ended.err
    manifest = open_squares.manifest("t.parquet")
    assert manifest["run"]["items"]["done_before"] == 5
    assert manifest["run"]["rows_of_others"] == (5 if "user" in other_user else 0)
    users = [session["user"] for session in manifest["run_provenance"]["sessions"]]
    assert users[-1] == pwd.getpwuid(0).pw_name
    assert ("user" in other_user) == (users[0] != users[1])


@needs_root
@pytest.mark.outcome("Exit 2: the permissions; nothing is done, the file is untouched.")
@pytest.mark.parametrize("mode", [0o000, 0o400])
def test_a_ledger_that_may_not_be_read_or_written_ends_the_run(open_squares, other_user, mode):
    assert open_squares.run(*RUN_SQUARES, **other_user).code == 0
    ledger = open_squares.path / "t.parquet.ledger"
    (open_squares.path / "worked-on").write_text("")
    before = ledger.read_bytes()
    ledger.chmod(mode)
    ended = open_squares.run(*RUN_SQUARES, "--count", 6, **other_user)
    assert ended.code == 2, ended.err
    assert "the ledger t.parquet.ledger cannot be used: " in ended.err
    assert "see to it that this user may read and write it" in ended.err
    assert ledger.read_bytes() == before
    assert (open_squares.path / "worked-on").read_text() == ""


@needs_root
@pytest.mark.outcome("Exit 2; the same command goes on where there is room again.")
def test_a_ledger_on_a_full_disk_ends_the_run(squares, small_disk, worked_on):
    if small_disk is None:
        pytest.skip("mounting is not allowed")
    command = ("run", "./squares.py", "--out", "disk/t.parquet", "--workers", 1)
    assert squares.run(*command).code == 0
    plain = (squares.path / "squares.py").read_text()
    ballast = 'Path("disk/ballast").write_bytes(bytes(shutil.disk_usage("disk").free))'
    found = "    found = list("
    squares.write("squares.py", plain.replace(found, f"    import shutil\n    {ballast}\n{found}"))
    worked_on()
    ended = squares.run(*command, "--count", 6)
    assert ended.code == 2, ended.err
    assert "the ledger disk/t.parquet.ledger cannot be used: " in ended.err
    assert "Traceback" not in ended.err
    assert worked_on() == []
    (small_disk / "ballast").unlink()
    squares.write("squares.py", plain)
    assert squares.run(*command, "--count", 6).code == 0
    assert worked_on() == ["0005"]


def traced(project, *tokens, rules):
    """Run `tablehost` under strace, and give how it ended and the trace."""
    trace = project.path / ".cache" / "trace"
    trace.parent.mkdir(exist_ok=True)
    strace = ["strace", "-f", "-qq", "-ttt", "-o", trace]
    ended = subprocess.run(
        [*strace, *rules, sys.executable, "-m", "tablehost", *map(str, tokens)],
        cwd=project.path,
        env=project.environment | project.without_pandas,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended, trace.read_text()


def fails(call, path, *, first):
    """Return what makes a call on a file fail with EIO, from one of its calls on."""
    return ["-P", path, "-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when={first}+"]


@needs_strace
@pytest.mark.outcome("Exit 2: the disk; nothing is done, the file is untouched.")
def test_a_ledger_on_a_disk_that_cannot_read_it_ends_the_run(squared, worked_on):
    ledger = squared.path / "t.parquet.ledger"
    before = ledger.read_bytes()
    rules = fails("pread64", ledger, first=1)
    ended, trace = traced(squared, *RUN_SQUARES, "--count", 6, rules=rules)
    assert "INJECTED" in trace
    assert ended.returncode == 2, ended.stderr
    assert "the ledger t.parquet.ledger cannot be used: disk I/O error" in ended.stderr
    assert ledger.read_bytes() == before
    assert worked_on() == []


@needs_strace
@pytest.mark.outcome("Exit 2: the disk; the same command goes on.")
def test_a_ledger_that_cannot_be_synced_ends_the_run(squared):
    log = squared.path / "t.parquet.ledger-wal"
    command = (*RUN_SQUARES, "--count", 12, "--slow", 0.3)
    ended, trace = traced(squared, *command, rules=fails("fdatasync", log, first=2))
    assert "INJECTED" in trace
    assert ended.returncode == 2, ended.stderr
    assert "the ledger t.parquet.ledger could not be synced: Input/output error" in ended.stderr
    assert squared.run(*RUN_SQUARES, "--count", 12).code == 0
    squares = pq.read_table(squared.path / "t.parquet")["square"].to_pylist()
    assert squares == [number**2 for number in range(12)]


@needs_strace
@pytest.mark.outcome("Synced within a second, also while the host waits for the next.")
def test_a_finished_item_is_synced_within_a_second(squares):
    log = squares.path / "t.parquet.ledger-wal"
    rules = ["-P", log, "-e", "trace=pwrite64,fdatasync"]
    ended, trace = traced(squares, *RUN_SQUARES, "--count", 3, "--slow", 1.3, rules=rules)
    assert ended.returncode == 0, ended.stderr
    calls = re.findall(r"^\d+ +([\d.]+) (pwrite64|fdatasync)\(", trace, re.MULTILINE)
    times = {name: [float(at) for at, call in calls if call == name] for _, name in calls}
    writes, syncs = times["pwrite64"], times["fdatasync"]
    assert max(later - one for one, later in pairwise(writes)) > 1  # so the host had to wait
    assert [one for one in writes if not any(one <= sync <= one + 1 for sync in syncs)] == []


@pytest.mark.outcome("Exit 2, naming the folder.")
def test_a_full_folder_of_temporary_files_is_named(squares, full_disk):
    run = ("run", "./squares.py", "--count", "30000", "--out", "t.parquet", "--workers", "0")
    ended = squares.process(*run, env={"TMPDIR": str(full_disk)})
    assert ended.code == 2, ended.err
    assert "folder of temporary files (TMPDIR)" in ended.err
    assert "Traceback" not in ended.err
