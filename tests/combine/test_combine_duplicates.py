"""Rows that have the corpus, source and frame_index of an earlier one: counted, answer, refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost_combine import combination, duplicates


def test_rows_of_one_corpus_source_and_frame_are_counted(bench):
    bench.shard(source=["s"] * 3, frame_index=[1, 1, 1])
    ended = bench.combine("--input", "x=a.parquet")
    assert ended.code == 0
    assert "('x', 's', 1), which occurs 3 times" in ended.err
    assert bench.manifest()["stats"]["duplicate_rows"] == 2


def test_duplicates_are_refused_where_they_are_an_error(bench):
    bench.shard(source=["s"] * 3, frame_index=[1, 2, 1])
    said = bench.refused("--input", "x=a.parquet", "--on-duplicate", "error")
    assert "1 rows have the corpus, source and frame_index of an earlier one" in said


def test_the_same_frame_of_two_corpora_is_no_duplicate(bench):
    bench.shard("a.parquet", source=["s"] * 3)
    bench.shard("b.parquet", source=["s"] * 3)
    tokens = ("--input", "x=a.parquet", "--input", "y=b.parquet", "--on-duplicate", "error")
    assert bench.combine(*tokens).code == 0
    assert bench.manifest()["stats"]["duplicate_rows"] == 0


def test_keys_of_one_hash_are_no_duplicates(bench, monkeypatch):
    monkeypatch.setattr(duplicates, "key_hashes", lambda batch: np.zeros(batch.num_rows, "<u8"))
    bench.shard(source=["s", "s", "t"], frame_index=[1, 2, 1])
    assert bench.combine("--input", "x=a.parquet").code == 0
    assert bench.manifest()["stats"]["duplicate_rows"] == 0


def test_too_many_rows_are_not_searched_for_duplicates_and_this_is_said(bench, monkeypatch):
    monkeypatch.setattr(combination, "MOST_ROWS", 2)
    bench.shard()
    ended = bench.combine("--input", "x=a.parquet")
    assert "duplicates are not counted" in ended.err
    assert bench.manifest()["stats"]["duplicate_rows"] is None


def test_duplicates_cannot_be_an_error_where_they_are_not_looked_for(bench, monkeypatch):
    monkeypatch.setattr(combination, "MOST_ROWS", 2)
    bench.shard()
    said = bench.refused("--input", "x=a.parquet", "--on-duplicate", "error")
    assert "--on-duplicate: duplicates are looked for in 2 rows at most, and these are 3" in said


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_keys_are_counted_alike_however_few_are_held_at_once(bench, monkeypatch, rows):
    monkeypatch.setattr(duplicates, "_AT_ONCE", 2)
    names = [name for name in "abcde" for _ in range(rows)]
    bench.shard(rows=len(names), source=names, frame_index=[0] * len(names))
    ended = bench.combine("--input", "x=a.parquet")
    assert ended.code == 0
    assert bench.manifest()["stats"]["duplicate_rows"] == 5 * (rows - 1)
    assert (f"which occurs {rows} times" in ended.err) is (rows > 1)


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(2, 9))
def test_every_hash_that_repeats_is_found_once(tmp_path_factory, values, at_once):
    path = tmp_path_factory.mktemp("hashes") / "keys"
    hashes = duplicates.KeyHashes(path)
    path.write_bytes(np.array(values, "<u8").tobytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_AT_ONCE", at_once)
        found = hashes.repeated().tolist()
    counts = pd.Series(values, dtype="int64").value_counts()
    assert found == sorted(counts[counts > 1].index)
