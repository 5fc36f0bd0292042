"""Each kind of drift, made for real, and the very verdict."""

import json
import os
import pty
import struct
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tablehost import commit, digests
from tablehost.output import Output

DIE = """
import os, signal, sys
from tablehost import commit
from tablehost.cli import execute

def die(step):
    if step == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)

commit.reached = die
sys.exit(execute(sys.argv[2:]))
"""
UPSTREAM = sorted((Path(__file__).parent / "manifests" / "upstream").glob("*.manifest.json"))
QUESTIONS = [(), ("--fast",), ("--full",), ("--inputs", "stat"), ("--inputs", "full", "--parents")]


def only(found, *verdicts):
    """Return what each finding tells a program, after a look whether these were found."""
    assert [one["verdict"] for one in found["findings"]] == list(verdicts)
    assert found["verdict"] == verdicts[0]
    return [one["which"] for one in found["findings"]]


# ------------------------------------------------------------------------------ nothing to find


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("name", ["t", "gaps", "lengths", "rich", "all"])
def test_a_table_that_was_left_alone_is_intact(tables, name, question):
    code, found = tables.verify(f"{name}.parquet", *question)
    assert (code, found["verdict"], found["findings"]) == (0, "intact", [])


def test_a_pair_that_was_moved_and_renamed_is_intact(tables):
    (tables.path / "away").mkdir()
    for suffix in ("", ".manifest.json"):
        (tables.path / f"t.parquet{suffix}").rename(tables.path / "away" / f"u.parquet{suffix}")
    assert tables.verify("away/u.parquet", "--full")[0] == 0


def test_a_table_that_was_enriched_in_place_is_intact_with_its_inputs(tables):
    given = ("enrich", "--features-parquet", "t.parquet", "--metadata-jsonl", "m.jsonl")
    tables.run(*given, "--out", "t.parquet", "--overwrite")
    assert tables.verify("t.parquet", "--inputs", "full", "--parents")[0] == 0


# ------------------------------------------------------------------ the same rows, written again


def by_pandas(path):
    pd.read_parquet(path).to_parquet(path)


def by_polars(path):
    pl.read_parquet(path).write_parquet(path)


def by_duckdb(path):
    made = path.with_suffix(".new")
    duckdb.sql(f"copy (select * from '{path}') to '{made}' (format parquet)")
    made.replace(path)


def by_another_codec(path):
    pq.write_table(pq.read_table(path), path, compression="gzip")


def by_smaller_row_groups(path):
    pq.write_table(pq.read_table(path), path, row_group_size=2)


def by_wider_text(path):
    table = pq.read_table(path)
    names = pc.dictionary_encode(table["clip_name"]).cast(pa.dictionary("int32", "large_string"))
    pq.write_table(table.set_column(0, "clip_name", names), path)


@pytest.mark.parametrize(
    "rewrite",
    [
        by_pandas,
        by_polars,
        by_duckdb,
        by_another_codec,
        by_smaller_row_groups,
        by_wider_text,
    ],
)
def test_the_same_rows_written_again_are_rewritten(tables, rewrite):
    rewrite(tables.path / "t.parquet")
    code, found = tables.verify("t.parquet")
    assert code == 1
    only(found, "rewritten")


@pytest.mark.parametrize("rewrite", [by_polars, by_duckdb])
def test_what_keeps_null_and_nan_apart_is_rewritten(tables, rewrite):
    rewrite(tables.path / "gaps.parquet")
    only(tables.verify("gaps.parquet")[1], "rewritten")


def test_pandas_recodes_missing_values(tables):
    by_pandas(tables.path / "gaps.parquet")
    code, found = tables.verify("gaps.parquet")
    assert code == 1
    (which,) = only(found, "missing-values-recoded")
    assert which == {
        "adm2": {"nulls": {"manifest": 2, "table": 3}, "nan": {"manifest": 1, "table": 0}}
    }
    assert found["findings"][0]["why"] == ["adm2: 3 null and 0 NaN, in the manifest 2 and 1"]


# ---------------------------------------------------------------------------------- columns


def changed_columns(tables, table, *more):
    tables.write(table)
    code, found = tables.verify("t.parquet")
    assert code == 1
    which, *_ = only(found, "columns-changed", *more)
    return {how: what for how, what in which.items() if what}


