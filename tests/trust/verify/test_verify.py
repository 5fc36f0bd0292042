"""What `verify` answers: of tables that are intact, after a fast look, and of many tables."""

import os
import pty

import pandas as pd
import pytest
from table_makers import RICH

# ------------------------------------------------------------------------------ nothing to find


@pytest.mark.parametrize("name", ["t", "gaps", "lengths", "rich", "all"])
def test_a_table_that_was_left_alone_is_intact(tables, name, question):
    found = tables.verify(f"{name}.parquet", *question)
    assert {one["verdict"] for one in found} == {"intact"}
    assert not any(one["findings"] for one in found)


def test_a_pair_that_was_moved_and_renamed_is_intact(tables):
    (tables.path / "away").mkdir()
    tables.rename("t.parquet", "away/u.parquet")
    assert tables.intact("away/u.parquet", "--full")


def test_a_table_that_was_enriched_in_place_is_intact_with_its_inputs(tables):
    tables.run(*RICH, "--out", "t.parquet", "--overwrite")
    assert tables.intact("t.parquet", "--inputs", "full", "--parents")


# ------------------------------------------------------------------------------------- fast


def test_what_the_footer_says_is_found_fast(tables):
    tables.write(tables.read().slice(1).rename_columns({"vmaf": "score"}))
    rows, columns = tables.findings("rows-changed columns-changed", "t.parquet", "--fast")
    assert rows["which"] == {"rows": {"manifest": 6, "table": 5}}
    assert columns["which"]["added"] == ["score"]
    assert columns["which"]["removed"] == ["vmaf"]


def test_another_size_is_not_enough_to_say_fast(tables):
    tables.write(tables.read(), compression="gzip")
    (finding,) = tables.findings("unverifiable", "t.parquet", "--fast")
    assert "verify without --fast to compare the rows" in finding["why"][0]


def test_a_flipped_byte_stays_unseen_by_a_fast_look_which_says_how_little_it_saw(tables):
    path = tables.path / "t.parquet"
    raw = bytearray(path.read_bytes())
    raw[60] ^= 1
    path.write_bytes(raw)
    assert tables.verify("t.parquet", "--fast")[0]["depth"] == "fast"
    answer = tables.tablehost("verify", "t.parquet", "--fast")
    assert answer.out == "intact (size, rows and schema only)  t.parquet\n"
    assert not tables.intact("t.parquet")


def test_fast_and_full_exclude_each_other(tables):
    ended = tables.tablehost("verify", "t.parquet", "--fast", "--full")
    assert (ended.code, ended.err) == (2, "tablehost: --fast and --full exclude each other\n")


# ------------------------------------------------------------------------------- many tables


def test_a_folder_stands_for_every_table_below_it(tables):
    gaps = tables.path / "gaps.parquet"
    pd.read_parquet(gaps).to_parquet(gaps)
    ended = tables.tablehost("verify", ".")
    lines = ended.out.splitlines()
    assert ended.code == 1
    assert lines[-1] == "9 tables: 3 no-manifest, 1 missing-values-recoded, 5 intact"
    assert "missing-values-recoded  gaps.parquet" in lines
    assert "intact  t.parquet" in lines


def test_of_many_tables_those_that_are_intact_are_only_counted(tables):
    many = tables.path / "many"
    many.mkdir()
    for number in range(30):
        for suffix in ("", ".manifest.json"):
            os.link(tables.path / f"t.parquet{suffix}", many / f"{number}.parquet{suffix}")
    (many / "7.parquet.manifest.json").unlink()
    assert tables.tablehost("verify", "many").out.splitlines() == [
        "no-manifest  many/7.parquet",
        "    many/7.parquet has no manifest; looked for 7.parquet.manifest.json beside it",
        "30 tables: 1 no-manifest, 29 intact",
    ]


def test_a_terminal_gets_a_progress_bar_and_a_pipe_gets_none(tables, new_project):
    ours, theirs = pty.openpty()
    ended = new_project(tables.path).run("verify", "t.parquet", "rich.parquet", stderr=theirs)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "2/2" in shown
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "2 tables: 2 intact")
    assert tables.tablehost("verify", "t.parquet", "rich.parquet").err == ""


def test_what_a_manifest_says_is_shown_as_text(tables):
    tables.edit(lambda answer: answer["table"]["columns"][2].update(name="\x1b[31mred\n"))
    assert r"\x1b[31mred" in tables.tablehost("verify", "t.parquet", "--full").out


def test_a_path_that_leads_nowhere_is_a_mistake(tables):
    ended = tables.tablehost("verify", "gone.parquet")
    assert ended.code == 2
    assert "gone.parquet does not exist" in ended.err
