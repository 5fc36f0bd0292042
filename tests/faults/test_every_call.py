"""Every call of a run fails once, or is the last one of its process.

`make test` runs a part, spread over the whole run; `make faults` runs all.
"""

import functools
import json
import os
import shutil
from collections import Counter

import pyarrow.parquet as pq
import pytest
from attrs import evolve, frozen
from small_builders import SIZES, WORD_COUNT
from strace import distinct, missing, of_the_output, reached, traced

MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

FAULTS = ("EIO", "ENOSPC", "SIGKILL")
GROUPS = {
    "rename": ("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    "unlink": ("unlink", "unlinkat", "rmdir"),
    "mkdir": ("mkdir", "mkdirat"),
    "sync": ("fsync", "fdatasync"),
    "lock": ("flock", "ftruncate"),
    "write": ("write",),
    "pwrite": ("pwrite64",),
    "open": ("open", "openat"),
}
LEFT = (".tmp", ".lock", ".scratch", ".intent.json", ".failed.json")


@frozen
class Case:
    """A small build that replaces a pair.

    Args:
        project: where the command runs; the manifest records the folder.
        before: a copy of it with the old pair, and everything ready for the command.
        tokens: the command.
        manifest: where its manifest is.
        rows: of the old table and of the new one.
    """

    project: object
    before: object
    tokens: list
    manifest: str
    rows: tuple


def folder(project):
    project.write("sizes.py", SIZES)
    project.write("in/a", "a")
    project.write("in/b", "bb")
    command = ["run", "./sizes.py", "--folder", "in", "--out", "t.parquet", "--workers", "1"]
    assert project.run(*command).code == 0
    project.write("in/c", "ccc")
    return Case(project, copied(project), command, "t.parquet.manifest.json", (2, 3))


def apart(project):
    project.write("words.py", WORD_COUNT)
    project.write("t.txt", "a b\nc\n")
    command = ["run", "./words.py", "--text", "t.txt", "--out", "t.parquet", "--overwrite"]
    command += ["--manifest-out", "side/m.manifest.json"]
    assert project.run(*command).code == 0
    project.write("t.txt", "one\n")
    return Case(project, copied(project), command, "side/m.manifest.json", (2, 1))


@pytest.fixture(scope="session")
def case_of(tmp_path_factory, new_project):
    """Give a small build, with the calls that it makes for its output."""

    @functools.cache
    def case_of(make):
        case = make(new_project(tmp_path_factory.mktemp(make.__name__)))
        ended, calls = traced(case.project, case.tokens)
        assert ended.code == 0, ended.err
        counted = Counter(call.name for call in calls)
        assert all(counted[name] for name in ("rename", "fsync", "unlink", "openat")), counted
        return case, distinct([call for call in calls if of_the_output(call)])

    return case_of


def copied(project):
    path = project.path.with_name(f"{project.path.name}-before")
    shutil.copytree(project.path, path)
    return type(project)(path)


def restored(case):
    shutil.rmtree(case.project.path)
    shutil.copytree(case.before.path, case.project.path)
    return case.project


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("kind", [folder, apart])
@pytest.mark.skipif("TABLEHOST_FAULTS" not in os.environ, reason="make faults runs every call")
def test_each_call_fails_once(case_of, kind, group, fault, try_each):
    case, calls = case_of(kind)
    try_each(case, [(call, fault) for call in calls if call.name in GROUPS[group]])


@pytest.mark.outcome("The old pair or the new one; the same command ends well.")
def test_a_call_of_the_run_that_fails_or_is_its_last(case_of, try_each):
    case, calls = case_of(folder)
    moves = [call for call in calls if call.name == "rename"]
    syncs = [call for call in calls if call.name == "fsync"]
    try_each(case, [(moves[-1], "EIO"), (syncs[-3], "ENOSPC"), (moves[-2], "SIGKILL")])


@pytest.mark.outcome("Exit 0: the pair is in place, and what the ledger lacks.")
def test_a_ledger_that_cannot_note_the_end_of_a_run_whose_pair_has_landed(case_of):
    case, calls = case_of(folder)
    landed = next(place for place, call in enumerate(calls) if is_move_of_the_table(call))
    last = next(call for call in calls[landed:] if call.name == "pwrite64")
    said = "t.parquet and its manifest are in place, but the ledger does not have"
    for nth in range(
        last.nth + 4, 0, -1
    ):  # how often a run writes depends on the pace of its items
        project = restored(case)
        ended, _ = traced(project, case.tokens, inject=evolve(last, nth=nth).failing("EIO"))
        found = judged(case, project, ended, "EIO")
        if ended.code != 0 or said in ended.err:
            break
    assert (ended.code, found) == (0, "new"), ended.err
    assert said in ended.err


def is_move_of_the_table(call):
    return call.name == "rename" and call.line.endswith('/t.parquet") = 0')


@pytest.fixture
def try_each(count):
    """Let each call fail in a run of its own, and say of all what was not as it should be."""

    def try_each(case, faults):
        tally, wrong = fail_each(case, faults)
        missed = tally["not reached"] + tally["elsewhere"]
        count("calls that fail or are the last", len(faults) - missed, len(wrong))
        assert not wrong, "\n".join(wrong)
        assert 2 * missed <= len(faults), tally

    return try_each


def fail_each(case, faults):
    tally, wrong = Counter(), []
    for call, fault in faults:
        project = restored(case)
        ended, calls = traced(project, case.tokens, inject=call.failing(fault))
        how = "reached" if ended.code == -9 else reached(call, calls)
        try:
            tally[judged(case, project, ended, fault) if how == "reached" else how] += 1
        except AssertionError as problem:
            line = str(problem).split("\nassert")[0]
            wrong.append(
                f"{fault} at {call.line[:150]}\n    {line}\n    {ended.err.strip()[-600:]}"
            )
    return tally, wrong


def judged(case, project, ended, fault):
    """Check that a pair stands there, that what was said is so, and that the command ends well.

    Returns:
        What stood there after the fault.
    """
    assert "Traceback" not in ended.err, "a traceback"
    assert ended.code in ((-9,) if fault == "SIGKILL" else (0, 2)), f"exit {ended.code}"
    assert ended.code != 2 or "tablehost: " in ended.err, "no reason"
    before, after = (pair(case, one) for one in (case.before, project))
    if "untouched" in ended.err:
        assert before == after, "said to be untouched"
    verdict = verified(case, project)
    assert verdict in ("intact", "torn"), verdict
    if fault != "SIGKILL":
        said = "is under way" in ended.err
        assert said is (verdict == "torn"), f"{verdict}, and not said"
    found = "under way" if verdict == "torn" else "old" if rows(project) == case.rows[0] else "new"
    if verdict == "intact":
        assert rows(project) in case.rows, "other rows"
    assert ended.code != 0 or found == "new", "exit 0 without the new table"
    assert ended.code != 2 or found != "new", "exit 2 with the new table"
    again = project.run(*case.tokens)
    assert again.code == 0, f"again: {again.err}"
    assert verified(case, project) == "intact", "again: not intact"
    assert rows(project) == case.rows[1], "again: other rows"
    left = [name for name in project.files() if name.endswith(LEFT)]
    assert not left, f"left behind: {left}"
    return found


def pair(case, project):
    return [(project.path / name).read_bytes() for name in ("t.parquet", case.manifest)]


def verified(case, project):
    ended = project.run("verify", case.manifest, "--json")
    return json.loads(ended.out)["tables"][0]["verdict"]


def rows(project):
    return pq.read_metadata(project.path / "t.parquet").num_rows
