"""Histograms of columns."""

import json
import math
import struct

import numpy as np
import pyarrow as pa
import pytest
from any_arrays import NUMBERS, column, pieces_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tablehost.table import histogram
from tablehost.table.histogram import MOST_BINS, MOST_VALUES, Linear, Log
from tablehost.table.write import digest_table

MANY = settings(max_examples=80)
FEW = settings(max_examples=40)
SHAPES = {
    "uniform": lambda random, size: random.random(size),
    "normal": lambda random, size: random.normal(size=size),
    "exponential": lambda random, size: random.exponential(size=size),
    "lognormal": lambda random, size: random.lognormal(0, 2, size),
    "with an outlier": lambda random, size: np.append(random.normal(size=size - 1), 1e9),
    "two hills": lambda random, size: (
        np.where(random.random(size) < 0.3, 0, 9) + random.random(size)
    ),
}
SMOOTH = ["exponential", "lognormal", "normal", "uniform", "with an outlier"]


@pytest.fixture(autouse=True, scope="module")
def small_blocks():
    """Count few values at once, in a small window, so that examples have many of both."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(histogram, "_FIRST", 8)
        patch.setattr(histogram, "_BLOCK", 16)
        patch.setattr(histogram, "_WINDOW", 64)
        yield


@st.composite
def numbers(draw):
    """Draw numbers of a type: from anywhere, or many from one of many shapes."""
    kind, values = draw(NUMBERS)
    if draw(st.booleans()):
        return pa.array(values, kind)
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.sampled_from(sorted(SHAPES)))
    found = SHAPES[shape](random, draw(st.integers(20, 300)))
    found = found * 10.0 ** draw(st.integers(-8, 8)) + draw(st.sampled_from([0, -3, 1e6]))
    to = draw(st.sampled_from([pa.float64(), pa.float32(), pa.int64()]))
    return pa.array(found).cast(to, safe=False)


def finite(array):
    values = np.array(array.drop_null().to_pylist(), "f8") + 0.0
    return values[np.isfinite(values)]


def parsed(found):
    """Return the bins of a histogram with their counts."""
    pairs = [each.split(":") for each in found.bins.split(" ")]
    return [(json.loads(one), int(n)) for one, n in pairs]


def edge(found, key):
    """Return where a bin from 0 up begins."""
    if found.form == "linear":
        return key * 2.0**found.scale
    return struct.unpack("<d", struct.pack("<q", key << found.scale))[0]


def ends(found, key):
    """Return the bounds of a bin; it has the one that is nearer to zero."""
    if found.form == "values":
        return key, key
    if key < 0:
        low, high = ends(found, ~key)
        return -high, -low
    return edge(found, key), edge(found, key + 1)


def counted(found, values):
    """Count numbers by the bins of a histogram, one after the other."""
    counts = []
    for key, _ in parsed(found):
        low, high = ends(found, key)
        if found.form == "values":
            inside = [value == low for value in values]
        elif key < 0:
            inside = [low < value <= high for value in values]
        else:
            inside = [low <= value < high for value in values]
        counts.append((key, sum(inside)))
    return counts


@given(numbers())
@MANY
def test_every_finite_value_is_in_the_one_bin_that_counts_it(array):
    found = column(array).histogram
    values = [one for one in array.to_pylist() if one is not None and math.isfinite(one)]
    if not values:
        assert found is None
        return
    bins = parsed(found)
    assert counted(found, values) == bins
    assert sum(count for _, count in bins) == len(values)
    assert [key for key, _ in bins] == sorted(key for key, _ in bins)
    assert (found.form == "values") == (len(set(values)) <= MOST_VALUES)
    assert len(bins) <= MOST_BINS


@given(numbers(), st.data())
@MANY
def test_a_histogram_is_the_same_for_any_chunking_and_order(array, data):
    order = data.draw(st.integers(0, 2**32).map(np.random.default_rng)).permutation(len(array))
    shuffled = array.take(pa.array(order))
    pieces = pieces_of(data.draw, shuffled, array)
    schema = pa.schema({"x": array.type})
    batches = [pa.record_batch([piece], schema=schema) for piece in pieces]
    _, (seen,) = digest_table(batches, schema=schema)
    assert seen.histogram == column(array).histogram


def filled(form, values):
    bins = form()
    bins.update(values, np.array([values.min(), values.max()]))
    return bins


@pytest.mark.parametrize("form", [Linear, Log])
@given(numbers(), st.floats(0, 1))
@FEW
def test_bins_of_parts_add_up_to_those_of_the_whole(form, array, share):
    values = finite(array)
    cut = int(share * len(values))
    assume(0 < cut < len(values))
    parts = [filled(form, part) for part in (values[:cut], values[cut:])]
    narrow, wide = sorted(parts, key=lambda bins: bins.scale)
    wide.add(narrow.bins >> (wide.scale - narrow.scale), narrow.counts)
    assert wide.finish() == filled(form, values).finish()


@pytest.mark.parametrize("form", [Linear, Log])
@given(numbers())
@FEW
def test_bins_are_no_wider_than_they_must_be(form, array):
    values = finite(array)
    assume(len(values))
    bins, least = filled(form, values), form()
    least.reach(values)
    bins.scale -= 1
    narrower = len(set(bins.bins_of(values).tolist()))
    assert narrower > MOST_BINS or bins.scale < least.scale


def rank_error(seen, values, share):
    """Return how far a quantile that is read off a column is from its place among the values."""
    bins = parsed(seen.histogram)
    before = np.cumsum([0, *(count for _, count in bins)])
    at = min(int(np.searchsorted(before, share * len(values), "right")) - 1, len(bins) - 1)
    low, high = np.clip(ends(seen.histogram, bins[at][0]), seen.min, seen.max)
    value = low + (high - low) * (share * len(values) - before[at]) / bins[at][1]
    least, most = (np.searchsorted(values, value, side) / len(values) for side in ("left", "right"))
    return max(0.0, least - share, share - most)


@given(st.sampled_from(SMOOTH), st.integers(0, 2**32), st.floats(1e-6, 1e6))
@settings(max_examples=25)
def test_quantiles_are_read_off_with_a_rank_error_of_at_most_four_in_a_thousand(shape, seed, size):
    values = np.sort(SHAPES[shape](np.random.default_rng(seed), 20_000) * size)
    seen = column(pa.array(values))
    shares = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
    assert max(rank_error(seen, values, share) for share in shares) <= 0.004


def test_few_values_are_counted_each():
    seen = column([25.0, 29.97, None, math.nan, 25.0, math.inf, -0.0, 0.0])
    assert seen.histogram == histogram.Histogram(
        form="values", scale=0, bins="0.0:2 25.0:2 29.97:1"
    )
    assert column([2**64 - 1, 3], type=pa.uint64()).histogram.bins == f"3:1 {2**64 - 1}:1"


@pytest.mark.parametrize("sign", [1, -1])
def test_integers_that_are_no_doubles_are_in_their_own_bins(sign):
    values = [sign * (2**60 - 1 - number) for number in range(20)]
    found = column(values, type=pa.int64()).histogram
    assert counted(found, values) == parsed(found)


def test_bools_are_counted_as_zeros_and_ones():
    assert column([True, None, False, True]).histogram.bins == "0:1 1:2"


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us", "UTC")])
def test_dates_and_timestamps_are_counted_in_their_unit_since_1970(kind):
    assert column([-1, 5, None, 5], type=kind).histogram.bins == "-1:1 5:2"
    many = column(range(1000, 1100), type=kind).histogram
    assert (many.form, sum(count for _, count in parsed(many))) == ("linear", 100)


@pytest.mark.parametrize("values", [["x"], [b"x"], [[1]], [None], [math.nan, None]])
def test_other_columns_and_those_without_a_finite_value_have_no_histogram(values):
    assert column(values).histogram is None


def test_an_outlier_leaves_the_other_values_apart():
    random = np.random.default_rng(0)
    found = column(pa.array(np.append(random.normal(80, 6, 10_000), 1e12))).histogram
    assert max(count for _, count in parsed(found)) < 1000


def test_values_over_many_magnitudes_are_counted_in_bins_that_grow():
    assert column(pa.array(10.0 ** np.linspace(-9, 9, 1000))).histogram.form == "log"
