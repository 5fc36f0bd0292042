"""`tablehost replay`: the same table again from its manifest, and what it says where it is not."""

import json
import shutil
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

UPGRADE = Path(__file__).parent / "upgrade"
TABLES = pytest.mark.parametrize("table", ["scored.parquet", "filled.parquet", "combined.parquet"])


@TABLES
def test_moved_inputs_another_folder_and_fewer_workers_make_the_same_bytes(bench, tables, table):
    before = {path for path in tables.rglob("*") if ".cache" not in path.parts}
    (tables / "raw").rename(tables / "moved")
    try:
        lost = bench.replay(tables / table)
        found = bench.replay(tables / table, "--map", f"raw={tables / 'moved'}")
    finally:
        (tables / "moved").rename(tables / "raw")
    assert (lost["verdict"], found["verdict"]) == ("cannot", "reproduced-bytes")
    assert "is not there; if it was moved, give --map OLD=NEW" in lost["why"][0]
    assert found["remarks"] == []
    assert before == {path for path in tables.rglob("*") if ".cache" not in path.parts}


def test_a_sample_of_clips_gets_through_the_audits(bench, tables):
    before = (tables / "scored.parquet.ledger").read_bytes()
    found = bench.replay(tables / "scored.parquet", "--sample", 1)
    assert (found["verdict"], found["rows"]["compared"]) == ("reproduced-rows", 1)
    assert found["sample"]["items"] == 1
    assert (tables / "scored.parquet.ledger").read_bytes() == before


@pytest.mark.parametrize("table", ["words", "enriched", "combined", "scored"])
def test_a_manifest_of_release_1_0_0_is_replayed_though_its_table_is_gone(bench, word_count, table):
    shutil.copytree(UPGRADE, bench.path / "then")
    (bench.path / "then/words.py").write_text(word_count)
    found = bench.replay(f"then/{table}.parquet.manifest.json")
    answer = json.loads((UPGRADE / f"{table}.parquet.manifest.json").read_text())
    same_writer = f"arrow version {pa.cpp_version};" in answer["table"]["writer"]
    assert found["verdict"] == ("reproduced-bytes" if same_writer else "reproduced-rows"), found


def test_the_answer_of_a_table_that_is_the_same_is_one_line(words):
    ended = words.tablehost("replay", "t.parquet", "--trust")
    assert (ended.code, ended.out) == (0, "reproduced-bytes  t.parquet\n")


def test_a_folder_that_was_moved_whole_takes_its_builder_and_inputs_along(words):
    (words.path / "here").mkdir()
    for name in ("words.py", "in", "t.parquet", "t.parquet.manifest.json"):
        (words.path / name).rename(words.path / "here" / name)
    assert words.replay("t.parquet", cwd="here")["verdict"] == "reproduced-bytes"


def test_a_table_that_is_gone_is_compared_by_its_manifest(words):
    (words.path / "t.parquet").unlink()
    assert words.replay("t.parquet.manifest.json")["verdict"] == "reproduced-bytes"


def test_into_a_folder_keeps_table_and_manifest_and_nothing_else(lengths):
    found = lengths.replay("t.parquet", "--into", "new/again")
    kept = [path.name for path in (lengths.path / "new/again").iterdir() if path.is_file()]
    assert sorted(kept) == ["t.parquet", "t.parquet.manifest.json"]
    assert found["kept"] == "new/again/t.parquet"
    assert (lengths.path / "new/again/t.parquet").read_bytes() == (
        lengths.path / "t.parquet"
    ).read_bytes()


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (("--into", "in"), "--into: in is not empty; give a new folder"),
        (("--into", "new", "--sample", "1"), "a sample is not one; give --sample or --into"),
        (("--map", "in"), "--map: 'in' is not OLD=NEW"),
        (("--map", "i=in"), "--map: no path in t.parquet.manifest.json is below i"),
        (("--sample", "0"), "Must be >= 1"),
        (("--workers", "0"), "Must be >= 1"),
    ],
)
def test_what_makes_no_sense_is_refused(words, tokens, said):
    ended = words.tablehost("replay", "t.parquet", *tokens)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_the_script_is_a_command_that_makes_the_table(words):
    ended = words.tablehost("replay", "t.parquet", "--script", "--map", "in=elsewhere")
    assert (ended.code, ended.out) == (
        0,
        "tablehost run words.py --text elsewhere/t.txt --out replay/t.parquet\n",
    )
    found = words.tablehost("replay", "t.parquet", "--script", "--json").json
    assert found["remarks"] == []
    words.build(*found["command"][2:])
    assert (words.path / "replay/t.parquet").read_bytes() == (words.path / "t.parquet").read_bytes()


