"""What the builders must do alike, since none of them may import another."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from tablehost import Refused
from tablehost.records import NamedRows
from tablehost_combine.columns import FULL_FEATURES
from tablehost_enrich import keys, split
from tablehost_enrich import metadata as enrich
from tablehost_extract_k150k import metadata as extract
from tablehost_extract_k150k import split as extract_split
from tablehost_extract_k150k.features import FEATURES, table_schema

names = st.text(st.characters(exclude_categories=["Cs"]))


def test_extract_and_enrich_keep_the_same_metadata():
    assert keys.KEYS == extract.KEYS
    assert (keys.FILES, keys.CONTENT) == (extract.FILES, extract.CONTENT)


def test_extract_and_enrich_split_by_the_same_rule():
    assert split.SHARES == extract_split.SHARES
    assert [*split.SHARES] == [*extract_split.SHARES]
    assert split.POLICY == extract_split.POLICY


def test_extract_and_combine_have_the_same_features_in_the_same_order():
    extracted = [feature.name for feature in FEATURES]
    combined = list(FULL_FEATURES)
    assert set(combined) - set(extracted) == {"ssimulacra2"}, "which the engine cannot measure"
    assert set(extracted) - set(combined) == {"vmaf"}, "which combine keeps beside the features"
    shared = set(extracted) & set(combined)
    assert [one for one in extracted if one in shared] == [one for one in combined if one in shared]


def test_enrich_protects_every_feature_and_label_of_extract_and_combine():
    columns = [*table_schema({}).names, *FULL_FEATURES, "vmaf"]
    assert all(map(keys.is_protected, columns))
    assert not any(map(keys.is_protected, keys.KEYS))


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | names


@given(plain, plain | st.sampled_from([*split.SHARES]), names)
def test_extract_and_enrich_split_by_the_same_content_of_any_type(content, own, seed):
    columns = {"chug_content_name": [content], "split": [own]}
    rows = NamedRows(path=Path("m"), names=["clip"], lines=[1], columns=columns)
    assert split.split_columns(rows, seed) == extract_split.split_columns(rows, seed)


values = plain | st.sampled_from([2**53 + 1, 2**63, 0.5, "\ud800", [], {}, "train"])
files = st.sampled_from(["x/a", "b", "c\\d", "", 5, 0.5, "\ud800", "x/"])
naming = st.dictionaries(st.sampled_from(["clip_name", "src", "filename"]), files, max_size=2)
wanted = st.dictionaries(st.sampled_from([*extract.KEYS, "other"]), values, max_size=3)
objects = st.builds(lambda *parts: json.dumps(parts[0] | parts[1]).encode(), naming, wanted)
odd = st.sampled_from(
    [b"", b"[]", b"{", b'{"src": NaN}', b'{"src": "a"} 1', b"\xff", b"\xef\xbb\xbf"]
)
lines = st.lists(objects | odd | st.binary(max_size=4), max_size=6)


@given(lines)
def test_extract_and_enrich_read_any_lines_alike(raws):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.jsonl"
        path.write_bytes(b"\n".join([*raws, b'{"src": "last"}']))
        extracted = outcome(lambda: extract.read_metadata(path, "s", allow_references=True))
        enriched = outcome(lambda: enrich.read_metadata(path, keys.KEYS, key="clip_name", seed="s"))
    assert extracted == enriched


def outcome(read):
    """Return what is read as plain values, or why it is refused."""
    try:
        found = read()
    except Refused as refused:
        return refused.problems
    columns = {key: (one.type, one.to_pylist()) for key, one in found.columns.items()}
    return (found.names.to_pylist(), columns, found.lines, found.malformed)
