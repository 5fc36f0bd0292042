"""What two builders must do alike, since neither may import the other."""

from hypothesis import given
from hypothesis import strategies as st

from tablehost_enrich import keys, split
from tablehost_extract_k150k import metadata

names = st.text(st.characters(exclude_categories=["Cs"]))


@given(names, names)
def test_extract_and_enrich_put_a_content_into_the_same_split(content, seed):
    assert split.split_of(content, seed) == metadata.split_of(content, seed)


def test_extract_and_enrich_keep_the_same_metadata():
    assert keys.KEYS == metadata.KEYS
    assert split.POLICY == metadata.SPLIT_POLICY
    assert set(split.SPLITS) == set(metadata.SPLITS)


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | names


@given(plain, plain | st.sampled_from(split.SPLITS), names)
def test_extract_and_enrich_split_by_the_same_content_of_any_type(content, own, seed):
    values = {"chug_content_name": content, "split": own}
    extracted = metadata.wanted_of("clip", values, seed)
    enriched = split.split_columns(["clip"], [content], [own], seed)
    assert {key: extracted.get(key) for key in enriched} == {
        key: found for key, (found,) in enriched.items()
    }