def test_the_script_gives_what_was_a_default_then_and_is_none_now(bench, tables):
    for suffix in ("", ".manifest.json"):
        shutil.copy(tables / f"filled.parquet{suffix}", bench.path / f"t.parquet{suffix}")
    bench.edit(lambda block: block["args"].update(key="name"))
    ended = bench.tablehost("replay", "t.parquet", "--script")
    assert (ended.code, " --key name " in ended.out) == (0, True)


def test_the_script_says_where_defaults_could_not_be_compared(words, word_count):
    (words.path / "words.py").write_text(word_count + "UNUSED = 1\n")
    first = words.tablehost("replay", "t.parquet", "--script").out.splitlines()[0]
    said = "# words.py is not the code that made the table, and its defaults may be others"
    assert first == said
    words.edit(lambda block: block["code"]["plugin"].update(builder="gone", distribution="x-gone"))
    first = words.tablehost("replay", "t.parquet", "--script").out.splitlines()[0]
    assert first.endswith("so its defaults were not compared")


def test_one_row_and_one_cell_are_reported_as_one(words):
    table = pq.read_table(words.path / "t.parquet")
    pq.write_table(table.set_column(1, "words", [[2, 2]]), words.path / "t.parquet")
    lines = words.tablehost("replay", "t.parquet", "--trust").out.splitlines()
    assert lines[2:] == [
        "  1 row has other values",
        "  words: 1 cell, largest difference 1; at row 1: 2 -> 1",
    ]


def test_a_changed_input_is_named_and_nothing_is_built(words):
    (words.path / "in/t.txt").write_text("a b\nd\n")
    (words.path / "words.py").write_text("raise SystemExit")
    found = words.replay("t.parquet")
    assert found["verdict"] == "inputs-changed"
    assert found["why"] == ["--text in/t.txt: it has other content"]


def test_changed_files_of_a_folder_are_named(lengths):
    (lengths.path / "in/03.txt").write_text("other")
    (lengths.path / "in/new.txt").write_text("new")
    found = lengths.replay("t.parquet")
    assert found["verdict"] == "inputs-changed"
    assert found["why"][0].endswith("in: 1 changed: 03.txt; 1 added: new.txt"), found


def test_a_new_file_that_the_builder_takes_is_the_cause_of_another_table(lengths):
    lengths.lengths("--limit", 5, code=0)
    (lengths.path / "in/!.txt").write_text("sorts first")
    found = lengths.replay("t.parquet")
    assert (found["verdict"], found["rows"]["added_examples"]) == (
        "inputs-changed",
        [{"name": "!.txt"}],
    )
    added = "1 added, such as !.txt; 1 removed, such as 04.txt"
    assert found["remarks"][0] == f"--folder: {added}"


def test_another_manifest_of_an_input_is_a_remark_where_the_table_is_the_same(words):
    (words.path / "in/t.txt.manifest.json").write_text("{}")
    words.build("./words.py", "--text", "in/t.txt", "--out", "t.parquet", "--overwrite")
    (words.path / "in/t.txt.manifest.json").write_text('{"rebuilt": true}')
    found = words.replay("t.parquet")
    assert found["verdict"] == "reproduced-bytes"
    assert found["remarks"] == ["in/t.txt: its own manifest is not there as it was"]


def test_a_replay_that_is_stopped_leaves_nothing(project, word_count):
    slow = "import os, pathlib, time\n    if 'SLOW' in os.environ:"
    slow += " pathlib.Path('begun').touch(); time.sleep(60)\n"
    project.write("words.py", word_count.replace("import pyarrow", f"{slow}    import pyarrow"))
    project.write("t.txt", "a b\n")
    assert project.run("run", "./words.py", "--text", "t.txt", "--out", "t.parquet").code == 0
    (project.path / "tmp").mkdir()
    environment = {"TMPDIR": str(project.path / "tmp"), "SLOW": "1"}
    process = project.start("replay", "t.parquet", "--trust", env=environment)
    while not (project.path / "begun").exists():
        assert process.poll() is None
        time.sleep(0.02)
    assert [path.name for path in (project.path / "tmp").iterdir()]
    process.terminate()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, ""), err
    assert not [path.name for path in (project.path / "tmp").iterdir()]


def test_other_code_is_the_cause_of_another_table(installed_words, word_count):
    words, install = installed_words
    install(word_count.replace("len(s.split())", "len(s)"))
    found = words.replay("t.parquet")
    assert found["verdict"] == "code-changed"
    assert found["remarks"] == ["words.py has other code (semantic)"]
    assert found["rows"]["columns"]["words"]["largest"] == 1.0


