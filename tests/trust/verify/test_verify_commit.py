"""What `verify` finds where a commit was cut off, and where one lands meanwhile."""

from pathlib import Path

import pytest

from tablehost.commit import commit
from tablehost.commit.lock import locked
from tablehost.commit.output import Output
from tablehost.files import digests

DIE = """
import os, signal, sys
from tablehost.commit import commit
from tablehost.cli import execute

def die(step):
    if step == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)

commit.reached = die
sys.exit(execute(sys.argv[2:]))
"""
REBUILD = ("./copy_table.py", "--source", "raw2.parquet", "--out", "t.parquet", "--overwrite")
VERDICTS = {
    "staged": "intact",
    "history": "intact",
    "intent": "torn",
    "moved t.parquet.manifest.json": "torn",
    "moved t.parquet": "torn",
    "done": "intact",
}


@pytest.fixture
def kill(tables, new_project):
    """Give what kills a run of `t` at a step of its commit."""

    def kill(step):
        project = new_project(tables.path)
        ended = project.python(DIE, step, "run", *REBUILD, env=project.without_pandas)
        assert ended.code == -9

    return kill


@pytest.mark.parametrize("step", VERDICTS)
def test_a_commit_that_was_killed_at_any_step_is_intact_or_torn(tables, kill, step):
    kill(step)
    (found,) = tables.verify("t.parquet", "--full")
    assert found["verdict"] == VERDICTS[step]
    answer = " ".join(why for one in found["findings"] for why in one["why"])
    assert ("the next run on this path finishes it" in answer) is (found["verdict"] == "torn")
    output = Output.at(tables.path / "t.parquet")
    with locked(output):
        commit.recover(output)
    assert tables.intact("t.parquet", "--full")


def test_a_torn_commit_says_what_is_there_and_what_is_not(tables, kill):
    kill("moved t.parquet.manifest.json")
    (finding,) = tables.findings("torn", "t.parquet")
    which = finding["which"]
    assert [Path(one).name for one in which["in_place"]] == ["t.parquet.manifest.json"]
    assert [Path(one).name for one in which["still_staged"]] == ["t.parquet"]
    next(tables.path.glob(".t.parquet.2*.tmp")).unlink()
    (found,) = tables.verify("t.parquet")
    assert "the next run refuses" in found["findings"][0]["why"][-1]


def test_a_first_commit_that_was_cut_off_is_found_in_its_folder(tables, kill):
    for suffix in ("", ".manifest.json"):
        (tables.path / f"t.parquet{suffix}").unlink()
    kill("intent")
    assert tables.verdicts(".")["t.parquet"] == "torn"


def test_a_pair_that_a_run_lands_meanwhile_is_no_drift(tables, monkeypatch):
    landed = []

    def land(path):
        if not landed:
            landed.append(path)
            tables.run(*REBUILD)
        return digests.file_digest(path)

    monkeypatch.setattr("tablehost.trust.verify.contents.file_digest", land)
    assert tables.intact("t.parquet")
    assert landed
