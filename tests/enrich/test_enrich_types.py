"""Which types metadata and the columns that it fills may have, and what is said of others."""

from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        (pa.float16(), 1.5, 2),
        (pa.float32(), 1.5, 2.5),
        (pa.uint64(), 1, 2),
        (pa.decimal128(2, 1), Decimal("1.5"), 7),
        (pa.decimal128(2, 1), Decimal("1.5"), 7.5),
        (pa.decimal256(50, 2), Decimal("1.50"), -(2**63)),
        (pa.string_view(), "x", "y"),
        (pa.large_string(), "x", "y"),
        (pa.dictionary(pa.int8(), pa.string()), "x", "y"),
        (pa.bool_(), False, True),
    ],
)
def test_columns_of_numbers_text_and_truth_values_are_filled(bench, kind, old, new):
    bench.table(chug_ref=pa.array([old, None, old], kind))
    bench.lines(*({"src": name, "chug_ref": new} for name in "ab"), {"src": "c", "chug_ref": None})
    assert bench.enrich("--overwrite-metadata").code == 0
    assert bench.column("chug_ref") == [new, new, old]
    cells = bench.manifest()["cells"]["chug_ref"]
    assert cells == {"filled": 1, "kept": 0, "overwritten": 1, "differed": 1}


def test_a_view_of_text_may_identify_the_clip(bench):
    bench.table(clip_name=pa.array(["a", "b"], pa.string_view()))
    bench.lines({"src": "b", "chug_ref": 1})
    assert bench.enrich().code == 0
    assert bench.column("chug_ref") == [None, 1]


@pytest.mark.parametrize("value", [1, "x"])
@pytest.mark.parametrize(
    "kind",
    [
        pa.binary(),
        pa.binary_view(),
        pa.binary(1),
        pa.date32(),
        pa.time64("us"),
        pa.timestamp("us"),
        pa.duration("us"),
        pa.list_(pa.field("element", pa.int64())),
        pa.struct({"a": pa.int64()}),
        pa.json_(),
    ],
    ids=str,
)
def test_columns_of_anything_else_are_not_filled(bench, kind, value):
    bench.table(chug_ref=pa.nulls(3, kind))
    bench.lines({"src": "a", "chug_ref": value})
    said = bench.refused()
    reason = f"are {pa.array([value]).type}, the table's column is {kind}; convert one of them"
    assert f"the table t.parquet: the values of 'chug_ref' {reason}" in said


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.int64(), "1080"),
        (pa.string(), 1080),
        (pa.int64(), 29.97),
        (pa.int8(), 1080),
        (pa.uint64(), -1),
        (pa.bool_(), 1),
        (pa.float16(), 2049),
        (pa.float16(), 1e5),
        (pa.float32(), 2**24 + 1),
        (pa.float32(), 1e300),
        (pa.decimal128(2, 1), 77),
        (pa.decimal128(2, 1), 0.15),
        (pa.decimal128(2, 1), 1e300),
    ],
)
def test_values_that_do_not_fit_into_their_column_are_refused(bench, kind, value):
    bench.table(chug_ref=pa.nulls(3, kind))
    bench.lines({"src": "a", "chug_ref": value})
    said = bench.refused()
    assert "the table t.parquet: the values of 'chug_ref' are" in said
    assert f"the table's column is {kind}" in said


def test_a_column_that_cannot_be_written_is_refused(bench):
    bench.table(shots=pa.nulls(3, pa.list_view(pa.int64())))
    bench.lines({"src": "a", "chug_ref": 1})
    assert "t.parquet: the column 'shots': type list_view<element: int64>" in bench.refused()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([1, "2"], "have no common type: integer on line 1, text on line 2; write all in one type"),
        (
            [1, True],
            "have no common type: integer on line 1, truth value on line 2; write all in one type",
        ),
        ([{"a": 1}, None], "are not plain values: object on line 1; write them as text, numbers"),
        ([None, [1]], "are not plain values: list on line 2; write them as text, numbers"),
        ([2**63, 1], f"do not fit into 64 bits: {2**63} on line 1; write all as text"),
        ([2**53 + 1, 0.5], f"are too large for a float: {2**53 + 1} on line 1; write all as text"),
        (
            ["x", "\ud800"],
            r"have an unpaired surrogate, which is not valid Unicode: '\ud800' on line 2; correct",
        ),
    ],
)
def test_values_of_a_key_without_a_common_type(bench, values, reason):
    bench.table()
    bench.lines(*({"src": name, "chug_ref": one} for name, one in zip("ab", values, strict=True)))
    assert f"m.jsonl: the values of 'chug_ref' {reason}" in bench.refused()


def test_a_content_name_with_an_unpaired_surrogate_is_refused(bench):
    bench.table()
    bench.lines(b'{"src": "a", "chug_content_name": "\\ud800"}')
    said = bench.refused()
    assert (
        "the values of 'chug_content_name' have an unpaired surrogate, which is not valid Unicode: "
        in said
    )


def test_what_is_not_wanted_may_be_any_json(bench):
    bench.table()
    bench.lines(
        b'{"src": "a", "chug_name": "n", "x": ["\\ud800", 1e999, {"y": 1' + b"0" * 99 + b"}]}"
    )
    assert bench.enrich().code == 0
    assert bench.column("chug_name") == ["n", None, None]


def test_a_number_too_large_for_a_float(bench):
    bench.table()
    bench.lines(b'{"src": "a", "chug_ref": 1e999}')
    assert "the values of 'chug_ref' are not finite: inf on line 1" in bench.refused()


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ((2**53 + 1, 1.5), f"are too large for a float: {2**53 + 1} on line 2"),
        ((2**63, 1), f"do not fit into 64 bits: {2**63} on line 2"),
        (("9" * 5000, 1), "are not finite: inf on line 2"),
    ],
)
def test_numbers_of_a_csv_that_no_column_holds(bench, numbers, reason):
    bench.table()
    text = "src,chug_ref\na,{}\nb,{}\n".format(*numbers)
    (bench.path / "m.csv").write_text(text)
    assert f"m.csv: the values of 'chug_ref' {reason}" in bench.refused(metadata="m.csv")


@pytest.mark.parametrize("key", ["clip_name", "chug_ref"])
@pytest.mark.parametrize(
    "values",
    [
        pa.array([[1], [2]]),
        pa.array([Decimal(1), Decimal(2)]),
        pa.array([2**60, 1], pa.timestamp("us")),  # the first is after all years of Python
    ],
)
def test_metadata_in_a_parquet_file_of_values_that_are_not_plain(bench, key, values):
    bench.table()
    table = pa.table({"src": ["a", "b"], key: values, "unwanted": values})
    pq.write_table(table, bench.path / "m.parquet")
    kind = str(values.type).replace("item", "element")
    said = bench.refused(metadata="m.parquet")
    assert f"m.parquet: the values of '{key}' are not plain values: {kind}" in said


def test_text_in_a_parquet_file_that_is_not_text(bench):
    bench.table()
    buffers = [None, *pa.array([b"\xff"]).buffers()[1:]]
    table = pa.table({"src": pa.Array.from_buffers(pa.string(), 1, buffers)})
    pq.write_table(table, bench.path / "m.parquet")
    assert "m.parquet: not readable as Parquet, or damaged" in bench.refused(metadata="m.parquet")
    assert not (bench.path / "out.parquet.failed.json").exists()  # before any row
