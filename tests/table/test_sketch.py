"""The bars of a column, drawn from its recorded histogram."""

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost.table.histogram import Distribution
from tablehost.table.sketch import sketch

BARS = " ▁▂▃▄▅▆▇█"
CELLS = 20


def column_of(values):
    """Return what a manifest records of some numbers."""
    found = Distribution()
    found.update(np.array(values, float), min(values), max(values))
    histogram = attrs.asdict(found.finish())
    return {"histogram": histogram, "min": min(values), "max": max(values)}


def bars_of(counts):
    return "".join(BARS[max(1, round(8 * one / max(counts))) if one else 0] for one in counts)


@given(st.lists(st.integers(-8, 7), min_size=2, max_size=200).filter(lambda one: len({*one}) > 1))
def test_a_few_values_are_drawn_where_they_are(values):
    counts, _ = np.histogram(values, CELLS, (min(values), max(values)))
    assert sketch(column_of(values), CELLS) == bars_of(counts.tolist())


def test_many_values_are_drawn_as_a_histogram_of_them_would_be():
    values = np.random.default_rng(0).normal(3, 2, 20_000)
    counts, _ = np.histogram(values, CELLS)
    drawn = sketch(column_of(values), CELLS)
    wanted = bars_of(counts.tolist())
    assert all(abs(BARS.index(a) - BARS.index(b)) <= 1 for a, b in zip(drawn, wanted, strict=True))


def test_values_of_either_sign_and_of_every_size_are_drawn():
    sizes = np.geomspace(1e-9, 1e9, 500)
    column = column_of([*-sizes, *sizes])
    assert column["histogram"]["form"] == "log"
    drawn = sketch(column, 11)
    assert (drawn[5], drawn) == ("█", drawn[::-1])


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=60))
def test_a_sketch_has_a_bar_for_each_cell_or_nothing_where_all_is_the_same(values):
    drawn = sketch(column_of(values), CELLS)
    has_cells = 0 < (max(values) - min(values)) / CELLS < float("inf")
    assert (len(drawn), "█" in drawn) == ((CELLS, True) if has_cells else (0, False))


@pytest.mark.parametrize(
    "histogram",
    [
        None,
        {},
        {"form": "linear", "scale": 0, "bins": ""},
        {"form": "linear", "scale": 99999, "bins": "1:1 2:1"},
        {"form": "log", "scale": 2, "bins": f"{2**70}:1 3:4"},
        {"form": "values", "scale": 0, "bins": "a:b"},
        {"form": "linear", "scale": "x", "bins": 7},
    ],
)
def test_a_histogram_in_another_form_is_not_drawn(histogram):
    assert sketch({"histogram": histogram, "min": 0.0, "max": 1.0}, CELLS) == ""
