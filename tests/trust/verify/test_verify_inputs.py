"""What `verify` finds of the inputs of a table, and of the tables that it was made of."""

import os

import pytest

from tablehost.files import digests

# ------------------------------------------------------------------------------------ inputs


def replace(path, content):
    """Replace a file by one of the same size and time of change."""
    before = path.stat()
    path.with_suffix(".new").write_text(content)
    path.with_suffix(".new").replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def changed_inputs(tables, *tokens):
    """Return the one finding on the inputs of a table, and what it says of the first of them."""
    (finding,) = tables.findings("inputs-changed", *tokens)
    return finding["which"]["inputs"][0], finding["why"]


def run_lengths(tables, glob):
    given = ("./lengths_of.py", "--clips", "clips", "--glob", glob, "--workers", 1)
    tables.run(*given, "--out", "u.parquet")


@pytest.mark.parametrize("depth", ["stat", "sample", "full"])
def test_a_clip_that_was_replaced_with_its_time_restored_is_named(tables, depth, monkeypatch):
    monkeypatch.setattr(digests, "QUIET_NS", 0)  # so the cache trusts what was made just now
    assert tables.intact("lengths.parquet", "--inputs", "stat")
    replace(tables.path / "clips" / "b.mp4", "clip B")
    assert tables.intact("lengths.parquet")
    state, why = changed_inputs(tables, "lengths.parquet", "--inputs", depth)
    assert state["changed"] == ["b.mp4"]
    assert why == ["--clips clips: 1 changed: b.mp4"]


@pytest.mark.parametrize("glob", ["**/*", "*.mp4"])
def test_files_that_came_and_went_are_named_from_the_listing(tables, glob):
    run_lengths(tables, glob)
    (tables.path / "clips" / "a.mp4").unlink()
    (tables.path / "clips" / "d.mp4").write_text("new")
    state, _ = changed_inputs(tables, "u.parquet", "--inputs", "stat")
    assert (state["removed"], state["added"], state["changed"]) == (["a.mp4"], ["d.mp4"], [])


def test_what_lies_beside_a_selection_of_files_is_no_part_of_it(tables):
    (tables.path / "clips" / "notes.txt").write_text("not read")
    run_lengths(tables, "*.mp4")
    (tables.path / "clips" / "e.mp4").write_text("new")
    assert tables.intact("u.parquet", "--inputs", "full")
    replace(tables.path / "clips" / "a.mp4", "clip A")
    state, _ = changed_inputs(tables, "u.parquet", "--inputs", "full")
    assert state["changed"] == ["a.mp4"]


def test_without_its_listing_a_folder_that_changed_is_reported_but_not_its_files(tables):
    for listing in (tables.path / "lengths.parquet.history").iterdir():
        listing.write_bytes(b"damaged")
    assert tables.intact("lengths.parquet", "--inputs", "stat")
    replace(tables.path / "clips" / "b.mp4", "clip B")
    _, why = changed_inputs(tables, "lengths.parquet", "--inputs", "stat")
    assert "its listing is gone or damaged" in why[0]


def test_an_input_that_is_gone_is_unverifiable(tables):
    (tables.path / "raw.parquet").unlink()
    (finding,) = tables.findings("unverifiable", "t.parquet", "--inputs", "stat")
    assert finding["why"] == ["--source raw.parquet: it is not there"]


# ----------------------------------------------------------------------------------- parents


def rewrite(tables, name):
    """Write the same rows again, to other bytes."""
    tables.write(tables.read(name), name, compression="gzip")


def test_parents_are_verified_up_to_the_first(tables):
    rewrite(tables, "t.parquet")
    assert tables.verdicts("all.parquet") == {"all.parquet": "intact"}
    assert tables.verdicts("all.parquet", "--parents") == {
        "all.parquet": "intact",
        "rich.parquet": "inputs-changed",
        "other.parquet": "intact",
        "t.parquet": "rewritten",
    }


def test_a_parent_that_was_built_again_is_a_changed_input_though_it_is_intact(tables):
    tables.run("./copy_table.py", "--source", "raw3.parquet", "--out", "t.parquet", "--overwrite")
    found = tables.verdicts("rich.parquet", "--parents")
    assert found == {"rich.parquet": "inputs-changed", "t.parquet": "intact"}


def test_a_parent_that_lost_its_manifest_is_reported(tables):
    (tables.path / "t.parquet.manifest.json").unlink()
    found = tables.verdicts("rich.parquet", "--parents")
    assert found == {"rich.parquet": "intact", "t.parquet": "no-manifest"}


def test_a_parent_of_another_name_is_found_by_its_digest_and_reported(tables):
    tables.rename("t.parquet", "u.parquet")
    ended = tables.tablehost("verify", "rich.parquet", "--parents")
    assert (ended.code, ended.out.splitlines()) == (
        0,
        [
            "intact  rich.parquet",
            "    --features-parquet t.parquet was found as u.parquet",
            "intact  u.parquet",
            "2 tables: 2 intact",
        ],
    )
    assert tables.intact("rich.parquet", "--inputs", "full")


def test_a_parent_of_another_name_and_with_other_bytes_is_a_changed_input(tables):
    tables.rename("t.parquet", "u.parquet")
    rewrite(tables, "u.parquet")
    found = tables.verdicts("rich.parquet", "--parents")
    assert found == {"rich.parquet": "inputs-changed", "u.parquet": "rewritten"}


def test_a_table_of_the_name_that_an_input_had_is_not_looked_for_elsewhere(tables):
    tables.rename("t.parquet", "u.parquet")
    tables.rename("other.parquet", "t.parquet")
    found = tables.verdicts("rich.parquet", "--inputs", "stat")
    assert found == {"rich.parquet": "inputs-changed"}
