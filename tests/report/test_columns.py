"""What a page draws of columns of text, and what it says where it draws nothing."""

from __future__ import annotations

from tablehost.manifest.read import Manifest
from tablehost.report.columns import columns_of
from tablehost.report.facts import facts_of


def column_of(most, distinct, rows=100, nulls=0):
    """Return what is shown of a column of text, as a manifest records it: by name."""
    texts = {"distinct": distinct, "most": dict(sorted(most.items()))}
    recorded = {"name": "kind", "type": "string", "nulls": nulls, "texts": texts}
    (column,) = columns_of(facts_of([recorded], rows), Manifest()).shown
    return column


def test_texts_that_are_most_of_the_rows_are_drawn_by_how_frequent_they_are():
    column = column_of({"a": 10, "b": 30, "c": 20}, distinct=9, nulls=5)
    assert [part.text for part in column.parts] == [
        "b: 30 (30.0 %)",
        "c: 20 (20.0 %)",
        "a: 10 (10.0 %)",
        "all others: 35 (35.0 %)",
    ]
    assert column.said == "b 30 % · c 20 % · a 10 %"


def test_of_texts_that_are_few_of_the_rows_the_most_frequent_are_named():
    column = column_of({"a": 10, "b": 15, "c": 20}, distinct=40)
    assert (column.parts, column.said) == ((), "40 distinct; c, b …")
