"""What the builders must do alike, since none of them may import another."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tablehost.records import NamedRows
from tablehost_combine.columns import FULL_FEATURES
from tablehost_enrich import keys, split
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
