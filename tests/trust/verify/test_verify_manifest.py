"""What a manifest has to hold for `verify` to call its table intact."""

import pyarrow.compute as pc
import pytest


def test_a_table_without_a_manifest_is_reported(tables):
    (tables.path / "t.parquet.manifest.json").unlink()
    assert tables.findings("no-manifest", "t.parquet")
    assert tables.verify("t.parquet")[0]["manifest"] is None


# ------------------------------------------------------------------------- of another table


@pytest.mark.parametrize("question", [(), ("--fast",), ("--full",)])
def test_the_manifest_of_another_table_copied_over_is_not_its_manifest(tables, question):
    tables.write_manifest(tables.manifest("rich.parquet"))
    (found,) = tables.verify("t.parquet", *question)
    assert found["verdict"] == "not-its-manifest"
    why = "it is the manifest of rich.parquet, which is as it says"
    assert found["findings"][0]["why"] == [why]


def test_a_manifest_whose_own_table_is_gone_is_reported_by_its_name_and_digests(tables):
    tables.write_manifest(tables.manifest("other.parquet"))
    (tables.path / "other.parquet").unlink()
    finding, _ = tables.findings("not-its-manifest rows-changed", "t.parquet")
    assert "it describes other.parquet, and no column" in finding["why"][0]


def test_a_manifest_without_a_column_in_common_is_another_tables(tables):
    manifest = tables.manifest("lengths.parquet")
    manifest["run_provenance"]["outputs"]["table"]["path"] = "t.parquet"
    tables.write_manifest(manifest)
    assert tables.verdicts("t.parquet") == {"t.parquet": "not-its-manifest"}


def test_a_renamed_pair_whose_rows_changed_in_some_columns_keeps_its_manifest(tables):
    tables.rename("t.parquet", "u.parquet")
    table = tables.read("u.parquet")
    tables.write(table.set_column(2, "vmaf", pc.add(table["vmaf"], 1.0)), "u.parquet")
    (finding,) = tables.findings("rows-changed", "u.parquet")
    assert finding["which"] == {"columns": ["vmaf"]}


# ------------------------------------------------------------------------------------ edited


def edit_digest(table):
    table["columns"][2]["digest"] = "0" * 64


def edit_statistic(table):
    table["columns"][2]["max"] = 99.0


def edit_mean(table):
    table["columns"][2]["mean"] *= 1.0001


def edit_histogram(table):
    table["columns"][2]["histogram"]["bins"] += " 99.0:1"


def edit_texts(table):
    table["columns"][0]["texts"]["distinct"] += 1


def add_texts(table):
    table["columns"][2]["texts"] = {"distinct": 1, "most": {"99": 1}}


def edit_nulls(table):
    table["columns"][2]["nulls"] = 1


def edit_rows(table):
    table["rows"] = 7


def edit_rows_digest(table):
    table["rows_digest"] = "0" * 64


@pytest.mark.parametrize(
    "edit",
    [
        *(edit_digest, edit_statistic, edit_mean, edit_histogram, edit_texts, add_texts),
        *(edit_nulls, edit_rows, edit_rows_digest),
    ],
)
def test_an_edited_manifest_is_found_by_a_full_look(tables, edit):
    tables.edit(lambda ended: edit(ended["table"]))
    assert tables.intact("t.parquet")
    (finding,) = tables.findings("not-its-manifest", "t.parquet", "--full")
    assert "the manifest was edited; its values contradict each other: " in finding["why"][0]


@pytest.mark.parametrize("last_bits", [1e-15, -1e-13])
def test_a_mean_that_another_machine_rounded_otherwise_is_no_finding(tables, last_bits):
    manifest = tables.manifest()
    manifest["table"]["columns"][2]["mean"] *= 1 + last_bits
    tables.write_manifest(manifest)
    assert tables.intact("t.parquet", "--full")


# ---------------------------------------------------------------------------- holds too little


def test_a_manifest_from_before_histograms_is_intact(tables):
    tables.edit(lambda ended: without_distribution(ended["table"]))
    assert tables.intact("t.parquet", "--full")


def without_distribution(table):
    del table["view"]
    for column in table["columns"]:
        assert column.pop("histogram", None) or column.pop("texts", None)


def test_a_manifest_of_an_upstream_script_is_unverifiable_field_by_field(tables, upstream):
    sha256 = tables.manifest()["table"]["sha256"]
    tables.write_manifest(upstream)
    assert tables.verdicts("t.parquet") == {"t.parquet": "unverifiable"}
    upstream["run_provenance"]["outputs"]["parquet"]["sha256"] = sha256
    tables.write_manifest(upstream)
    assert tables.intact("t.parquet", "--full")
    tables.write(tables.read(), compression="gzip")
    assert tables.findings("unverifiable", "t.parquet")


STRANGE = [
    {},
    {"table": None, "run_provenance": None},
    {"table": [], "run_provenance": 3},
    {"table": {"rows": "many", "bytes": [], "columns": [{"name": 3}]}},
    {"table": {"rows": 6, "columns": [{"name": "vmaf", "digest": [], "nulls": {}}]}},
    {"run_provenance": {"inputs": {"a": 3, "b": [None], "c": "x"}, "outputs": {"table": []}}},
    {"run_provenance": {"outputs": {"table": {"path": "\0", "sha256": 3}}, "inputs": {"a": {}}}},
]


@pytest.mark.parametrize("number", range(len(STRANGE)))
def test_a_manifest_that_says_nothing_known_is_never_intact(tables, number, question):
    tables.write_manifest(STRANGE[number])
    found, *_ = tables.verify("t.parquet", *question)
    assert found["verdict"] in {"unverifiable", "columns-changed"}


@pytest.mark.parametrize("content", ["", "[]", '{"run_provenance": {"schema": "x-v2"}}'])
def test_a_manifest_that_cannot_be_read_is_unverifiable(tables, content):
    (tables.path / "t.parquet.manifest.json").write_text(content)
    assert tables.findings("unverifiable", "t.parquet")


def test_a_manifest_whose_table_is_gone_is_unverifiable(tables):
    (tables.path / "t.parquet").unlink()
    (finding,) = tables.findings("unverifiable", "t.parquet.manifest.json")
    assert finding["why"] == ["the table is not there"]