def test_reordered_columns_are_told(tables):
    order = ["vmaf", "clip_name", "frame_index", "adm2"]
    assert changed_columns(tables, tables.read().select(order)) == {"reordered": order}


def test_a_renamed_column_is_told_by_its_digest(tables):
    renamed = tables.read().rename_columns({"vmaf": "score"})
    assert changed_columns(tables, renamed) == {"renamed": {"vmaf": "score"}}


def test_a_retyped_column_is_told(tables):
    retyped = tables.read().set_column(2, "vmaf", tables.read()["vmaf"].cast("float32"))
    kinds = {"manifest": "float64", "table": "float32"}
    assert changed_columns(tables, retyped) == {"retyped": {"vmaf": kinds}}


def test_an_added_and_a_removed_column_are_told(tables):
    other = tables.read().drop_columns("adm2").append_column("x", pa.array(range(6)))
    assert changed_columns(tables, other) == {"added": ["x"], "removed": ["adm2"]}


# ------------------------------------------------------------------------------------- rows


def changed_rows(tables, table):
    tables.write(table)
    code, found = tables.verify("t.parquet")
    assert code == 1
    (which,) = only(found, "rows-changed")
    return which, found["findings"][0]["why"]


def test_one_bit_of_one_float_is_seen(tables):
    values = bytearray(struct.pack("<6d", *tables.read()["vmaf"].to_pylist()))
    values[8] ^= 1
    flipped = tables.read().set_column(2, "vmaf", pa.array(struct.unpack("<6d", values)))
    which, why = changed_rows(tables, flipped)
    assert which == {"columns": ["vmaf"]}
    assert why == ["other values in vmaf"]


def test_two_rows_that_were_swapped_are_seen(tables):
    which, why = changed_rows(tables, tables.read().take([1, 0, 2, 3, 4, 5]))
    assert which == {"columns": ["clip_name", "frame_index", "vmaf", "adm2"]}
    assert why == ["other values in every column"]


def test_a_row_that_was_dropped_is_counted(tables):
    which, why = changed_rows(tables, tables.read().slice(1))
    assert which["rows"] == {"manifest": 6, "table": 5}
    assert why[0] == "1 row fewer: 5, in the manifest 6"


def test_rows_that_were_added_are_counted(tables):
    _, why = changed_rows(tables, pa.concat_tables([tables.read()] * 2))
    assert why[0] == "6 rows more: 12, in the manifest 6"


def test_all_that_changed_is_told_with_the_most_severe_first(tables):
    tables.write(tables.read().rename_columns({"vmaf": "score"}).slice(0, 4).drop_columns("adm2"))
    only(tables.verify("t.parquet")[1], "rows-changed", "columns-changed")


@pytest.mark.parametrize("rest", [slice(-9), slice(9), slice(0), slice(40, None)])
def test_a_table_that_cannot_be_read_is_unverifiable_and_its_bytes_are_told_to_differ(tables, rest):
    path = tables.path / "t.parquet"
    path.write_bytes(path.read_bytes()[rest])
    code, found = tables.verify("t.parquet")
    assert code == 1
    only(found, "unverifiable")
    (why,) = found["findings"][0]["why"]
    assert why.startswith("its bytes are not those of the manifest, and t.parquet: not readable")


@pytest.mark.parametrize("question", [(), ("--fast",)])
def test_a_damaged_name_of_a_column_is_unverifiable(tables, question):
    path = tables.path / "t.parquet"
    path.write_bytes(path.read_bytes().replace(b"adm2", b"adm\xff"))
    only(tables.verify("t.parquet", *question)[1], "unverifiable")


# ------------------------------------------------------------------------------------- fast


def test_what_the_footer_tells_is_found_fast(tables):
    tables.write(tables.read().slice(1).rename_columns({"vmaf": "score"}))
    _, found = tables.verify("t.parquet", "--fast")
    rows, columns = only(found, "rows-changed", "columns-changed")
    assert rows == {"rows": {"manifest": 6, "table": 5}}
    assert (columns["added"], columns["removed"]) == (["score"], ["vmaf"])


def test_another_size_is_not_enough_to_tell_fast(tables):
    by_another_codec(tables.path / "t.parquet")
    code, found = tables.verify("t.parquet", "--fast")
    assert code == 1
    only(found, "unverifiable")
    assert "without --fast its rows are read, to tell" in found["findings"][0]["why"][0]


