import json
from hashlib import blake2s

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost import Refused
from tablehost.split import hash_split
from tablehost_extract_k150k.metadata import read_metadata
from tablehost_extract_k150k.split import POLICY, SHARES


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


def column(metadata, key):
    return metadata.columns[key].to_pylist() if key in metadata.columns else None


def test_a_row_is_found_by_the_base_name_of_src_or_filename(metadata_of):
    names = metadata_of(
        {"src": "a/b.mp4", "split": "val"}, {"filename": "C:\\x\\c #1.mp4", "chug_name": "c"}
    ).names
    assert names.to_pylist() == ["b.mp4", "c #1.mp4"]


def test_wanted_keys_that_occur_become_typed_columns_in_their_order(metadata_of):
    columns = metadata_of(
        {"src": "a", "chug_width_manifest": 1, "mos_raw_0_100": 1, "chug_ref": False, "other": 1},
        {"src": "b", "chug_width_manifest": 2, "mos_raw_0_100": 1.5, "chug_name": None},
    ).columns
    assert [(key, values.type) for key, values in columns.items()] == [
        ("mos_raw_0_100", pa.float64()),
        ("chug_ref", pa.bool_()),
        ("chug_width_manifest", pa.int64()),
    ]


@pytest.mark.parametrize("other", ["ref", True, [1], {"a": 1}])
def test_values_without_a_common_type_are_refused_with_key_and_lines(metadata_of, other):
    rows = ({"src": "a", "chug_resolution": 540}, {"src": "b", "chug_resolution": other})
    said = refusal(metadata_of, *rows)
    assert "chug_resolution" in said
    assert "integer on line 1" in said
    assert "on line 2" in said


def test_an_integer_beyond_64_bits_is_refused(metadata_of):
    said = refusal(metadata_of, {"src": "a", "chug_name": 2**63})
    assert f"do not fit into 64 bits: {2**63} on line 1" in said


def test_malformed_lines_are_counted_with_their_numbers(metadata_of):
    broken = [b"{", b"[]", b"{}", b"\xff", b'{"src": "a", "chug_name": NaN}', b""]
    surrogate = b'{"src": "\\ud800", "chug_content_name": "c"}'
    metadata = metadata_of({"src": "b"}, *broken, surrogate)
    assert [one.line for one in metadata.malformed] == [2, 3, 4, 5, 6, 8]
    assert metadata.lines == 7


def test_an_unpaired_surrogate_in_a_kept_value_is_refused(metadata_of):
    said = refusal(metadata_of, b'{"src": "a", "chug_content_name": "\\ud800"}')
    assert "'chug_content_name' have an unpaired surrogate, which is not valid Unicode" in said
    assert "on line 1" in said


def test_two_lines_that_disagree_are_refused_with_both_numbers(metadata_of):
    said = refusal(metadata_of, {"src": "a", "chug_name": "x"}, {"src": "a", "chug_name": "y"})
    assert "lines 1 and 2 are both about 'a' and disagree on chug_name" in said


def test_two_lines_that_agree_are_one_row(metadata_of):
    row = {"src": "a", "chug_name": "x"}
    assert len(metadata_of(row, {**row, "ignored": 1}).names) == 1


def test_the_split_is_the_rows_own_or_by_the_content_or_none(metadata_of):
    metadata = metadata_of(
        {"src": "a", "split": "val", "chug_content_name": "c"},
        {"src": "b", "split": "other", "chug_content_name": "c"},
        {"src": "c", "split": "other", "chug_name": "n"},
        {"src": "d", "split": "val"},
    )
    hashed = hash_split("c", "chug-hdr-v1", SHARES)
    assert column(metadata, "split") == ["val", hashed, None, "val"]
    assert column(metadata, "chug_split_key") == ["c", "c", None, "d"]
    assert column(metadata, "chug_split_policy") == [POLICY, POLICY, None, POLICY]


def test_a_line_without_a_kept_key_is_no_metadata(metadata_of):
    metadata = metadata_of({"src": "a", "other": 1}, {"src": "b", "chug_name": "n"}, {"src": "c"})
    assert metadata.names.to_pylist() == ["b"]
    assert column(metadata, "chug_name") == ["n"]
    assert metadata.lines == 3


REFERENCES = [
    {"src": "r.mp4", "chug_content_name": "c", "chug_ref": 1},
    {"src": "a.mp4", "chug_content_name": "c", "chug_ref": 0},
    {"src": "b.mp4", "chug_content_name": "c", "chug_ref": 0},
    {"src": "d.mp4", "chug_content_name": "d", "chug_ref": 1},
]


def test_a_content_with_a_reference_and_others_is_refused(metadata_of):
    said = refusal(metadata_of, *REFERENCES)
    assert "1 contents have a reference of their own (1 reference rows, 2 others)" in said
    assert "'c': reference 'r.mp4', other 'a.mp4'" in said
    assert len(metadata_of(*REFERENCES, allow_references=True).names) == 4


def test_references_are_counted_once_where_lines_repeat_and_beside_other_problems(metadata_of):
    mixed = {"src": "e.mp4", "chug_name": 1}, {"src": "f.mp4", "chug_name": "x"}
    said = refusal(metadata_of, *REFERENCES, *REFERENCES, *mixed)
    assert "(1 reference rows, 2 others)" in said
    assert "'chug_name' have no common type" in said


def test_words_for_false_are_false(metadata_of):
    metadata = metadata_of(
        {"src": "a", "chug_content_name": "c", "chug_ref": "0"},
        {"src": "b", "chug_content_name": "c", "chug_ref": "False"},
    )
    assert len(metadata.names) == 2


def test_known_splits_stay_where_they_are():
    found = [hash_split(f"content-{number}", "chug-hdr-v1", SHARES) for number in range(2000)]
    assert 0.77 < found.count("train") / 2000 < 0.83
    assert 0.08 < found.count("val") / 2000 < 0.12


@given(st.text(), st.text())
def test_the_split_follows_the_recorded_formula(content, seed):
    raw = blake2s(f"{seed}\0{content}".encode(), digest_size=8).digest()
    place = int.from_bytes(raw, "big") / 2**64
    wanted = "train" if place < 0.80 else "val" if place < 0.90 else "test"
    assert hash_split(content, seed, SHARES) == wanted
