"""`tablehost replay --sample`: the affordable proof for a table that took days."""

from math import comb

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tablehost.items.sample import Sample, caught


def tamper(path, names):
    """Add one to the length of some rows of a table."""
    rows = pq.read_table(path).to_pylist()
    for row in rows:
        row["length"] += row["name"] in names
    pq.write_table(pa.Table.from_pylist(rows), path)


def test_a_sample_of_a_good_table_says_how_much_it_proves(lengths):
    ledger = (lengths.path / "t.parquet.ledger").read_bytes()
    found = lengths.replay("t.parquet", "--sample", 8)
    assert found["verdict"] == "reproduced-rows"
    assert found["rows"]["compared"] == 8
    assert found["sample"] == {"items": 8, "of": 20, "seed": 0, "share": 0.3}
    assert (lengths.path / "t.parquet.ledger").read_bytes() == ledger


def test_a_sample_finds_rows_that_were_tampered_with(lengths):
    tamper(lengths.path / "t.parquet", {f"{number:02d}.txt" for number in range(10)})
    found = lengths.replay("t.parquet", "--sample", 8)
    assert found["verdict"] == "differs"
    assert 1 <= found["rows"]["changed_rows"] <= 8
    assert found["rows"]["columns"]["length"]["largest"] == 1.0
    assert found["why"] == ["the table's rows are no longer those of its manifest"]


def test_a_sample_finds_rows_that_are_gone(lengths):
    table = pq.read_table(lengths.path / "t.parquet")
    pq.write_table(table.slice(0, 10), lengths.path / "t.parquet")
    found = lengths.replay("t.parquet", "--sample", 8)
    assert (found["verdict"], found["rows"]["changed_rows"]) == ("differs", 0)
    assert 1 <= found["rows"]["added"] <= 8


def test_the_seed_decides_which_items_are_drawn(lengths):
    tamper(lengths.path / "t.parquet", {"15.txt"})
    found = [lengths.replay("t.parquet", "--sample", 5, "--seed", seed) for seed in (0, 1)]
    assert [one["sample"]["seed"] for one in found] == [0, 1]
    assert {one["rows"]["changed_rows"] for one in found} == {0, 1}


def test_a_sample_of_good_rows_does_not_vouch_for_a_table_with_a_bad_one(lengths):
    tamper(lengths.path / "t.parquet", {"15.txt"})
    found = lengths.replay("t.parquet", "--sample", 1)
    assert (found["verdict"], found["rows"]["changed_rows"]) == ("differs", 0)
    assert found["why"] == ["the table's rows are no longer those of its manifest"]


def test_that_a_table_was_written_again_is_a_remark(lengths):
    tamper(lengths.path / "t.parquet", set())
    found = lengths.replay("t.parquet", "--sample", 8)
    assert found["verdict"] == "reproduced-rows"
    assert found["remarks"] == ["the table was written again since: other bytes, the same rows"]


def test_the_same_items_are_drawn_in_any_order():
    items = [f"{number:02d}" for number in range(50)]
    drawn = Sample(5, 3, leave_out={"07"}).draw(items, str)
    assert drawn == Sample(5, 3, leave_out={"07"}).draw(reversed(items), str)
    assert len(set(drawn) - {"07"}) == 5


def test_an_item_that_fails_only_now_is_a_finding(installed_lengths, lengths_source):
    lengths, install = installed_lengths
    install(lengths_source.replace('== "bad"', '!= "x"'))
    found = lengths.replay("t.parquet", "--sample", 20)
    assert found["verdict"] == "code-changed"
    assert len(found["why"]) == 19
    assert found["why"][0] == "00.txt failed this time: bad: it is bad"


def test_the_answer_says_what_a_sample_proves(lengths):
    ended = lengths.tablehost("replay", "t.parquet", "--trust", "--sample", 8)
    proof = "8 of 20 items, seed 0; a sample this size catches 30.00 % bad items or more with"
    said = f"reproduced-rows  t.parquet\n  sample: {proof} 95 % probability\n"
    assert (ended.code, ended.out) == (0, said)


def test_a_builder_that_does_not_work_item_by_item_cannot_be_sampled(words):
    found = words.replay("t.parquet", "--sample", 1)
    assert (found["verdict"], found["why"]) == (
        "cannot",
        ["its builder does not work item by item; replay it without --sample"],
    )


def test_a_sample_needs_the_table_itself(lengths):
    (lengths.path / "t.parquet").unlink()
    found = lengths.replay("t.parquet.manifest.json", "--sample", 1)
    assert found["verdict"] == "cannot"
    assert found["why"] == [
        "the table is not there, and the rows of a sample are compared with its own"
    ]


@pytest.mark.parametrize("drawn", [1, 2, 7, 29, 30])
def test_the_share_is_the_least_that_nineteen_of_twenty_samples_would_hold(drawn):
    of = 30
    bad = round(caught(drawn, of) * of)
    assert missed(drawn, of, bad) <= 0.05 < missed(drawn, of, bad - 1)


def missed(drawn, of, bad):
    """Return how often a sample holds none of the bad ones, out of all samples there are."""

    return comb(of - bad, drawn) / comb(of, drawn)


def test_of_a_large_table_the_share_follows_the_rule_of_three():
    assert caught(1000, 1_000_000) == pytest.approx(0.003, rel=0.01)