def test_a_flipped_byte_stays_unseen_by_a_fast_look_which_says_how_little_it_saw(tables):
    path = tables.path / "t.parquet"
    raw = bytearray(path.read_bytes())
    raw[60] ^= 1
    path.write_bytes(raw)
    assert tables.verify("t.parquet", "--fast")[1]["depth"] == "fast"
    told = tables.tablehost("verify", "t.parquet", "--fast")
    assert told.out == "intact (size, rows and schema only)  t.parquet\n"
    assert tables.verify("t.parquet")[0] == 1


# --------------------------------------------------------------------------------- manifests


def test_a_table_without_a_manifest_is_told(tables):
    (tables.path / "t.parquet.manifest.json").unlink()
    code, found = tables.verify("t.parquet")
    assert code == 1
    only(found, "no-manifest")
    assert found["manifest"] is None


@pytest.mark.parametrize("question", [(), ("--fast",), ("--full",)])
def test_the_manifest_of_another_table_copied_over_is_not_its_manifest(tables, question):
    tables.tell(tables.manifest("rich.parquet"))
    found = tables.verify("t.parquet", *question)[1]
    assert found["verdict"] == "not-its-manifest"
    why = "it is the manifest of rich.parquet, which is as it says"
    assert found["findings"][0]["why"] == [why]


def test_a_manifest_whose_own_table_is_gone_is_told_by_its_name_and_digests(tables):
    tables.tell(tables.manifest("other.parquet"))
    (tables.path / "other.parquet").unlink()
    found = tables.verify("t.parquet")[1]
    only(found, "not-its-manifest", "rows-changed")
    assert "it tells of other.parquet, and no column" in found["findings"][0]["why"][0]


def test_a_manifest_without_a_column_in_common_is_another_tables(tables):
    manifest = tables.manifest("lengths.parquet")
    manifest["run_provenance"]["outputs"]["table"]["path"] = "t.parquet"
    tables.tell(manifest)
    assert tables.verify("t.parquet")[1]["verdict"] == "not-its-manifest"


def test_a_renamed_pair_whose_rows_changed_in_some_columns_keeps_its_manifest(tables):
    for suffix in ("", ".manifest.json"):
        (tables.path / f"t.parquet{suffix}").rename(tables.path / f"u.parquet{suffix}")
    table = tables.read("u.parquet")
    tables.write(table.set_column(2, "vmaf", pc.add(table["vmaf"], 1.0)), "u.parquet")
    (which,) = only(tables.verify("u.parquet")[1], "rows-changed")
    assert which == {"columns": ["vmaf"]}


def edit_digest(table):
    table["columns"][2]["digest"] = "0" * 64


def edit_statistic(table):
    table["columns"][2]["max"] = 99.0


def edit_mean(table):
    table["columns"][2]["mean"] *= 1.0001


def edit_nulls(table):
    table["columns"][2]["nulls"] = 1


def edit_rows(table):
    table["rows"] = 7


def edit_rows_digest(table):
    table["rows_digest"] = "0" * 64


@pytest.mark.parametrize(
    "edit",
    [edit_digest, edit_statistic, edit_mean, edit_nulls, edit_rows, edit_rows_digest],
)
def test_an_edited_manifest_is_found_by_a_full_look(tables, edit):
    manifest = tables.manifest()
    edit(manifest["table"])
    tables.tell(manifest)
    assert tables.verify("t.parquet")[0] == 0
    code, found = tables.verify("t.parquet", "--full")
    assert code == 1
    only(found, "not-its-manifest")
    assert "the manifest was edited; this cannot be: " in found["findings"][0]["why"][0]


@pytest.mark.parametrize("last_bits", [1e-15, -1e-13])
def test_a_mean_that_another_machine_rounded_otherwise_is_no_finding(tables, last_bits):
    manifest = tables.manifest()
    manifest["table"]["columns"][2]["mean"] *= 1 + last_bits
    tables.tell(manifest)
    assert tables.verify("t.parquet", "--full")[0] == 0


