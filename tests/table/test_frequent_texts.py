"""The frequent texts of a column."""

from collections import Counter

import pyarrow as pa
import pytest
from any_arrays import TEXT, column, nullable, pieces_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tablehost.table.column import Texts
from tablehost.table.frequent import LONGEST, MOST_TEXTS, SHOWN
from tablehost.table.write import digest_table

UNCOUNTED = Texts(distinct=None, most={})


@given(st.lists(nullable(TEXT | st.sampled_from("abc")), max_size=60), st.data())
@settings(max_examples=100)
def test_the_most_frequent_texts_are_exact_for_any_chunking_and_order(texts, data):
    array = pa.array(texts, pa.string())
    pieces = pieces_of(data.draw, pa.array(texts[::-1], pa.string()), array)
    schema = pa.schema({"x": pa.string()})
    batches = [pa.record_batch([piece], schema=schema) for piece in pieces]
    _, (seen,) = digest_table(batches, schema=schema)
    counts = Counter(text for text in texts if text is not None)
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:SHOWN]
    assert seen.texts == Texts(distinct=len(counts), most=dict(ranked))
    assert list(seen.texts.most) == [text for text, _ in ranked]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view()])
def test_texts_of_every_layout_are_counted(kind):
    assert column(["a", "b", "a"], type=kind).texts == Texts(distinct=2, most={"a": 2, "b": 1})


def test_the_texts_of_a_dictionary_are_counted():
    array = pa.array(["a", None, "b", "a"]).dictionary_encode()
    assert column(array).texts == Texts(distinct=2, most={"a": 2, "b": 1})


def test_texts_are_counted_up_to_a_number_of_different_ones():
    texts = [str(number) for number in range(MOST_TEXTS)]
    assert column([*texts, "7"]).texts.distinct == MOST_TEXTS
    assert column([*texts, "7"]).texts.most["7"] == 2
    assert column([*texts, "more"]).texts == UNCOUNTED
    pieces = pa.chunked_array([texts, ["7"], ["more"], ["7"]])
    assert digest_table(pa.table({"x": pieces}))[1][0].texts == UNCOUNTED


def test_a_text_that_is_long_or_not_utf8_is_not_counted():
    assert column(["ü" * (LONGEST // 2)]).texts.distinct == 1
    assert column(["a", "ü" * (LONGEST // 2) + "x"]).texts == UNCOUNTED
    assert column(pa.array([b"\xff"]).view(pa.string())).texts == UNCOUNTED


@pytest.mark.parametrize("values", [[1], [True], [b"x"], [["x"]], [None]])
def test_other_columns_have_no_texts(values):
    assert column(values).texts is None
