"""The rows of two tables, compared exactly: by key, else by position."""

import math
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost.table.read import opened
from tablehost.trust.diff.rows import compare_rows


def compare_files(a, b, **options):
    with opened(a, "a") as first, opened(b, "b") as second:
        return compare_rows(first, second, **options)


@pytest.fixture
def compare(tmp_path):
    def compared(a, b, key=None, **options):
        paths = []
        for name, data in (("a", a), ("b", b)):
            paths.append(tmp_path / f"{name}.parquet")
            pq.write_table(data if isinstance(data, pa.Table) else pa.table(data), paths[-1])
        return compare_files(*paths, key=key, **options)

    return compared


# ------------------------------------------------------- the definition again, in plain Python

TIMES = pa.timestamp("us", "UTC")
KINDS = {
    "f64": (pa.float64(), st.sampled_from([None, math.nan, 0.0, -0.0, 1.5, 1e-9, math.inf])),
    "f32": (pa.float32(), st.sampled_from([None, math.nan, 0.0, -0.0, 1.5, -math.inf])),
    "int": (pa.int64(), st.sampled_from([None, 0, 2**63 - 1, 2**63 - 2, -(2**63)])),
    "text": (pa.string(), st.sampled_from([None, "", "a", "b\0c"])),
    "bool": (pa.bool_(), st.sampled_from([None, True, False])),
    "time": (TIMES, st.sampled_from([None, 0, 1])),
    "list": (pa.list_(pa.float64()), st.sampled_from([None, [], [0.0], [-0.0, None], [1, 3.5]])),
    "struct": (
        pa.struct({"x": pa.float64(), "y": pa.string()}),
        st.sampled_from([None, {"x": None, "y": None}, {"x": 2.0, "y": "a"}, {"x": 0.5, "y": "a"}]),
    ),
}


def bits(kind, value):
    """Return what two equal values have in common."""
    if pa.types.is_floating(kind):
        absent = value is None or math.isnan(value)
        return "absent" if absent else struct.pack("<d", value)
    if value is not None and pa.types.is_list(kind):
        return [bits(kind.value_type, each) for each in value]
    if value is not None and pa.types.is_struct(kind):
        return [bits(field.type, value[field.name]) for field in kind]
    return value


def table_of(rows):
    columns = {name: [row[name] for row in rows] for name in KINDS}
    arrays = {name: pa.array(values, KINDS[name][0]) for name, values in columns.items()}
    return pa.table({"key": pa.array([row["key"] for row in rows], pa.string())} | arrays)


ROW = st.fixed_dictionaries({name: values for name, (_, values) in KINDS.items()})
ROWS = st.dictionaries(st.sampled_from("abcdefgh"), ROW, max_size=8).flatmap(
    lambda rows: st.permutations([{"key": key} | row for key, row in rows.items()])
)


@given(ROWS, ROWS, st.booleans())
def test_what_differs_is_what_plain_python_says(tmp_path_factory, a, b, by_key):
    folder = tmp_path_factory.mktemp("rows")
    paths = folder / "a.parquet", folder / "b.parquet"
    for path, rows in zip(paths, (a, b), strict=True):
        pq.write_table(table_of(rows), path)
    found = compare_files(*paths, key=["key"] if by_key else None)
    first, second = (
        {row["key"] if by_key else at: row for at, row in enumerate(rows)} for rows in (a, b)
    )
    both = [key for key in first if key in second]
    changed = {
        name: [k for k in both if bits(kind, first[k][name]) != bits(kind, second[k][name])]
        for name, (kind, _) in [*KINDS.items(), ("key", (pa.string(), None))]
    }
    assert {name: each.changed for name, each in found.columns.items()} == {
        name: len(keys) for name, keys in changed.items() if keys
    }
    assert found.changed_rows == len(set().union(*changed.values()))
    assert (found.added, found.removed) == (len(second.keys() - both), len(first.keys() - both))
    order = [key for key in second if key in first]
    assert found.reordered == (order != both)


# ------------------------------------------------------------------------------ what a cell is