@pytest.mark.parametrize("stored", UPSTREAM, ids=lambda path: path.name.partition(".")[0])
def test_a_manifest_of_an_upstream_script_is_unverifiable_field_by_field(tables, stored):
    manifest, sha256 = json.loads(stored.read_text()), tables.manifest()["table"]["sha256"]
    tables.tell(manifest)
    assert tables.verify("t.parquet")[1]["verdict"] == "unverifiable"
    manifest["run_provenance"]["outputs"]["parquet"]["sha256"] = sha256
    tables.tell(manifest)
    assert tables.verify("t.parquet", "--full")[0] == 0
    by_pandas(tables.path / "t.parquet")
    only(tables.verify("t.parquet")[1], "unverifiable")


STRANGE = [
    {},
    {"table": None, "run_provenance": None},
    {"table": [], "run_provenance": 3},
    {"table": {"rows": "many", "bytes": [], "columns": [{"name": 3}]}},
    {"table": {"rows": 6, "columns": [{"name": "vmaf", "digest": [], "nulls": {}}]}},
    {"run_provenance": {"inputs": {"a": 3, "b": [None], "c": "x"}, "outputs": {"table": []}}},
    {"run_provenance": {"outputs": {"table": {"path": "\0", "sha256": 3}}, "inputs": {"a": {}}}},
]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("number", range(len(STRANGE)))
def test_a_manifest_that_tells_nothing_known_is_never_intact(tables, number, question):
    tables.tell(STRANGE[number])
    code, found = tables.verify("t.parquet", *question)
    assert code == 1
    assert found["verdict"] in {"unverifiable", "columns-changed"}


@pytest.mark.parametrize("content", ["", "[]", '{"run_provenance": {"schema": "x-v2"}}'])
def test_a_manifest_that_cannot_be_read_is_unverifiable(tables, content):
    (tables.path / "t.parquet.manifest.json").write_text(content)
    code, found = tables.verify("t.parquet")
    assert code == 1
    only(found, "unverifiable")


def test_a_manifest_whose_table_is_gone_is_unverifiable(tables):
    (tables.path / "t.parquet").unlink()
    _, found = tables.verify("t.parquet.manifest.json")
    only(found, "unverifiable")
    assert found["findings"][0]["why"] == ["the table is not there"]


# ------------------------------------------------------------------------------------ inputs


def replace(path, content):
    """Replace a file by one of the same size and time of change."""
    before = path.stat()
    path.with_suffix(".new").write_text(content)
    path.with_suffix(".new").replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


@pytest.mark.parametrize("depth", ["stat", "sample", "full"])
def test_a_clip_that_was_replaced_with_its_time_restored_is_named(tables, depth, monkeypatch):
    monkeypatch.setattr(digests, "QUIET_NS", 0)  # so the cache trusts what was made just now
    assert tables.verify("lengths.parquet", "--inputs", "stat")[0] == 0
    folder = tables.path / "clips"
    replace(folder / "b.mp4", "clip B")
    assert tables.verify("lengths.parquet")[0] == 0
    code, found = tables.verify("lengths.parquet", "--inputs", depth)
    assert code == 1
    (which,) = only(found, "inputs-changed")
    assert which["inputs"][0]["changed"] == ["b.mp4"]
    assert found["findings"][0]["why"] == ["--clips clips: 1 changed: b.mp4"]


@pytest.mark.parametrize("glob", ["**/*", "*.mp4"])
def test_files_that_came_and_went_are_named_from_the_listing(tables, glob):
    given = ("./lengths_of.py", "--clips", "clips", "--glob", glob, "--workers", 1)
    tables.run(*given, "--out", "u.parquet")
    (tables.path / "clips" / "a.mp4").unlink()
    (tables.path / "clips" / "d.mp4").write_text("new")
    (which,) = only(tables.verify("u.parquet", "--inputs", "stat")[1], "inputs-changed")
    state = which["inputs"][0]
    assert (state["removed"], state["added"], state["changed"]) == (["a.mp4"], ["d.mp4"], [])


def test_what_lies_beside_a_selection_of_files_is_no_part_of_it(tables):
    (tables.path / "clips" / "notes.txt").write_text("not read")
    given = ("./lengths_of.py", "--clips", "clips", "--glob", "*.mp4", "--workers", 1)
    tables.run(*given, "--out", "u.parquet")
    (tables.path / "clips" / "e.mp4").write_text("new")
    assert tables.verify("u.parquet", "--inputs", "full")[0] == 0
    replace(tables.path / "clips" / "a.mp4", "clip A")
    (which,) = only(tables.verify("u.parquet", "--inputs", "full")[1], "inputs-changed")
    assert which["inputs"][0]["changed"] == ["a.mp4"]


