"""What the note of a commit may say, and where a commit that was cut off can be finished."""

import errno
import json
import os
import shutil

import pytest
from small_builders import WORD_COUNT

RUN = ("run", "./words.py", "--text", "t.txt", "--out", "t.parquet", "--overwrite")
APART = (*RUN, "--manifest-out", "side/m.manifest.json")
CUT = """
    import os, signal, sys
    from tablehost.commit import commit
    from tablehost.cli import execute

    def die(step):
        if step == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGKILL)

    commit.reached = die
    sys.exit(execute(sys.argv[2:]))
"""
TABLE_WAITS = "moved t.parquet.manifest.json"


@pytest.fixture
def cut_off(counted):
    """Replace a pair of two rows by one of one row, and die at a step of the commit."""

    def cut_off(step=TABLE_WAITS, command=RUN):
        counted.write("t.txt", "one\n")
        killed = counted.python(CUT, step, *command, env=counted.without_pandas)
        assert killed.code == -9, killed.err
        return counted

    return cut_off


@pytest.fixture
def cut_off_apart(counted, cut_off):
    """Do the same where the manifest is in a folder of its own."""

    def cut_off_apart(step):
        assert counted.run(*APART).code == 0
        return cut_off(step, APART)

    return cut_off_apart


def files_of(folder):
    """Return what every file has in it but the cache's, and the lock's of a process that died."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    kept = (path for path in found if not {".cache", "__pycache__"} & {*path.parts})
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def verdict(project, path="t.parquet"):
    return json.loads(project.run("verify", path, "--json").out)["tables"][0]["verdict"]


def rows(project, manifest="t.parquet.manifest.json"):
    return json.loads((project.path / manifest).read_text())["table"]["rows"]


@pytest.mark.outcome("Finished in the copy; the original is as it was.")
def test_a_torn_folder_that_was_copied_is_finished_in_the_copy(cut_off, new_project, tmp_path):
    torn = cut_off()
    copy = new_project(tmp_path.parent / f"{tmp_path.name}-copy")
    shutil.copytree(torn.path, copy.path)
    before = files_of(torn.path)
    ended = copy.run(*RUN)
    assert ended.code == 0, ended.err
    assert "finished the commit of run " in ended.err
    assert verdict(copy) == "intact"
    assert rows(copy) == 1
    assert files_of(torn.path) == before
    assert torn.run(*RUN).code == 0


@pytest.mark.outcome("Finished where it is now.")
def test_a_torn_folder_that_was_moved_and_is_reached_through_a_link_is_finished(words, new_project):
    inner = new_project(words.path / "one")
    inner.write("words.py", WORD_COUNT)
    inner.write("t.txt", "one\n")
    assert inner.python(CUT, TABLE_WAITS, *RUN, env=inner.without_pandas).code == -9
    other = words.path / "two"
    inner.path.rename(words.path / "moved")
    other.symlink_to("moved")
    ended = words.run(*RUN[:5], "two/t.parquet", "--overwrite")
    assert ended.code == 0, ended.err
    assert "finished the commit of run " in ended.err
    assert verdict(words, "two/t.parquet") == "intact"


PLANTED = {
    "a path": {"../precious": "0" * 64},
    "an absolute path": {"/etc/passwd": "0" * 64},
    "this folder": {".": "0" * 64},
    "the folder above": {"..": "0" * 64},
    "no digest": {"t.parquet.manifest.json": "0", "t.parquet": "0" * 64},
    "three files": dict.fromkeys(("a", "b", "c"), "0" * 64),
    "another file": {"precious": "0" * 64, "t.parquet": "0" * 64},
    "a pair apart": {"t.parquet": "0" * 64},
}


@pytest.mark.outcome("Exit 2; no file is touched.")
@pytest.mark.parametrize("moves", PLANTED.values(), ids=PLANTED)
def test_a_planted_note_that_names_anything_else_is_refused(counted, moves):
    run_id = "20260101T000000Z-00000000"
    counted.write("precious", "mine")
    counted.write(f".precious.{run_id}.tmp", "theirs")
    note = {"run_id": run_id, "moves": moves, "apart": None, "retire": None}
    counted.write("t.parquet.intent.json", json.dumps(note))
    before = files_of(counted.path)
    ended = counted.run(*RUN)
    assert ended.code == 2
    assert "t.parquet.intent.json" in ended.err
    assert "Traceback" not in ended.err
    assert files_of(counted.path) == before
    read = counted.run("verify", "t.parquet")
    assert "torn  t.parquet" in read.out, read.err
    (counted.path / f".precious.{run_id}.tmp").unlink()


@pytest.mark.parametrize("run_id", ["", "../x", "20260101T000000Z-00000000/../y"])
def test_a_planted_note_of_no_run_is_refused(counted, run_id):
    moves = {"t.parquet.manifest.json": "0" * 64, "t.parquet": "0" * 64}
    note = {"run_id": run_id, "moves": moves, "apart": None, "retire": None}
    counted.write("t.parquet.intent.json", json.dumps(note))
    ended = counted.run(*RUN)
    assert ended.code == 2
    assert "is not readable as the note of a commit" in ended.err


@pytest.mark.outcome("Exit 2: which file; nothing is moved.")
def test_a_staged_file_that_has_other_bytes_or_is_a_link_is_not_moved(cut_off):
    torn = cut_off("intent")
    staged = next(torn.path.glob(".t.parquet.2*.tmp"))
    staged.write_bytes(b"other")
    before = files_of(torn.path)
    ended = torn.run(*RUN)
    assert ended.code == 2
    assert f"{staged} has other bytes" in ended.err
    assert files_of(torn.path) == before
    staged.rename(torn.path / "elsewhere")
    staged.symlink_to("elsewhere")
    ended = torn.run(*RUN)
    assert ended.code == 2
    assert f"{staged} has other bytes" in ended.err
    for path in torn.path.glob(".t.parquet*.tmp"):
        path.unlink()


@pytest.mark.outcome("Exit 2, and what to give; then it is finished.")
@pytest.mark.parametrize("step", ["intent", "moved m.manifest.json"])
def test_a_commit_in_two_folders_wants_both_of_its_paths(cut_off_apart, step):
    torn = cut_off_apart(step)
    before = files_of(torn.path)
    for other in ((), ("--manifest-out", "other.json"), ("--manifest-out", "there/m.json")):
        ended = torn.run(*RUN, *other)
        assert ended.code == 2
        assert "--manifest-out" in ended.err
        assert files_of(torn.path) == before
    assert torn.run(*APART).code == 0
    assert verdict(torn, "side/m.manifest.json") == "intact"
    assert rows(torn, "side/m.manifest.json") == 1


@pytest.mark.outcome("`torn`, and exit 2 with the name of the missing note.")
@pytest.mark.parametrize("gone", ["t.parquet.intent.json", "side/m.manifest.json.intent.json"])
def test_only_one_of_two_notes_left_is_torn(cut_off_apart, gone):
    torn = cut_off_apart("moved m.manifest.json")
    (torn.path / gone).unlink()
    before = files_of(torn.path)
    assert verdict(torn, "side/m.manifest.json") == "torn"
    ended = torn.run(*APART)
    assert ended.code == 2
    assert f"{gone} is missing" in ended.err
    assert files_of(torn.path) == before
    next(torn.path.glob(".t.parquet.2*.tmp")).unlink()


@pytest.mark.outcome("Every command says so and what to do; that builds the table again.")
@pytest.mark.parametrize("gone", ["t.parquet.intent.json", "side/m.manifest.json.intent.json"])
def test_a_note_that_is_gone_for_good(cut_off_apart, gone):
    torn = cut_off_apart("moved m.manifest.json")
    notes = {"t.parquet.intent.json", "side/m.manifest.json.intent.json"}
    (torn.path / gone).unlink()
    shown = torn.run("verify", "side/m.manifest.json").out
    assert "the next run refuses, since" in shown
    assert f"{gone} is missing" in shown
    (other,) = notes - {gone}
    assert f"{other} and give --overwrite" in torn.run(*APART).err
    (torn.path / other).unlink()
    assert torn.run(*APART).code == 0
    assert verdict(torn, "side/m.manifest.json") == "intact"


@pytest.mark.outcome("The next run finishes it, whichever of the two is left.")
@pytest.mark.parametrize("gone", ["t.parquet.intent.json", "side/m.manifest.json.intent.json"])
def test_one_of_two_notes_left_by_a_commit_that_had_moved_all_is_finished(cut_off_apart, gone):
    torn = cut_off_apart("moved t.parquet")
    (torn.path / gone).unlink()
    assert verdict(torn, "side/m.manifest.json") == "torn"
    assert torn.run(*APART).code == 0
    assert verdict(torn, "side/m.manifest.json") == "intact"


def test_two_notes_of_different_runs_are_refused(cut_off_apart):
    torn = cut_off_apart("moved m.manifest.json")
    place = torn.path / "side/m.manifest.json.intent.json"
    note = json.loads(place.read_text())
    place.write_text(json.dumps(note | {"run_id": "20260101T000000Z-00000000"}))
    ended = torn.run(*APART)
    assert ended.code == 2
    assert "are of the runs 20260101T000000Z-00000000 and " in ended.err
    next(torn.path.glob(".t.parquet.2*.tmp")).unlink()


IMMUTABLE = shutil.which("chattr")


@pytest.mark.outcome("Exit 2: the commit is under way; the same command finishes it.")
@pytest.mark.skipif(os.geteuid() != 0 or not IMMUTABLE, reason="wants root and chattr")
def test_a_table_that_is_immutable_leaves_the_commit_under_way(counted):
    counted.write("t.txt", "one\n")
    table = counted.path / "t.parquet"
    try:
        set_immutable(table, "+i")
    except OSError as error:
        pytest.skip(f"this file system has no immutable files: {error}")
    try:
        ended = counted.run(*RUN)
        assert verdict(counted) == "torn"
        assert counted.run(*RUN).code == 2
    finally:
        set_immutable(table, "-i")
    assert ended.code == 2
    assert "the commit of run " in ended.err
    assert "is under way and was stopped by an error" in ended.err
    assert "still staged: " in ended.err
    assert "untouched" not in ended.err
    again = counted.run(*RUN)
    assert again.code == 0, again.err
    assert "finished the commit of run " in again.err
    assert rows(counted) == 1
    assert verdict(counted) == "intact"


def set_immutable(path, how):
    import subprocess

    done = subprocess.run([IMMUTABLE, how, path], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(errno.EOPNOTSUPP, done.stderr.strip())


@pytest.mark.outcome("Exit 2; the link's target is as it was.")
@pytest.mark.parametrize(
    "name", ["lock", "history", "ledger", "ledger-wal", "failed.json", "intent.json"]
)
def test_a_link_where_the_host_writes_is_refused(counted, name):
    target = counted.write("precious", "mine")
    place = counted.path / f"t.parquet.{name}"
    shutil.rmtree(place, ignore_errors=True)
    place.symlink_to(target)
    ended = counted.run(*RUN)
    assert ended.code == 2
    assert f"t.parquet.{name} is a symbolic link" in ended.err
    assert target.read_text() == "mine"
    place.unlink()


@pytest.mark.outcome("Exit 2; what is under its other name is as it was.")
def test_a_lock_that_is_a_hard_link_is_refused(counted):
    target = counted.write("precious", "mine")
    place = counted.path / "t.parquet.lock"
    place.hardlink_to(target)
    ended = counted.run(*RUN)
    assert ended.code == 2
    assert "t.parquet.lock has another name too" in ended.err
    assert target.read_text() == "mine"
    place.unlink()


@pytest.mark.outcome("The link is replaced, its target is as it was.")
def test_a_link_where_the_host_stages_is_not_followed(counted):
    target = counted.write("precious", "mine")
    for name in (".t.parquet.intent.json.tmp", ".t.parquet.failed.json.tmp"):
        (counted.path / name).symlink_to(target)
    assert counted.run(*RUN).code == 0
    assert target.read_text() == "mine"


RESERVED = ["a.ledger", "a.lock", "a.history", "a.failed.json", "a.intent.json", "a.ledger-wal"]
RESERVED += ["a.manifest.json", ".a.tmp", ".a.scratch", "a.sha256.gz"]


@pytest.mark.outcome("Exit 2; nothing touched.")
@pytest.mark.parametrize("name", RESERVED)
def test_a_name_that_the_host_gives_to_its_own_files_is_no_output(words, name):
    before = words.files()
    ended = words.run(*RUN[:5], name)
    assert ended.code == 2
    assert f"--out: {name} has a name that tablehost gives to its own files" in ended.err
    if not name.endswith(".manifest.json"):
        ended = words.run(*RUN[:5], "t.parquet", "--manifest-out", name)
        assert ended.code == 2
        assert f"--manifest-out: {name} has a name" in ended.err
    assert words.files() == before


@pytest.mark.outcome("Exit 2 without `--overwrite`; nothing touched.")
@pytest.mark.parametrize("what", ["no manifest", "the manifest of another table"])
def test_a_manifest_replaces_only_one_of_its_own_table(counted, what):
    command = (*RUN[:5], "u.parquet", "--manifest-out", "m.json")
    text = "{}" if what.startswith("no") else json.dumps(counted.manifest("t.parquet"))
    counted.write("m.json", text if what.startswith("the") else "my notes")
    before = files_of(counted.path)
    for dry in ((), ("--dry-run",)):
        ended = counted.run(*command, *dry)
        assert ended.code == 2
        assert f"--manifest-out: m.json is {what}; give another path, or --overwrite" in ended.err
        assert files_of(counted.path) == before
    assert counted.run(*command, "--overwrite").code == 0


def test_a_manifest_elsewhere_is_replaced_by_the_next_of_its_table(squares):
    command = ("run", "./squares.py", "--out", "t.parquet", "--workers", 1, "--manifest-out", "m")
    assert squares.run(*command).code == 0
    assert squares.run(*command, "--count", 6).code == 0
    assert rows(squares, "m") == 6