def test_null_and_nan_are_one_value_and_the_two_zeros_are_not(compare):
    found = compare({"x": [None, math.nan, 0.0]}, {"x": [math.nan, None, -0.0]})
    assert found.columns["x"].changed == 1
    assert found.columns["x"].largest == 0
    assert found.columns["x"].example.where == {"row": 2}


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
def test_one_bit_of_one_float_is_a_change(compare, kind):
    before = np.arange(1, 9).astype(kind.to_pandas_dtype())
    after = before.copy()
    after.view(f"u{kind.bit_width // 8}")[5] ^= 1
    found = compare({"x": pa.array(before, kind)}, {"x": pa.array(after, kind)})
    assert (found.columns["x"].changed, found.columns["x"].largest > 0) == (1, True)


def test_large_integers_are_reported_apart(compare):
    found = compare({"x": [2**62, 5]}, {"x": [2**62 + 1, 5]})
    assert (found.columns["x"].changed, found.columns["x"].largest) == (1, 1.0)


def test_numbers_of_two_types_are_compared_as_numbers(compare):
    found = compare({"x": [1, 2**53 + 1, None]}, {"x": [1.0, 2.0**53, math.nan]})
    assert found.columns["x"].changed == 1
    found = compare({"x": pa.array([2**64 - 1], pa.uint64())}, {"x": pa.array([-1])})
    assert found.columns["x"].largest == 2.0**64


def test_columns_of_types_without_anything_in_common_are_named(compare):
    found = compare({"x": [1], "y": [1]}, {"x": ["1"], "y": [1]})
    assert (found.incomparable, found.columns, found.same) == (("x",), {}, False)


def test_columns_that_one_table_has_alone_are_named(compare):
    found = compare({"x": [1], "old": [1]}, {"new": [1], "x": [1]})
    assert (found.only_a, found.only_b, found.same) == (("old",), ("new",), False)


@pytest.mark.parametrize(
    "kind",
    [
        pa.large_string(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.large_string()),
        pa.string_view(),
    ],
)
def test_text_is_text_in_every_layout(compare, kind):
    values = ["x", None, "", "long enough not to be inlined in a view"]
    found = compare({"x": pa.array(values)}, {"x": pa.array(values, kind)}, ["x"])
    assert (found.same, found.key) == (True, ("x",))


@pytest.mark.parametrize(
    ("a", "b", "largest"),
    [
        ([[1.0, 2.0]], [[1.5, 2.25]], 0.5),
        ([[1.0, 2.0]], [[1.5]], None),
        ([None, [1]], [[], [1]], None),
        ([{"x": 1, "y": "a"}], [{"x": 4, "y": "a"}], 3),
        ([["a"]], [["b"]], None),
        ([math.inf], [-math.inf], math.inf),
        ([1.7e308], [-1.7e308], math.inf),
        ([1.0, 2.0], [None, 2.0], None),
    ],
)
def test_the_largest_difference_is_that_of_two_numbers(compare, a, b, largest):
    found = compare({"x": a}, {"x": b}).columns["x"]
    assert (found.changed, found.largest) == (1, largest)


def test_a_map_and_a_type_of_another_library_are_compared_by_their_values(compare):
    maps = [
        pa.array([[("k", 1)], [("k", each)]], pa.map_(pa.string(), pa.int64())) for each in (1, 4)
    ]
    ids = [pa.array([b"0" * 16, each * 16], pa.uuid()) for each in (b"0", b"1")]
    found = compare({"m": maps[0], "id": ids[0]}, {"m": maps[1], "id": ids[1]})
    assert {name: each.largest for name, each in found.columns.items()} == {"m": 3, "id": None}


def test_a_change_within_tolerance_is_counted_apart(compare):
    before, after = [1.0, 2.0, 3.0, None], [1.0, 2.125, 3.5, 4.0]
    found = compare({"x": before, "y": before}, {"x": after, "y": after}, tolerance={"x": 0.125})
    assert (found.columns["x"].changed, found.columns["x"].beyond_tolerance) == (3, 2)
    assert (found.columns["y"].changed, found.columns["y"].beyond_tolerance) == (3, 3)


