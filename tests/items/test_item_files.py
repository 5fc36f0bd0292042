"""Items whose files change, are no regular files, or have other content than before."""

import os
import shutil

import pyarrow.parquet as pq
import pytest

LENGTHS = ("run", "./lengths.py", "--folder", "folder", "--out", "t.parquet")


@pytest.mark.outcome("Each fails as `changed-while-read`; the others are rows.")
def test_items_whose_files_change_while_they_are_read_are_failures(lengths):
    for name, content in {
        "a": "stays",
        "b": "replace me",
        "c": "truncate me",
        "d": "remove me",
        "e": "stays too",
    }.items():
        lengths.write(f"folder/{name}.txt", content)
    ended = lengths.run(*LENGTHS)
    failures = lengths.manifest("t.parquet")["run"]["failures"]
    assert ended.code == 1
    assert [(one["key"], one["reason"]) for one in failures] == [
        (f"{name}.txt", "changed-while-read") for name in "bcd"
    ]
    assert pq.read_table(lengths.path / "t.parquet")["name"].to_pylist() == ["a.txt", "e.txt"]


@pytest.mark.outcome("They fail, a link to nothing as `dangling-link`; another link is its file.")
def test_items_that_are_no_regular_files_are_failures(lengths):
    lengths.write("folder/a.txt", "stays")
    (lengths.path / "folder/b.txt").symlink_to("a.txt")
    (lengths.path / "folder/c.txt").mkdir()
    os.mkfifo(lengths.path / "folder/d.txt")
    (lengths.path / "folder/e.txt").symlink_to("nowhere")
    (lengths.path / os.fsdecode(b"folder/f\xff.txt")).write_text("not UTF-8")
    (lengths.path / "folder/g\n\x1b[31m.txt").write_text("stays")
    ended = lengths.run(*LENGTHS)
    run = lengths.manifest("t.parquet")["run"]
    reasons = {one["key"]: one["reason"] for one in run["failures"]}
    assert ended.code == 1, ended.err
    assert reasons == {
        "c.txt": "error",
        "d.txt": "not-a-regular-file",
        "e.txt": "dangling-link",
        "f\\xff.txt": "unsupported-name",
    }
    assert "\x1b" not in ended.err
    names = pq.read_table(lengths.path / "t.parquet")["name"].to_pylist()
    assert names == ["a.txt", "b.txt", "g\n\x1b[31m.txt"]


@pytest.mark.outcome("Only what changed costs time.")
def test_a_file_with_other_content_is_worked_on_again_and_one_touched_is_not(lengths, worked_on):
    for name in "abc":
        lengths.write(f"folder/{name}.txt", name)
    assert lengths.run(*LENGTHS).code == 0
    worked_on()
    lengths.write("folder/b.txt", "longer")
    os.utime(lengths.path / "folder/c.txt")
    shutil.copy(lengths.path / "folder/a.txt", lengths.path / "folder/d.txt")
    assert lengths.run(*LENGTHS).code == 0
    assert sorted(worked_on()) == ["b.txt", "d.txt"]
    assert pq.read_table(lengths.path / "t.parquet")["length"].to_pylist() == [1, 6, 1, 1]
    described = lengths.manifest("t.parquet")["run_provenance"]["inputs"]["folder"]
    assert (described["files"], described["bytes"]) == (4, 9)
    assert "dir_hash1" in described
