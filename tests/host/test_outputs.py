import json
import os
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_builders import RUN_SQUARES

RUN = ("run", "./words.py", "--text", "t.txt", "--out")


def state(folder):
    """Return every file with its bytes and the time it was written."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in files
        if ".cache" not in path.parts and "__pycache__" not in path.parts
    }


def put(path, kind, words):
    """Put something at a path that is not to be overwritten."""
    target = words.path / path
    if kind == "folder":
        target.mkdir()
    elif kind == "link":
        target.symlink_to("t.txt")
    elif kind == "dangling link":
        target.symlink_to("nowhere")
    elif kind == "FIFO":
        os.mkfifo(target)
    elif kind == "file":
        target.write_text("a file")


@pytest.mark.outcome(
    "Exit 2, nothing touched: a folder, a link, a FIFO, a foreign file, an input, below a file."
)
@pytest.mark.parametrize(
    ("out", "kind", "said"),
    [
        ("t.parquet", "folder", "--out: t.parquet is a folder"),
        ("t.parquet", "link", "--out: t.parquet is a symbolic link"),
        ("t.parquet", "dangling link", "--out: t.parquet is a symbolic link"),
        ("t.parquet", "FIFO", "--out: t.parquet is not a regular file"),
        ("t.parquet", "file", "--out: t.parquet exists and its origin is unknown"),
        ("t.txt", None, "--out: t.txt is the input --text"),
        ("./deep/../t.txt", None, "is the input --text"),
        ("t.txt/t.parquet", None, "t.txt is not a folder"),
        (".", None, ". is a folder"),
        ("..", None, "--out: .. is a folder"),
        ("/proc/t.parquet", None, "--out: "),
        ("x" * 300, None, "--out: "),
    ],
)
def test_an_output_that_cannot_be_or_must_not_be_written_is_refused(words, out, kind, said):
    (words.path / "deep").mkdir()
    put(out, kind, words)
    before = state(words.path)
    ended = words.run(*RUN, out)
    assert ended.code == 2, ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert state(words.path) == before


@pytest.mark.outcome("Exit 2, nothing touched: it has no manifest beside it.")
def test_an_input_without_a_manifest_is_not_rebuilt_in_place(words):
    before = state(words.path)
    ended = words.run(*RUN, "t.txt", "--overwrite")
    assert ended.code == 2
    assert "t.txt is the input --text and has no t.txt.manifest.json beside it" in ended.err
    assert "could not be kept; give another --out\n" in ended.err
    assert state(words.path) == before


@pytest.mark.outcome(
    "Exit 2, no table: the table itself, an input, a folder, a link, a FIFO, a path below a file."
)
@pytest.mark.parametrize(
    ("manifest", "kind", "said"),
    [
        ("t.parquet", None, "--manifest-out: t.parquet is the table itself"),
        ("deep/../t.parquet", None, "is the table itself"),
        ("t.txt", None, "--manifest-out: t.txt is the input --text"),
        ("m.json", "folder", "--manifest-out: m.json is a folder"),
        ("m.json", "link", "--manifest-out: m.json is a symbolic link"),
        ("m.json", "FIFO", "--manifest-out: m.json is not a regular file"),
        ("t.txt/m.json", None, "t.txt is not a folder"),
    ],
)
def test_a_manifest_that_must_not_be_written_is_refused(words, manifest, kind, said):
    (words.path / "deep").mkdir()
    put(manifest, kind, words)
    ended = words.run(*RUN, "t.parquet", "--manifest-out", manifest)
    assert ended.code == 2, ended.err
    assert said in ended.err
    assert not (words.path / "t.parquet").exists()


@pytest.mark.outcome("Exit 0.")
def test_missing_folders_are_made(words):
    ended = words.run(*RUN, "a/b/t.parquet", "--manifest-out", "c/d/m.json")
    assert ended.code == 0, ended.err
    assert {"a/b/t.parquet", "c/d/m.json"} <= words.files()


@pytest.mark.outcome("Exit 3; only the report of the failure is left.")
def test_folders_made_for_a_run_that_fails_before_it_builds_are_removed(words):
    source = (words.path / "words.py").read_text()
    words.write(
        "words.py",
        source.replace("    import pyarrow", "    raise RuntimeError\n    import pyarrow"),
    )
    assert words.run(*RUN, "a/b/t.parquet").code == 3
    assert words.files() == {"t.txt", "words.py", "a/b/t.parquet.failed.json"}


@pytest.mark.outcome("Exit 2, nothing touched; run under another user id.")
@pytest.mark.parametrize("flag", ["--out", "--manifest-out", "--text"])
def test_permissions_are_respected_before_anything_is_built(open_words, other_user, flag):
    (open_words.path / "t.txt").chmod(0o000 if flag == "--text" else 0o644)
    (open_words.path / "locked").mkdir(mode=0o555)
    places = {"--out": "t.parquet", "--manifest-out": "m.json", "--text": "t.txt"}
    if flag != "--text":
        places[flag] = f"locked/{places[flag]}"
    tokens = [token for pair in places.items() for token in pair]
    ended = open_words.run("run", "./words.py", *tokens, **other_user)
    assert ended.code == 2, ended.err
    assert f"{flag}: " in ended.err
    assert "by this user" in ended.err
    assert open_words.files() == {"words.py", "t.txt"}


@pytest.mark.outcome("Exit 0; said once.")
def test_a_cache_that_cannot_be_written_is_said_and_done_without(open_words, other_user):
    (open_words.path / ".cache").mkdir(mode=0o555)
    ended = open_words.run(*RUN, "t.parquet", **other_user)
    assert ended.code == 0, ended.err
    assert ended.err.count("files are hashed without a cache") == 1


@pytest.mark.outcome("Exit 0; no second manifest beside the table.")
def test_a_manifest_may_lie_on_another_file_system(words):
    if Path("/dev/shm").stat().st_dev == words.path.stat().st_dev:  # noqa: S108
        pytest.fail("this test needs two file systems; give pytest a --basetemp on another")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        manifest = f"{other}/m.json"
        assert words.run(*RUN, "t.parquet").code == 0
        ended = words.run(*RUN, "t.parquet", "--manifest-out", manifest, "--overwrite")
        assert ended.code == 0, ended.err
        assert [path.name for path in Path(other).iterdir()] == ["m.json"]
        assert not (words.path / "t.parquet.manifest.json").exists()
        found = json.loads(Path(manifest).read_text())
        assert found["table"]["sha256"] == words.digest("t.parquet")
        assert found["run_provenance"]["replaces"]["run_id"]


@pytest.mark.outcome("Exit 2 without `--overwrite`; with it the old manifest is kept and chained.")
def test_a_builder_without_a_map_replaces_its_own_table_only_with_overwrite(words):
    words.run(*RUN, "t.parquet")
    first = words.manifest("t.parquet")
    before = state(words.path)
    refused = words.run(*RUN, "t.parquet")
    assert refused.code == 2
    assert "--out: t.parquet exists; give another --out, or --overwrite" in refused.err
    assert state(words.path) == before
    words.write("t.txt", "other\n")
    assert words.run(*RUN, "t.parquet", "--overwrite").code == 0
    second = words.manifest("t.parquet")
    kept = words.path / f"t.parquet.history/{first['run_provenance']['run_id']}.manifest.json"
    assert second["table"]["rows"] == 1
    assert second["run_provenance"]["replaces"]["run_id"] == first["run_provenance"]["run_id"]
    assert json.loads(kept.read_text()) == first


@pytest.mark.outcome("Exit 2, nothing touched: which builder made it.")
def test_a_table_of_another_builder_is_not_replaced(words, squares):
    squares.run(*RUN, "t.parquet")
    before = state(squares.path)
    ended = squares.run(*RUN_SQUARES)
    assert ended.code == 2
    assert "--out: t.parquet was made by words; give another --out, or --overwrite" in ended.err
    assert state(squares.path) == before


@pytest.mark.outcome("Exit 2: it is no longer what its manifest describes.")
def test_a_changed_table_is_not_replaced(squared):
    with (squared.path / "t.parquet").open("ab") as file:
        file.write(b"!")
    ended = squared.run(*RUN_SQUARES, "--count", 6)
    assert ended.code == 2
    assert "--out: t.parquet is no longer what its manifest describes" in ended.err
    assert squared.run(*RUN_SQUARES, "--count", 6, "--overwrite").code == 0


@pytest.mark.outcome("Exit 0; the same bytes, times and inodes.")
def test_a_run_that_finds_nothing_to_do_leaves_both_files_as_they_are(squared, worked_on):
    pair = [squared.path / "t.parquet", squared.path / "t.parquet.manifest.json"]
    before = [(path.read_bytes(), path.stat()) for path in pair]
    ended = squared.run(*RUN_SQUARES)
    after = [(path.read_bytes(), path.stat()) for path in pair]
    assert ended.code == 0
    assert "up to date: t.parquet (5 items)" in ended.err
    assert [one[0] for one in after] == [one[0] for one in before]
    assert [one[1].st_mtime_ns for one in after] == [one[1].st_mtime_ns for one in before]
    assert [one[1].st_ino for one in after] == [one[1].st_ino for one in before]
    assert worked_on() == []


@pytest.mark.outcome("Exit 0; no finished item is worked on again.")
def test_a_grown_corpus_costs_only_its_new_items(squared, worked_on):
    ended = squared.run(*RUN_SQUARES, "--count", 7)
    items = squared.manifest("t.parquet")["run"]["items"]
    assert ended.code == 0, ended.err
    assert worked_on() == ["0005", "0006"]
    assert [one["count"] for one in items.pop("by_code")] == [7]
    others = {"failed": 0, "removed": 0, "left_out": 0}
    assert items == {"total": 7, "done_before": 5, "ok": 2} | others
    assert pq.read_table(squared.path / "t.parquet")["number"].to_pylist() == list(range(7))


@pytest.mark.outcome("Counted as removed; its result stays in the ledger.")
def test_a_removed_item_leaves_the_table_and_comes_back_for_nothing(squared, worked_on):
    squared.run(*RUN_SQUARES, "--skip", 1, "--skip", 3)
    assert squared.manifest("t.parquet")["run"]["items"]["removed"] == 2
    assert pq.read_table(squared.path / "t.parquet")["number"].to_pylist() == [0, 2, 4]
    squared.run(*RUN_SQUARES)
    assert pq.read_table(squared.path / "t.parquet").num_rows == 5
    assert worked_on() == []


@pytest.mark.outcome("Exit 1, a partial table; the next run works on them alone.")
def test_failed_items_are_reported_kept_and_tried_again(squares, worked_on):
    ended = squares.run(*RUN_SQUARES, "--fail", 1, "--fail", 3)
    run = squares.manifest("t.parquet")["run"]
    assert ended.code == 1
    assert run["status"] == "partial"
    assert [(one["key"], one["reason"]) for one in run["failures"]] == [
        ("0001", "odd"),
        ("0003", "odd"),
    ]
    assert "failed  0001: odd: 1 \\x1b[31mis not liked" in ended.err
    assert "failed items are tried again by the same command" in ended.err
    worked_on()
    again = squares.run(*RUN_SQUARES)
    assert again.code == 0, again.err
    assert worked_on() == ["0001", "0003"]
    assert squares.manifest("t.parquet")["run"]["status"] == "complete"


@pytest.mark.outcome("Exit 1; the old pair is untouched.")
def test_a_table_of_which_every_item_failed_is_not_written(squares):
    squares.run(*RUN_SQUARES, "--count", 2)
    before = (squares.digest("t.parquet"), squares.digest("t.parquet.manifest.json"))
    ended = squares.run(*RUN_SQUARES, "--count", 2, "--fail", 0, "--fail", 1, "--fresh")
    report = json.loads((squares.path / "t.parquet.failed.json").read_text())
    assert ended.code == 1
    assert "every item failed (2)" in ended.err
    assert (squares.digest("t.parquet"), squares.digest("t.parquet.manifest.json")) == before
    assert [one["key"] for one in report["failures"]] == ["0000", "0001"]


@pytest.mark.outcome("Exit 3 and a report; the next run does nothing twice.")
def test_a_builder_that_fails_is_reported_and_its_items_are_kept(squares, worked_on):
    ended = squares.run(*RUN_SQUARES, "--broken")
    report = json.loads((squares.path / "t.parquet.failed.json").read_text())
    assert ended.code == 3
    assert "builder squares (" in ended.err
    assert "failed in build_table: RuntimeError: broken on purpose" in ended.err
    assert "broken on purpose" in report["traceback"]
    assert report["args"]["broken"] is True
    worked_on()
    assert squares.run(*RUN_SQUARES).code == 0
    assert worked_on() == []
    assert "t.parquet.failed.json" not in squares.files()


@pytest.mark.outcome("Exit 0; said where it is kept.")
def test_fresh_works_on_every_item_again_and_keeps_the_old_ledger(squared, worked_on):
    ended = squared.run(*RUN_SQUARES, "--fresh")
    assert ended.code == 0
    assert len(worked_on()) == 5
    assert "--fresh: the ledger t.parquet.ledger is not used; it is kept as" in ended.err
    assert squared.run("clean", "t.parquet", "--yes").code == 0
    assert squared.files() == {"squares.py", "t.parquet", "t.parquet.manifest.json"}


@pytest.mark.outcome("Both pairs lie side by side.")
def test_two_tables_that_differ_only_in_suffix_have_two_manifests(words):
    assert words.run(*RUN, "t.parquet").code == 0
    assert words.run(*RUN, "t.pq").code == 0
    assert {"t.parquet.manifest.json", "t.pq.manifest.json"} <= words.files()


@pytest.mark.outcome("Exit 0; only the new item is worked on.")
def test_a_table_moved_with_its_files_is_still_extended(squared, worked_on):
    moved = squared.path / "moved"
    moved.mkdir()
    for path in squared.path.glob("t.parquet*"):
        path.rename(moved / path.name)
    ended = squared.run("run", "./squares.py", "--out", "moved/t.parquet", "--count", 6)
    assert ended.code == 0, ended.err
    assert worked_on() == ["0005"]
