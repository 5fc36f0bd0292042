"""Where `tablehost replay` has to say `cannot`, and why."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

UPSTREAM = sorted((Path(__file__).parents[2] / "manifest/stored/upstream").glob("*.json"))


def test_a_missing_input_is_named(words):
    (words.path / "in/t.txt").unlink()
    found = words.replay("t.parquet")
    assert found["verdict"] == "cannot"
    assert found["why"] == ["--text in/t.txt is not there; if it was moved, give --map OLD=NEW"]


def test_a_builder_that_is_gone_is_named(words):
    (words.path / "words.py").unlink()
    found = words.replay("t.parquet")
    assert found["verdict"] == "cannot"
    assert found["why"] == [
        "its builder words.py is not there; if it was moved, give --map OLD=NEW"
    ]


def test_a_builder_that_no_one_installed_is_named(words):
    words.edit(lambda block: block["code"]["plugin"].update(builder="gone", distribution="x-gone"))
    found = words.replay("t.parquet")
    assert found["verdict"] == "cannot"
    assert "there is no builder gone" in found["why"][0]


def test_an_option_that_the_builder_lost_is_named(words):
    words.edit(lambda block: block["args"].update(letters=True))
    found = words.replay("t.parquet")
    assert found["verdict"] == "cannot"
    assert found["why"][0].endswith("has no option letters any more")


def test_a_value_that_the_builder_does_not_take_is_named(words):
    words.edit(lambda block: block["args"].update(text=3))
    found = words.replay("t.parquet")
    assert found["verdict"] == "cannot"
    assert found["why"][0].startswith("--text: 3 from t.parquet.manifest.json is not a path")


def test_a_builder_that_fails_is_reported_with_what_has_changed(
    installed_lengths, lengths_source, monkeypatch
):
    lengths, install = installed_lengths
    monkeypatch.setenv("WORKS", "1")
    run = ("lengths", "--folder", "in", "--out", "t.parquet", "--overwrite", "--broken")
    lengths.build(*run, code=1)
    monkeypatch.delenv("WORKS")
    install(lengths_source + "# a comment\n")
    found = lengths.replay("t.parquet", "--into", "new/again")
    assert found["verdict"] == "cannot"
    failed, changed, *_ = found["why"]
    assert failed.endswith("failed in build_table: RuntimeError: broken on purpose")
    assert changed == "lengths.py differs in comments or layout only (cosmetic)"
    assert not (lengths.path / "new/again").exists()


def test_a_secret_has_to_be_given_again(lengths, monkeypatch):
    lengths.lengths("--token", "swordfish")
    without = lengths.replay("t.parquet")
    monkeypatch.setenv("TABLEHOST_LENGTHS_TOKEN", "swordfish")
    given = lengths.replay("t.parquet")
    assert (without["verdict"], given["verdict"]) == ("cannot", "reproduced-bytes")
    assert without["why"] == [
        "--token is secret and not in the manifest; set TABLEHOST_LENGTHS_TOKEN"
    ]
    assert "swordfish" not in json.dumps(given)


def test_a_table_that_replaced_its_own_input_needs_the_former_one(bench):
    pq.write_table(pa.table({"clip_name": ["a", "b"]}), bench.path / "first.parquet")
    (bench.path / "m.jsonl").write_text('{"filename": "a", "split": "val"}\n')
    enrich = ("enrich", "--metadata-jsonl", "m.jsonl", "--features-parquet")
    bench.build(*enrich, "first.parquet", "--out", "t.parquet")
    former = (bench.path / "t.parquet").read_bytes()
    bench.build(*enrich, "t.parquet", "--out", "t.parquet", "--overwrite", "--overwrite-metadata")
    (bench.path / "former.parquet").write_bytes(former)
    (bench.path / "m.jsonl").write_text('{"filename": "a", "split": "test"}\n')
    bench.build(*enrich, "t.parquet", "--out", "t.parquet", "--overwrite", "--overwrite-metadata")
    lost = bench.replay("t.parquet")
    assert lost["verdict"] == "cannot"
    assert "was replaced by the table that was made of it" in lost["why"][0]
    found = bench.replay("t.parquet", "--map", "t.parquet=former.parquet")
    assert found["verdict"] == "reproduced-bytes"


@pytest.mark.parametrize("stored", UPSTREAM, ids=lambda path: path.name.partition(".")[0])
def test_what_upstream_wrote_does_not_say_enough(bench, stored):
    (bench.path / "t.parquet.manifest.json").write_text(stored.read_text())
    pq.write_table(pa.table({"x": [1]}), bench.path / "t.parquet")
    assert bench.replay("t.parquet")["verdict"] == "cannot"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("{}", "does not record which builder made the table"),
        ('{"run_provenance": {"args": 3, "inputs": [7], "cwd": {}}}', "does not record which"),
        ('{"run_provenance": {"schema": "ai-run-provenance-v2"}}', "update tablehost"),
    ],
)
def test_a_manifest_that_says_nothing_is_said_to(words, content, why):
    (words.path / "t.parquet.manifest.json").write_text(content)
    found = words.replay("t.parquet")
    assert found["verdict"] == "cannot"
    assert why in found["why"][0]


def test_a_manifest_without_options_is_said_to_lack_them(words):
    words.edit(lambda block: block.pop("args"))
    found = words.replay("t.parquet")
    assert (found["verdict"], found["why"]) == (
        "cannot",
        ["the manifest does not record the options of the run"],
    )


def test_a_table_without_a_manifest_cannot_be_made_again(words):
    (words.path / "t.parquet.manifest.json").unlink()
    found = words.replay("t.parquet")
    assert (found["verdict"], "has no manifest" in found["why"][0]) == ("cannot", True)
