"""`tablehost diff` where a table or a manifest is gone, holds too little or nonsense."""

import json
import shutil

import pytest

from tablehost.commit.output import Output


@pytest.fixture
def twins(pair):
    """Give `a` and `c`, which are the same."""
    pair.run("./measure.py", "--text", "T=x.txt", "--out", "c.parquet")
    return pair


@pytest.mark.parametrize("gone", [("a",), ("b",), ("a", "b")])
def test_manifests_are_compared_where_a_table_is_gone(pair, gone):
    for name in gone:
        (pair.path / f"{name}.parquet").unlink()
    shown, answer = pair.diff("a.parquet", "b.parquet.manifest.json")
    assert (answer["rows"], answer["values"]) == (None, ["name", "value"])
    assert "  columns with other values\n    name\n    value\n" in shown
    for name in gone:
        assert f"    the rows one by one: {name}.parquet is not there\n" in shown


def test_digests_say_that_two_tables_are_the_same_where_one_is_gone(twins):
    (twins.path / "c.parquet").unlink()
    assert twins.diff("a.parquet", "c.parquet")[1]["verdict"] == "same"


def test_two_tables_without_manifests_are_compared_by_their_rows(pair):
    for name in "ab":
        (pair.path / f"{name}.parquet.manifest.json").unlink()
    shown, answer = pair.diff("a.parquet", "b.parquet")
    assert (answer["rows"]["key"], answer["rows"]["changed_rows"], answer["rows"]["added"]) == (
        None,
        3,
        1,
    )
    assert "  rows, by position\n    + 1: row=3\n" in shown
    assert "    the manifests: a.parquet has no manifest" in shown
    shutil.copy(pair.path / "a.parquet", pair.path / "c.parquet")
    shown, _ = pair.diff("a.parquet", "c.parquet")
    assert shown.startswith("the same rows a.parquet  c.parquet\n  not compared\n")


def test_what_a_manifest_does_not_say_is_unknown_and_no_difference(twins):
    twins.edit(
        lambda answer: (answer.pop("table"), answer["run_provenance"].pop("code")), "c.parquet"
    )
    shown, answer = twins.diff("a.parquet", "c.parquet")
    assert answer["verdict"] == "same"
    assert "    the code: not recorded in c.parquet.manifest.json\n" in shown
    (twins.path / "a.parquet").unlink()
    assert twins.diff("a.parquet", "c.parquet")[1]["verdict"] == "unverifiable"


def test_a_manifest_from_before_histograms_is_compared_by_the_rest(twins):
    columns = twins.manifest("c.parquet")["table"]["columns"]
    twins.edit(
        lambda ended: [
            (one.pop("histogram", 0), one.pop("texts", 0)) for one in ended["table"]["columns"]
        ],
        "c.parquet",
    )
    assert twins.manifest("c.parquet")["table"]["columns"] != columns
    shown, answer = twins.diff("a.parquet", "c.parquet")
    assert (answer["verdict"], answer["statistics"]) == ("same", [])
    assert "not compared" not in shown


def test_a_commit_that_did_not_finish_is_said(pair):
    place = Output.at(pair.path / "b.parquet").intents[0]
    moves = {"b.parquet.manifest.json": "0" * 64, "b.parquet": "0" * 64}
    note = {"run_id": "20260101T000000Z-00000000", "moves": moves, "apart": None, "retire": None}
    place.write_text(json.dumps(note))
    shown, _ = pair.diff("a.parquet", "b.parquet")
    assert (
        "    the commit on b.parquet did not finish; the next run on this path finishes it\n"
        in shown
    )


def test_a_manifest_of_upstream_is_compared_as_far_as_it_says(pair, upstream):
    pair.write_manifest(upstream, "u")
    upstream["run_provenance"]["args"]["split_seed"] = "other"
    pair.write_manifest(upstream, "v")
    _, same = pair.diff("u.manifest.json", "u.manifest.json")
    assert same["verdict"] == "unverifiable"
    _, other = pair.diff("u.manifest.json", "v.manifest.json")
    assert [one["what"] for one in other["options"]] == ["split_seed"]
    assert not other["inputs"] + other["code"] + other["columns"]


@pytest.mark.parametrize("value", [None, "x", [[1]], {"x": {"y": [1]}}])
def test_any_value_may_stand_anywhere_in_a_manifest(pair, value):
    answer = pair.manifest("b.parquet")
    for block in (
        answer,
        answer["table"],
        answer["run_provenance"],
        answer["run_provenance"]["code"],
    ):
        for name, kept in list(block.items()):
            block[name] = value
            pair.write_manifest(answer, "b.parquet")
            assert pair.tablehost("diff", "a.parquet", "b.parquet").code == 1
            block[name] = kept


@pytest.mark.parametrize("path", ["gone.parquet", ".", "x.txt"])
def test_what_is_no_table_is_refused_in_one_line(pair, path):
    ended = pair.tablehost("diff", "a.parquet", path)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert path in ended.err


def test_nothing_of_a_manifest_escapes_to_the_terminal(pair):
    args = {"scale\x1b[31m": "\x1b[2J"}
    pair.edit(lambda answer: answer["run_provenance"]["args"].update(args), "b.parquet")
    shown, _ = pair.diff("a.parquet", "b.parquet")
    assert "\x1b" not in shown
    assert "+ scale\\x1b[31m" in shown
