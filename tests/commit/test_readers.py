"""What reading commands answer beside a run that is at its commit."""

import os
import signal
import time

import psutil
import pytest

RUN = ("run", "./words.py", "--text", "t.txt", "--out", "t.parquet", "--overwrite")
STOP = """
    import os, signal, sys
    from tablehost.commit import commit
    from tablehost.cli import execute

    def stop(step):
        if step == "moved t.parquet.manifest.json":
            os.kill(os.getpid(), signal.SIGSTOP)

    commit.reached = stop
    sys.exit(execute(sys.argv[1:]))
"""
AGAIN = """
    import sys
    from pathlib import Path
    from tablehost.cli import execute

    for number in range(12):
        Path("t.txt").write_text("one\\n" * number)
        assert execute(sys.argv[1:]) == 0
"""


@pytest.fixture
def stopped(counted):
    """Give a project with a run that is stopped between its two renames."""
    counted.write("t.txt", "one\n")
    counted.write("stop.py", STOP)
    process = counted._start("stop.py", *RUN, env=counted.without_pandas)
    while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
        assert process.poll() is None
        time.sleep(0.02)
    yield counted, process
    os.kill(process.pid, signal.SIGCONT)
    assert process.wait(60) == 0
    process.communicate()


@pytest.mark.outcome("Each waits for it, and answers of the new pair.")
def test_reading_commands_beside_a_run_between_its_two_renames(stopped):
    project, run = stopped
    names = ("verify", "show", "why", "lineage")
    reading = {name: project.start(name, "t.parquet") for name in names}
    time.sleep(1.5)
    os.kill(run.pid, signal.SIGCONT)
    for name, process in reading.items():
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, (name, out, err)
        assert "torn" not in out + err
    assert project.manifest("t.parquet")["table"]["rows"] == 1


@pytest.mark.outcome("They say so after 30 seconds.")
def test_a_commit_that_takes_too_long_for_a_reader(stopped, monkeypatch):
    project, run = stopped
    monkeypatch.setattr("tablehost.trust.evidence.subject.PATIENCE", 0.2)
    ended = project.run("verify", "t.parquet")
    assert ended.code == 1
    assert ended.out.startswith("unverifiable")
    assert f"t.parquet is being replaced by process {run.pid} on " in ended.out


@pytest.mark.outcome("Each answer is `intact`.")
def test_verify_beside_a_run_that_replaces_the_table_again_and_again(counted):
    counted.write("again.py", AGAIN)
    process = counted._start("again.py", *RUN, env=counted.without_pandas)
    answers = []
    while process.poll() is None:
        answers.append(counted.run("verify", "t.parquet").out)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert len(answers) > 12
    assert {one.split()[0] for one in answers} == {"intact"}, answers


@pytest.mark.outcome("`torn`, with the file that is not readable.")
@pytest.mark.parametrize(
    ("command", "code"), [("verify", 1), ("why", 1), ("lineage", 1), ("show", 2)]
)
def test_a_note_that_cannot_be_read_is_said_by_every_reading_command(counted, command, code):
    counted.write("t.parquet.intent.json", "[]")
    ended = counted.run(command, "t.parquet")
    assert ended.code == code
    assert "t.parquet.intent.json is not readable as the note of a commit" in ended.out + ended.err
