"""Counts, bounds, mean and deviation."""

import datetime as dt
import json
import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from any_arrays import NUMBERS, column, pieces_of
from hypothesis import given
from hypothesis import strategies as st

from tablehost.table.write import digest_table

pytestmark = pytest.mark.usefixtures("small_blocks")


@given(NUMBERS, st.data())
def test_statistics_are_numpys_and_the_same_for_any_chunking(typed, data):
    kind, values = typed
    array = pa.array(values, kind)
    schema = pa.schema({"x": kind})
    batches = [
        pa.record_batch([piece], schema=schema) for piece in pieces_of(data.draw, array, array)
    ]
    _, (seen,) = digest_table(batches, schema=schema)
    assert repr(seen) == repr(column(array))
    json.dumps([seen.min, seen.max, seen.mean, seen.std], allow_nan=False)
    present = [value for value in array.to_pylist() if value is not None]
    finite = np.array([v for v in present if math.isfinite(v)], kind.to_pandas_dtype())
    assert (seen.nulls, seen.nan) == (array.null_count, sum(math.isnan(v) for v in present))
    assert seen.inf == sum(math.isinf(v) for v in present)
    if not len(finite):
        assert (seen.min, seen.max, seen.mean, seen.std) == (None, None, None, None)
        return
    assert (seen.min, seen.max) == (finite.min().item(), finite.max().item())
    if float(np.abs(finite.astype("f8")).max()) < 1e150:
        wide = finite.astype("f8")
        close = 1e-9 * max(1e-300, float(np.abs(wide).max()))
        assert seen.mean == pytest.approx(wide.mean(), rel=1e-9, abs=close)
        assert seen.std == pytest.approx(wide.std(), rel=1e-7, abs=close)


def test_dates_and_timestamps_have_bounds_as_text():
    day = dt.date(2024, 2, 29)
    seen = column([day, None, dt.date(1969, 1, 1)])
    assert (seen.min, seen.max, seen.mean, seen.std) == ("1969-01-01", "2024-02-29", None, None)
    seen = column([1], type=pa.timestamp("ms", "Europe/Berlin"))
    assert (seen.min, seen.type) == ("1970-01-01T00:00:00.001Z", "timestamp[ms, Europe/Berlin]")
    assert column([1], type=pa.timestamp("us")).max == "1970-01-01T00:00:00.000001"


@pytest.mark.parametrize("values", [["x"], [True], [b"x"], [[1]], [Decimal("1.5")], [None]])
def test_other_columns_have_no_bounds(values):
    seen = column(values)
    assert (seen.min, seen.max, seen.mean, seen.std) == (None, None, None, None)


def test_a_constant_column_does_not_deviate():
    seen = column([0.1] * 23)
    assert (seen.mean, seen.std) == (0.1, 0.0)


def test_numbers_too_large_to_add_up_have_bounds_only():
    seen = column([1e308, -1e308, 1.7e308])
    assert (seen.min, seen.max, seen.mean, seen.std) == (-1e308, 1.7e308, None, None)


def test_large_integers_keep_exact_bounds():
    seen = column([2**64 - 1, 2**64 - 3], type=pa.uint64())
    assert (seen.min, seen.max) == (2**64 - 3, 2**64 - 1)
    assert seen.mean == pytest.approx(2.0**64)


@pytest.mark.parametrize(
    ("values", "kind", "mean"),
    [
        ([2**63 - 1, -(2**63)], pa.int64(), -0.5),
        ([2**63 - 1, -(2**63)] * 20 + [3, None], pa.int64(), -17 / 41),
        ([-(2**63)] * 21, pa.int64(), -(2.0**63)),
        ([2**64 - 1, 1], pa.uint64(), 2.0**63),
        ([2**53 + 1, 2**53 + 1, -(2**53) - 1, -(2**53) - 3], pa.int64(), -0.5),
    ],
)
def test_the_mean_of_integers_that_are_no_float64_is_exact(values, kind, mean):
    assert column(values, type=kind).mean == mean


def test_only_a_column_with_null_and_nan_has_a_digest_of_which_is_which():
    assert column([None, 1.0]).missing is column([math.nan, 1.0]).missing is None
    assert column([None, math.nan]).missing != column([math.nan, None]).missing
    pieces = pa.chunked_array([[None], [math.nan, 1.0], [None]], pa.float64())
    _, (seen,) = digest_table(pa.table({"x": pieces}))
    assert seen == column([None, math.nan, 1.0, None])


def test_zero_has_no_sign_in_statistics():
    assert str(column([-0.0, -0.0])) == str(column([-0.0, -0.0]))
    seen = column([-0.0, 0.0])
    assert [math.copysign(1, v) for v in (seen.min, seen.max, seen.mean)] == [1, 1, 1]


def test_infinities_are_counted_and_left_out():
    seen = column([math.inf, 1.0, -math.inf, math.nan, None, 3.0])
    assert (seen.inf, seen.nan, seen.nulls) == (2, 1, 1)
    assert (seen.min, seen.max, seen.mean, seen.std) == (1.0, 3.0, 2.0, 1.0)