@pytest.mark.parametrize(
    ("more", "kind"), [("# a comment\n", "cosmetic"), ("UNUSED = 1\n", "semantic")]
)
def test_other_code_that_makes_the_same_is_a_remark(installed_words, word_count, more, kind):
    words, install = installed_words
    install(word_count + more)
    found = words.replay("t.parquet")
    assert found["verdict"] == "reproduced-bytes"
    assert [remark.endswith(f"({kind})") for remark in found["remarks"]] == [True]


def test_another_package_is_the_cause_where_the_code_is_the_same(lengths):
    lengths.lengths("--noise", "1")
    lengths.edit(lambda block: block["code"]["packages"].update(pyarrow="1.0"))
    found = lengths.replay("t.parquet")
    assert found["verdict"] == "environment-changed"
    assert found["remarks"] == [f"pyarrow 1.0 -> {pa.__version__}"]


def test_a_builder_that_leaves_it_to_chance_differs_by_so_much(lengths):
    lengths.lengths("--noise", "1")
    found = lengths.replay("t.parquet")
    assert (found["verdict"], found["why"], found["remarks"]) == ("differs", [], [])
    length = found["rows"]["columns"]["length"]
    assert found["rows"]["key"] == ["name"]
    assert length["changed"] > 15
    assert 0 < length["largest"] < 1
    said = lengths.tablehost("replay", "t.parquet", "--trust").out.splitlines()
    assert said[0] == "differs  t.parquet"
    assert said[2].startswith("  length: ")


def test_a_difference_that_the_builder_allows_is_within_tolerance(lengths):
    lengths.lengths("--noise", "1", "--tolerance", "1")
    found = lengths.replay("t.parquet")
    assert found["verdict"] == "within-tolerance"
    assert found["rows"]["columns"]["length"]["beyond_tolerance"] == 0


def test_a_table_that_pandas_rewrote_has_its_rows_reproduced(words):
    pd.read_parquet(words.path / "t.parquet").to_parquet(words.path / "t.parquet")
    assert words.replay("t.parquet")["verdict"] == "reproduced-rows"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda t: t.drop_columns("words"), ["columns of the replay added: words"]),
        (lambda t: t.append_column("x", t["line"]), ["columns of the replay removed: x"]),
        (
            lambda t: t.select(["words", "line"]),
            ["columns of the replay reordered, now: line, words"],
        ),
        (
            lambda t: t.set_column(1, "words", t["words"].cast("float")),
            ["columns of the replay retyped: words from float32 to int64"],
        ),
        (lambda t: t.take([1, 0]), []),
    ],
)
def test_a_table_that_was_changed_differs_in_its_columns_or_rows(words, change, why):
    table = change(pq.read_table(words.path / "t.parquet"))
    pq.write_table(table, words.path / "t.parquet")
    found = words.replay("t.parquet")
    assert (found["verdict"], found["why"]) == (
        "differs",
        ["the table's rows are no longer those of its manifest", *why],
    )


def test_a_damaged_table_differs_and_is_made_anew(words):
    (words.path / "t.parquet").write_text("something else")
    found = words.replay("t.parquet", "--into", "again")
    assert found["verdict"] == "differs"
    assert "not readable as Parquet" in found["why"][0]
    assert words.replay(found["kept"])["verdict"] == "reproduced-bytes"


def test_a_table_that_is_gone_and_not_made_again_differs_as_its_manifest_says(words):
    answer = json.loads((words.path / "t.parquet.manifest.json").read_text())
    answer["table"] |= {"sha256": "0", "rows": 3, "rows_digest": "0"}
    answer["table"]["columns"][1] |= {"digest": "0"}
    (words.path / "t.parquet.manifest.json").write_text(json.dumps(answer))
    (words.path / "t.parquet").unlink()
    found = words.replay("t.parquet.manifest.json")
    assert found["verdict"] == "differs"
    assert found["why"] == ["1 row fewer: 2, in the manifest 3", "other values in words"]


def test_a_table_that_was_changed_is_not_laid_to_the_code(installed_lengths, lengths_source):
    lengths, install = installed_lengths
    install(lengths_source + "UNUSED = 1\n")
    table = pq.read_table(lengths.path / "t.parquet")
    pq.write_table(table.slice(1), lengths.path / "t.parquet")
    found = lengths.replay("t.parquet")
    assert found["verdict"] == "differs"
    assert found["rows"]["added_examples"] == [{"name": "00.txt"}]