def test_the_example_is_the_cell_that_differs_most(compare):
    a, b = {"k": ["a", "b", "c"], "x": [1.0, 2, 3]}, {"k": ["c", "b", "a"], "x": [3.5, 9, 1]}
    example = compare(a, b, ["k"]).columns["x"].example
    assert (example.where, example.a, example.b) == ({"k": "b"}, 2.0, 9.0)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (pa.float64(), math.inf, "inf"),
        (pa.timestamp("ns", "UTC"), 1, "1970-01-01 00:00:00.000000001Z"),
        (pa.date32(), 2**31 - 1, "<value out of range: 2147483647>"),
        (pa.binary(), b"\xff", "\\xff"),
        (pa.list_(pa.int8()), [1, None], [1, None]),
        (pa.struct({"x": pa.bool_(), "y": pa.string()}), {"x": True}, {"x": True, "y": None}),
    ],
)
def test_an_example_is_shown_as_json_can(compare, kind, value, shown):
    found = compare({"x": pa.array([value], kind)}, {"x": pa.nulls(1, kind)})
    assert (found.columns["x"].example.a, found.columns["x"].example.b) == (shown, None)


# ------------------------------------------------------------------------------- which row is which


def test_a_key_of_several_columns_matches_rows_in_any_order(compare):
    a = {"k": ["a", "a", "b"], "n": [1, 2, 1], "x": [1, 2, 3]}
    b = {"x": [3, 5, 7], "n": [1, 1, 3], "k": ["b", "a", "b"]}
    found = compare(a, b, ["k", "n"])
    assert (found.added_examples, found.removed_examples) == (
        ({"k": "b", "n": 3},),
        ({"k": "a", "n": 2},),
    )
    assert (found.compared, found.changed_rows, found.reordered) == (2, 1, True)


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ({"x": [1, 2]}, {"k": [1, 2]}, "the first table has no column 'k'"),
        ({"k": [1, 2]}, {"x": [1, 2]}, "the second table has no column 'k'"),
        ({"k": [1, 1]}, {"k": [1, 2]}, "the key is not unique in the first table"),
        ({"k": [1, 2]}, {"k": [1, 1]}, "the key is not unique in the second table"),
        ({"k": [1, 2]}, {"k": ["1", "2"]}, "column 'k' has another type in the second table"),
        ({"k": [1, 2]}, {"k": [1.5, 2]}, "its columns are of types that cannot be matched"),
        ({"k": [[1], [2]]}, {"k": [[1], [2]]}, "its columns are of types that cannot be matched"),
    ],
)
def test_a_key_that_cannot_say_rows_apart_gives_way_to_their_position(compare, a, b, why):
    found = compare(a, b, ["k"])
    assert (found.key, found.why_position, found.compared) == (None, why, 2)


def test_the_two_zeros_are_two_keys_and_nan_is_one_key_with_null(compare):
    a, b = {"k": [0.0, -0.0, None]}, {"k": [math.nan, -0.0, 0.0]}
    assert compare(a, b, ["k"]).compared == 3


def test_rows_that_only_the_first_has_are_no_difference_to_a_sample(compare):
    a, b = {"k": [1, 2, 3], "x": [1, 2, 3]}, {"k": [1, 3], "x": [1, 3]}
    assert compare(a, b, ["k"], only_keys_of_b=True).same
    assert compare(b, a, ["k"], only_keys_of_b=True).added == 1


def test_tables_without_rows_are_compared_too(compare):
    a, b = {"k": pa.array([], pa.string())}, {"k": ["a"]}
    assert compare(a, a, ["k"]).same
    assert (compare(a, b, ["k"]).added, compare(b, a).removed) == (1, 1)


def test_a_column_is_read_alone_though_its_name_begins_as_anothers(compare):
    found = compare({"a": [1], "a.b": [2], "": [3]}, {"a": [1], "a.b": [5], "": [3]})
    assert list(found.columns) == ["a.b"]