def test_without_its_listing_a_folder_that_changed_is_told_but_not_its_files(tables):
    for listing in (tables.path / "lengths.parquet.history").iterdir():
        listing.write_bytes(b"damaged")
    assert tables.verify("lengths.parquet", "--inputs", "stat")[0] == 0
    replace(tables.path / "clips" / "b.mp4", "clip B")
    _, found = tables.verify("lengths.parquet", "--inputs", "stat")
    only(found, "inputs-changed")
    assert "its listing is gone or damaged" in found["findings"][0]["why"][0]


def test_an_input_that_is_gone_is_unverifiable(tables):
    (tables.path / "raw.parquet").unlink()
    code, found = tables.verify("t.parquet", "--inputs", "stat")
    assert code == 1
    only(found, "unverifiable")
    assert found["findings"][0]["why"] == ["--source raw.parquet: it is not there"]


# ----------------------------------------------------------------------------------- parents


def verdicts(tables, *tokens):
    found = tables.tablehost("verify", *tokens, "--json").json["tables"]
    return {Path(one["table"]).name: one["verdict"] for one in found}


def test_parents_are_verified_up_to_the_first(tables):
    by_pandas(tables.path / "t.parquet")
    assert verdicts(tables, "all.parquet") == {"all.parquet": "intact"}
    assert verdicts(tables, "all.parquet", "--parents") == {
        "all.parquet": "intact",
        "rich.parquet": "inputs-changed",
        "other.parquet": "intact",
        "t.parquet": "rewritten",
    }


def test_a_parent_that_was_built_again_is_a_changed_input_though_it_is_intact(tables):
    tables.run("./copy_table.py", "--source", "raw3.parquet", "--out", "t.parquet", "--overwrite")
    found = verdicts(tables, "rich.parquet", "--parents")
    assert found == {"rich.parquet": "inputs-changed", "t.parquet": "intact"}


def test_a_parent_that_lost_its_manifest_is_told(tables):
    (tables.path / "t.parquet.manifest.json").unlink()
    found = verdicts(tables, "rich.parquet", "--parents")
    assert found == {"rich.parquet": "intact", "t.parquet": "no-manifest"}


def rename(tables, name, new):
    """Give a table another name, and its manifest too."""
    for suffix in ("", ".manifest.json"):
        (tables.path / f"{name}{suffix}").rename(tables.path / f"{new}{suffix}")


def test_a_parent_of_another_name_is_found_by_its_digest_and_told(tables):
    rename(tables, "t.parquet", "u.parquet")
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
    assert tables.verify("rich.parquet", "--inputs", "full")[0] == 0


def test_a_parent_of_another_name_and_with_other_bytes_is_a_changed_input(tables):
    rename(tables, "t.parquet", "u.parquet")
    by_pandas(tables.path / "u.parquet")
    found = verdicts(tables, "rich.parquet", "--parents")
    assert found == {"rich.parquet": "inputs-changed", "u.parquet": "rewritten"}


def test_a_table_of_the_name_that_an_input_had_is_not_looked_for_elsewhere(tables):
    rename(tables, "t.parquet", "u.parquet")
    rename(tables, "other.parquet", "t.parquet")
    assert verdicts(tables, "rich.parquet", "--inputs", "stat") == {
        "rich.parquet": "inputs-changed"
    }


# -------------------------------------------------------------------------------------- torn

COMMIT = {
    "staged": (0, "intact"),
    "history": (0, "intact"),
    "intent": (1, "torn"),
    "moved t.parquet.manifest.json": (1, "torn"),
    "moved t.parquet": (1, "torn"),
    "done": (0, "intact"),
}


def kill(tables, step):
    rebuild = ("run", "./copy_table.py", "--source", "raw2.parquet", "--out", "t.parquet")
    command = [sys.executable, "-c", DIE, step, *rebuild, "--overwrite"]
    assert subprocess.run(command, cwd=tables.path, check=False).returncode == -9


