"""A power cut after any operation of a run that replaces a pair.

`make test` opens every state by `verify` and runs some again; `make faults` runs each again.
"""

import functools
import hashlib
import json
import os
from collections import Counter
from operator import attrgetter

import pyarrow.parquet as pq
import pytest
from attrs import evolve, frozen
from power_cut import OUTCOMES, Disk, Operation, put, recorded, state_of
from small_builders import SIZES, WORD_COUNT
from strace import missing

from tablehost.items.ledger_file import progress_of

MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

LEFT = (".tmp", ".lock", ".scratch", ".intent.json", ".failed.json")
SOME = 6
"""How many states `make test` runs again."""


@frozen
class Case:
    """A run that replaces a pair, recorded.

    Args:
        project: the folder.
        tokens: the command.
        manifest: where its manifest is.
        rows: of the old table and of the new one.
        before: the folder with the old pair.
        operations: what the run did.
    """

    project: object
    tokens: list
    manifest: str
    rows: tuple
    before: dict
    operations: list[Operation]


def folder(project):
    project.write("sizes.py", SIZES)
    project.write("in/a", "a")
    project.write("in/b", "bb")
    command = ["run", "./sizes.py", "--folder", "in", "--out", "t.parquet", "--workers", "1"]
    assert project.run(*command).code == 0
    for name in "cdefg":
        project.write(f"in/{name}", 3 * name)
    before = state_of(project.path)
    operations = recorded(project, command, PACE="0.4")
    return Case(project, command, "t.parquet.manifest.json", (2, 7), before, operations)


def apart(project):
    project.write("words.py", WORD_COUNT)
    project.write("t.txt", "a b\nc\n")
    command = ["run", "./words.py", "--text", "t.txt", "--out", "t.parquet", "--overwrite"]
    command += ["--manifest-out", "side/m.manifest.json"]
    assert project.run(*command).code == 0
    project.write("t.txt", "one\n")
    before = state_of(project.path)
    operations = recorded(project, command)
    return Case(project, command, "side/m.manifest.json", (2, 1), before, operations)


@pytest.fixture(scope="module")
def case_of(tmp_path_factory, new_project):
    """Give a recorded run whose operations lead to what stands in its folder."""

    @functools.cache
    def case_of(make):
        case = make(new_project(tmp_path_factory.mktemp(make.__name__)))
        counted = Counter(one.name for one in case.operations)
        assert all(counted[name] for name in ("rename", "fsync", "unlink", "openat")), counted
        disk = Disk.of(case.before)
        for one in case.operations:
            disk.do(one)
        assert disk.states()[1] == state_of(case.project.path), "an operation was not recorded"
        return case

    return case_of


@frozen
class Found:
    """What may be on the disk after a power cut.

    Args:
        state: the files.
        at: the latest moment of the cut.
        after: the operation before it.
        outcome: one of `OUTCOMES`.
    """

    state: dict
    at: float
    after: str
    outcome: str


def cuts(case):
    """Yield what may be found after each operation, in each outcome."""
    disk, operations = Disk.of(case.before), case.operations
    for one, following in zip(operations, [*operations[1:], operations[-1]], strict=True):
        disk.do(one)
        for outcome, state in zip(OUTCOMES, disk.states(), strict=True):
            yield Found(state, following.at, f"{one.name} {' '.join(one.paths)}", outcome)


def distinct(found):
    """Leave out states that were found before."""
    return list({digest(one.state): one for one in found}.values())


def digest(state):
    return hashlib.sha256(repr(sorted(state.items())).encode()).digest()


@pytest.mark.outcome("The old pair or the new one; the same command ends well.")
@pytest.mark.parametrize("kind", [folder, apart])
def test_a_power_cut_after_any_operation_of_a_run(case_of, kind, count):
    case = case_of(kind)
    found = distinct(cuts(case))
    every = 1 if "TABLEHOST_FAULTS" in os.environ else len(found) // SOME
    tally, wrong = Counter(), []
    for number, one in enumerate(found):
        try:
            tally[judged(case, one, again=number % every == 0)] += 1
        except AssertionError as problem:
            wrong.append(f"{one.outcome}, after {one.after}\n    {problem}")
    count("states of the disk after a power cut", len(found), len(wrong))
    assert not wrong, "\n".join(wrong)
    assert all(tally[name] for name in ("old", "torn", "new")), tally


def judged(case, one, *, again):
    """Check that a pair stands there with what belongs to it, and that the command ends well."""
    project = case.project
    put(one.state, project.path)
    verdict = verified(case)
    assert verdict in ("intact", "torn"), verdict
    found = "torn" if verdict == "torn" else "old" if rows(case) == case.rows[0] else "new"
    if verdict == "intact":
        assert rows(case) in case.rows, "other rows"
        check_belongings(case)
    if found == "new":
        kept = [data for name, data in one.state.items() if name.startswith("t.parquet.history/")]
        assert case.before[case.manifest] in kept, "the old manifest is not in the history"
    if again:
        ended = project.run(*case.tokens)
        assert ended.code == 0, f"again: {ended.err}"
        assert verified(case) == "intact", "again: not intact"
        assert rows(case) == case.rows[1], "again: other rows"
        left = [name for name in project.files() if name.endswith(LEFT)]
        assert not left, f"left behind: {left}"
    return found


def verified(case):
    ended = case.project.run("verify", case.manifest, "--json")
    return json.loads(ended.out)["tables"][0]["verdict"]


def rows(case):
    return pq.read_metadata(case.project.path / "t.parquet").num_rows


def check_belongings(case):
    """Check that what a manifest names beside its table is there."""
    provenance = json.loads((case.project.path / case.manifest).read_text())["run_provenance"]
    listings = [one["listing"] for one in provenance["inputs"].values() if "listing" in one]
    for one in listings:
        assert case.project.digest(one["path"]) == one["sha256"], "another listing"


@pytest.mark.outcome("What was finished a second before is kept.")
def test_a_power_cut_costs_the_last_second_of_the_ledger(case_of, tmp_path):
    case = case_of(folder)

    @functools.cache
    def noted(parts):
        put(dict(parts), tmp_path)
        progress = progress_of(tmp_path / "t.parquet.ledger")
        return (progress.session.run_id, progress.done) if progress else ("", 0)

    everything, lost = [], []
    for one in cuts(case):
        parts = ((name, data) for name, data in one.state.items() if ".ledger" in name)
        moment = evolve(one, state=noted(tuple(sorted(parts))))
        if one.outcome == "everything":
            everything.append(moment)
        else:
            lost.append(moment)
    for one in lost:
        second_before = [found.state for found in everything if found.at <= one.at - 1]
        assert one.state >= max(second_before, default=("", 0)), one
    assert len({found.state for found in everything}) > 5, "no items were noted one by one"
    assert max(map(attrgetter("state"), everything))[1] == 7
