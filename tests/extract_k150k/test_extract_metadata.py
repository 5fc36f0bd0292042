import json
from hashlib import blake2s

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost import Refused
from tablehost_extract_k150k.metadata import SPLIT_POLICY, Column, read_metadata, split_of


@pytest.fixture
def metadata_of(tmp_path):
    def read(*rows, seed="chug-hdr-v1", **kwargs):
        path = tmp_path / "metadata.jsonl"
        lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
        path.write_bytes(b"\n".join(lines) + b"\n")
        return read_metadata(path, seed, **kwargs)

    return read


def refusal(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return "\n".join(caught.value.problems)


def test_a_row_is_found_by_the_base_name_of_src_or_filename(metadata_of):
    rows = metadata_of({"src": "a/b.mp4"}, {"filename": "C:\\x\\c #1.mp4"}).rows
    assert list(rows) == ["b.mp4", "c #1.mp4"]


def test_wanted_keys_that_occur_become_typed_columns_in_their_order(metadata_of):
    columns = metadata_of(
        {"src": "a", "chug_width_manifest": 1, "mos_raw_0_100": 1, "chug_ref": False, "other": 1},
        {"src": "b", "chug_width_manifest": 2, "mos_raw_0_100": 1.5, "chug_name": None},
    ).columns
    assert columns == (
        Column("mos_raw_0_100", float),
        Column("chug_ref", bool),
        Column("chug_width_manifest", int),
        Column("chug_split_key", str),
        Column("chug_split_policy", str),
    )


@pytest.mark.parametrize("other", ["ref", True, [1], {"a": 1}])
def test_values_without_a_common_type_are_refused_with_key_and_lines(metadata_of, other):
    rows = ({"src": "a", "chug_resolution": 540}, {"src": "b", "chug_resolution": other})
    told = refusal(metadata_of, *rows)
    assert "chug_resolution" in told
    assert "int on line 1" in told
    assert "on line 2" in told


def test_an_integer_beyond_64_bits_is_refused(metadata_of):
    assert "line 1 does not fit" in refusal(metadata_of, {"src": "a", "chug_name": 2**63})


def test_malformed_lines_are_counted_with_their_numbers(metadata_of):
    broken = [b"{", b"[]", b"{}", b"\xff", b'{"src": "a", "chug_name": NaN}', b""]
    half = b'{"src": "a", "chug_content_name": "\\ud800"}'
    metadata = metadata_of({"src": "b"}, *broken, half)
    assert [line for line, _ in metadata.malformed] == [2, 3, 4, 5, 6, 8]
    assert metadata.lines == 7


def test_two_lines_that_disagree_are_refused_with_both_numbers(metadata_of):
    told = refusal(metadata_of, {"src": "a", "chug_name": "x"}, {"src": "a", "chug_name": "y"})
    assert "lines 1 and 2 are both about 'a' and disagree on chug_name" in told


def test_two_lines_that_agree_are_one_row(metadata_of):
    row = {"src": "a", "chug_name": "x"}
    assert len(metadata_of(row, {**row, "ignored": 1}).rows) == 1


def test_the_split_is_the_rows_own_or_by_the_content_or_none(metadata_of):
    rows = metadata_of(
        {"src": "a", "split": "val", "chug_content_name": "c"},
        {"src": "b", "split": "other", "chug_content_name": "c"},
        {"src": "c"},
    ).rows
    values = [rows[name].values for name in "abc"]
    assert [one.get("split") for one in values] == ["val", split_of("c", "chug-hdr-v1"), None]
    assert [one["chug_split_key"] for one in values] == ["c", "c", "c"]
    assert {one["chug_split_policy"] for one in values} == {SPLIT_POLICY}


def test_a_content_with_a_reference_and_others_is_refused(metadata_of):
    rows = [
        {"src": "r.mp4", "chug_content_name": "c", "chug_ref": 1},
        {"src": "a.mp4", "chug_content_name": "c", "chug_ref": 0},
        {"src": "b.mp4", "chug_content_name": "c", "chug_ref": 0},
        {"src": "d.mp4", "chug_content_name": "d", "chug_ref": 1},
    ]
    told = refusal(metadata_of, *rows)
    assert "1 contents have a reference of their own (1 reference rows, 2 others)" in told
    assert "'c': reference 'r.mp4', other 'a.mp4'" in told
    assert len(metadata_of(*rows, allow_references=True).rows) == 4


def test_words_for_false_are_false(metadata_of):
    rows = [
        {"src": "a", "chug_content_name": "c", "chug_ref": "0"},
        {"src": "b", "chug_content_name": "c", "chug_ref": "False"},
    ]
    assert len(metadata_of(*rows).rows) == 2


def test_known_splits_stay_where_they_are():
    found = [split_of(f"content-{number}", "chug-hdr-v1") for number in range(2000)]
    assert 0.77 < found.count("train") / 2000 < 0.83
    assert 0.08 < found.count("val") / 2000 < 0.12


@given(st.text(), st.text())
def test_the_split_follows_the_recorded_formula(content, seed):
    raw = blake2s(f"{seed}\0{content}".encode(), digest_size=8).digest()
    place = int.from_bytes(raw, "big") / 2**64
    wanted = "train" if place < 0.80 else "val" if place < 0.90 else "test"
    assert split_of(content, seed) == wanted