@pytest.mark.parametrize("step", COMMIT)
def test_a_commit_that_was_killed_at_any_step_is_intact_or_torn(tables, step):
    kill(tables, step)
    code, found = tables.verify("t.parquet", "--full")
    assert (code, found["verdict"]) == COMMIT[step]
    told = " ".join(why for one in found["findings"] for why in one["why"])
    assert ("the next run on this path finishes it" in told) is bool(code)
    output = Output.at(tables.path / "t.parquet")
    with commit.locked(output):
        commit.recover(output)
    assert tables.verify("t.parquet", "--full")[0] == 0


def test_a_torn_commit_tells_what_is_there_and_what_is_not(tables):
    kill(tables, "moved t.parquet.manifest.json")
    (which,) = only(tables.verify("t.parquet")[1], "torn")
    assert [Path(one).name for one in which["in_place"]] == ["t.parquet.manifest.json"]
    assert [Path(one).name for one in which["still_staged"]] == ["t.parquet"]
    next(tables.path.glob(".t.parquet.2*.tmp")).unlink()
    _, found = tables.verify("t.parquet")
    assert "the next run refuses" in found["findings"][0]["why"][-1]


def test_a_first_commit_that_was_cut_off_is_found_in_its_folder(tables):
    for suffix in ("", ".manifest.json"):
        (tables.path / f"t.parquet{suffix}").unlink()
    kill(tables, "intent")
    assert verdicts(tables, ".")["t.parquet"] == "torn"


# ------------------------------------------------------------------------------- many tables


def test_a_folder_stands_for_every_table_below_it(tables):
    by_pandas(tables.path / "gaps.parquet")
    ended = tables.tablehost("verify", ".")
    lines = ended.out.splitlines()
    assert ended.code == 1
    assert lines[-1] == "9 tables: 3 no-manifest, 1 missing-values-recoded, 5 intact"
    assert "missing-values-recoded  gaps.parquet" in lines
    assert "intact  t.parquet" in lines


def test_of_many_tables_those_that_are_intact_are_only_counted(tables):
    (tables.path / "many").mkdir()
    for number in range(30):
        for suffix in ("", ".manifest.json"):
            os.link(
                tables.path / f"t.parquet{suffix}", tables.path / f"many/{number}.parquet{suffix}"
            )
    (tables.path / "many/7.parquet.manifest.json").unlink()
    assert tables.tablehost("verify", "many").out.splitlines() == [
        "no-manifest  many/7.parquet",
        "    many/7.parquet has no manifest; looked for 7.parquet.manifest.json beside it",
        "30 tables: 1 no-manifest, 29 intact",
    ]


def test_a_terminal_gets_a_progress_bar_and_a_pipe_gets_none(tables):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tablehost", "verify", "t.parquet", "rich.parquet"]
    pipe = subprocess.PIPE
    ended = subprocess.run(command, cwd=tables.path, stdout=pipe, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "2/2" in shown
    assert ended.stdout.decode().splitlines()[-1] == "2 tables: 2 intact"
    assert tables.tablehost("verify", "t.parquet", "rich.parquet").err == ""


def test_what_a_manifest_says_is_shown_as_text(tables):
    manifest = tables.manifest()
    manifest["table"]["columns"][2]["name"] = "\x1b[31mred\n"
    tables.tell(manifest)
    assert r"\x1b[31mred" in tables.tablehost("verify", "t.parquet", "--full").out


def test_fast_and_full_exclude_each_other(tables):
    ended = tables.tablehost("verify", "t.parquet", "--fast", "--full")
    assert (ended.code, ended.err) == (2, "tablehost: --fast and --full exclude each other\n")


def test_a_path_that_leads_nowhere_is_a_mistake(tables):
    ended = tables.tablehost("verify", "gone.parquet")
    assert ended.code == 2
    assert "gone.parquet does not exist" in ended.err


def test_a_pair_that_a_run_lands_meanwhile_is_no_drift(tables, monkeypatch):
    given = ("./copy_table.py", "--source", "raw2.parquet", "--out", "t.parquet", "--overwrite")
    landed = []

    def land(path):
        if not landed:
            landed.append(path)
            tables.run(*given)
        return digests.file_digest(path)

    monkeypatch.setattr("tablehost.trust.drift.contents.file_digest", land)
    assert tables.verify("t.parquet")[0] == 0
    assert landed
