import json
import tempfile
from pathlib import Path

import pytest

DIE = """
    import os, signal, sys
    from tablehost.commit import commit
    from tablehost.cli import execute

    left = int(sys.argv[1])

    def die(step):
        global left
        print(step, file=sys.stderr)
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    commit.reached = die
    sys.exit(execute(sys.argv[2:]))
"""
STEPS = [
    "staged",
    "history",
    "intent",
    "moved t.parquet.manifest.json",
    "moved t.parquet",
    "done",
]
RUN = ("run", "./words.py", "--text", "t.txt", "--out", "t.parquet")


def cut_off(project, step, *tokens):
    """Run a command that is killed as soon as its commit has reached a step."""
    return project.python(DIE, step, *tokens, env=project.without_pandas)


def pair(project, manifest="t.parquet.manifest.json"):
    """Return the rows of the table that stands there, after a look whether its manifest fits."""
    table, sidecar = project.path / "t.parquet", project.path / manifest
    assert sidecar.exists() or not table.exists(), "a table without a manifest"
    if not table.exists():
        return None
    found = json.loads(sidecar.read_text())["table"]
    return found["rows"] if found["sha256"] == project.digest("t.parquet") else "torn"


@pytest.mark.outcome("Killed at each of six steps: the old pair, the new one, or said to be torn.")
@pytest.mark.parametrize("at", range(len(STEPS)))
def test_a_commit_cut_off_at_any_step_is_the_old_pair_or_is_rolled_forward(counted, at):
    counted.write("t.txt", "one\n")
    killed = cut_off(counted, at, *RUN, "--overwrite")
    assert killed.code == -9
    assert killed.err.split("\n")[:-1] == STEPS[: at + 1]
    torn = STEPS[at] in ("intent", "moved t.parquet.manifest.json", "moved t.parquet")
    shown = counted.run("show", "t.parquet")
    before = counted.files()
    assert ("torn: the commit of run " in shown.out) is torn
    assert ("the next run on this path finishes it" in shown.out) is torn
    assert pair(counted) == {0: 2, 1: 2, 2: 2, 3: "torn", 4: 1, 5: 1}[at]
    assert counted.files() == before
    again = counted.run(*RUN)
    assert again.code == 2
    assert ("finished the commit of run " in again.err) is torn
    assert pair(counted) == (2 if at < 2 else 1)
    assert "torn" not in counted.run("show", "t.parquet").out
    assert len(list(counted.path.glob("t.parquet.history/*.manifest.json"))) == (at > 0)


@pytest.mark.outcome("No half of a pair is ever taken for one.")
@pytest.mark.parametrize("at", [0, 2, 3])
def test_a_first_commit_cut_off_is_nothing_or_is_rolled_forward(words, at):
    assert cut_off(words, at, *RUN).code == -9
    assert pair(words) is None
    again = words.run(*RUN)
    assert again.code == (0 if at < 2 else 2), again.err
    assert pair(words) == 2


@pytest.mark.outcome("The next run finishes it.")
@pytest.mark.parametrize("at", [2, 4])
def test_a_commit_over_two_file_systems_is_rolled_forward_too(counted, at):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        manifest = f"{other}/m.json"
        command = (*RUN, "--manifest-out", manifest, "--overwrite")
        counted.write("t.txt", "one\n")
        assert cut_off(counted, at, *command).code == -9
        again = counted.run(*RUN, "--manifest-out", manifest)
        assert again.code == 2
        assert "finished the commit of run " in again.err
        assert pair(counted, manifest) == 1
        assert [path.name for path in Path(other).iterdir()] == ["m.json"]
        assert not (counted.path / "t.parquet.manifest.json").exists()


@pytest.mark.outcome("Exit 0; nothing is worked on again.")
def test_a_grown_table_whose_commit_was_cut_off_is_rolled_forward(squared, worked_on):
    command = ("run", "./squares.py", "--out", "t.parquet", "--workers", 1, "--count", 6)
    assert cut_off(squared, 3, *command).code == -9
    assert worked_on() == ["0005"]
    again = squared.run(*command)
    assert again.code == 0, again.err
    assert "finished the commit of run " in again.err
    assert "up to date" in again.err
    assert pair(squared) == 6
    assert worked_on() == []


@pytest.mark.outcome("Exit 2: what is gone, and how to go on.")
def test_a_commit_that_cannot_be_finished_says_what_to_do(words):
    assert cut_off(words, 3, *RUN).code == -9
    staged = next(words.path.glob(".t.parquet.2*.tmp"))
    staged.unlink()
    ended = words.run(*RUN)
    assert ended.code == 2
    assert f"was cut off and {staged} is gone" in ended.err
    assert "Build the table again with --overwrite after removing" in ended.err
    (words.path / "t.parquet.intent.json").unlink()
    assert words.run(*RUN, "--overwrite").code == 0


@pytest.mark.outcome("Exit 2: the file that is not readable.")
@pytest.mark.parametrize("note", ["", "[]", '{"run_id": 3, "moves": 4, "remove": 5}'])
@pytest.mark.parametrize("command", [RUN, ("show", "t.parquet"), ("clean", "t.parquet", "--yes")])
def test_a_note_of_a_commit_that_is_damaged_is_said(words, note, command):
    words.write("t.parquet.intent.json", note)
    ended = words.run(*command)
    assert ended.code == 2
    assert "t.parquet.intent.json is not readable as the note of a commit" in ended.err


@pytest.mark.outcome("Exit 2; the next run still finishes it.")
def test_clean_does_not_touch_a_commit_that_was_cut_off(words):
    assert cut_off(words, 3, *RUN).code == -9
    before = words.files()
    ended = words.run("clean", "t.parquet", "--yes")
    assert ended.code == 2
    assert "a commit was cut off; run its command again before cleaning" in ended.err
    assert words.files() - before == set()
    words.run(*RUN)
