"""What a builder may hand over, and what is refused."""

import subprocess
import sys

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tablehost.table.batches import TableError
from tablehost.table.summary import rows_digest
from tablehost.table.write import digest_table, write_table


def frames():
    data = {"a": [1.5, 2.5], "b": ["x", "y"], "c": [1, 2]}
    return {
        "pyarrow": pa.table(data),
        "reader": pa.table(data).to_reader(),
        "batch": pa.table(data).to_batches()[0],
        "pandas": pd.DataFrame(data),
        "polars": pl.DataFrame(data),
    }


@pytest.mark.parametrize("library", frames())
def test_every_library_hands_over_the_same_rows(out, library):
    data = frames()[library]
    seen = write_table(data, out)
    assert seen.rows_digest == write_table(pa.table(frames()["pyarrow"]), out).rows_digest
    assert out.exists()


DUCKDB = """
import sys, duckdb
from pathlib import Path
from tablehost.table.write import write_table
relation = duckdb.sql("SELECT range AS x, 'clip-' || range AS name FROM range(200000)")
print(write_table(relation, Path(sys.argv[1])).rows_digest)
"""


def test_a_relation_of_duckdb_is_a_stream(out):
    command = [sys.executable, "-c", DUCKDB, str(out)]  # it complains to stderr when it exits
    ended = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    plain = {"x": range(200_000), "name": [f"clip-{n}" for n in range(200_000)]}
    rows, seen = digest_table(pa.table(plain))
    assert ended == rows_digest(seen, rows)


def test_the_default_index_of_pandas_is_no_column_and_a_named_one_is(out):
    frame = pd.DataFrame({"a": [1, 2, 3]})
    assert write_table(frame, out).schema.names == ["a"]
    assert write_table(frame[:0], out).schema.names == ["a"]
    named = frame.set_index(pd.Index(["x", "y", "z"], name="clip"))
    assert write_table(named, out).schema.names == ["clip", "a"]
    assert write_table(frame.rename_axis("row"), out).schema.names == ["row", "a"]
    assert pq.read_schema(out).metadata is None


def test_a_schema_makes_pandas_convert(out):
    schema = pa.schema({"a": pa.int32(), "b": pa.string()})
    frame = pd.DataFrame({"a": [1, None], "b": ["x", None]})
    assert write_table(frame, out, schema=schema).schema == schema
    assert pq.read_table(out)["a"].to_pylist() == [1, None]


def test_categories_of_pandas_and_polars_are_text(out):
    values = ["x", "y", None, "x"]
    plain = write_table(pa.table({"c": values}), out).rows_digest
    frame = pd.DataFrame({"c": pd.Categorical(values)})
    assert write_table(frame, out).rows_digest == plain
    series = pl.Series("c", values, dtype=pl.Categorical)
    assert write_table(pl.DataFrame([series]), out).rows_digest == plain


def batches(*arrays):
    return iter([pa.record_batch([pa.array(a)], names=["x"]) for a in arrays])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: pa.table({}), "no columns"),
        (lambda: pa.table([[1], [2]], names=["a", "a"]), "more than one column named 'a'"),
        (lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than one column named 'a'"),
        (lambda: None, "got NoneType"),
        (lambda: "t.csv", "got str"),
        (lambda: batches([1]), "needs a schema"),
        (lambda: pa.table({"x": pa.array([{}], pa.struct([]))}), "column 'x': a struct without"),
        (
            lambda: pa.table({"x": pa.RunEndEncodedArray.from_arrays([1], [1])}),
            "column 'x': type run_end_encoded",
        ),
        (
            lambda: pa.table(
                {"x": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])}
            ),
            "column 'x': type sparse_union",
        ),
        (
            lambda: pa.table({"x": pa.array([[1]], pa.list_view(pa.int64()))}),
            "column 'x': type list_view",
        ),
        (
            lambda: pa.table({"x": pa.nulls(1, pa.month_day_nano_interval())}),
            "column 'x': type month_day_nano_interval",
        ),
        (
            lambda: pa.table({"x": pa.array([1], pa.int64()).view(pa.date64())}),
            "column 'x' of type date64.*lose data",
        ),
        (
            lambda: pa.table(
                [pa.array([1, None])], pa.schema([pa.field("x", pa.int64(), nullable=False)])
            ),
            "column 'x' is declared without nulls",
        ),
        (
            lambda: pa.table(
                {"x": pa.array([[1, None]], pa.list_(pa.field("item", pa.int64(), nullable=False)))}
            ),
            "declared non-nullable but contains nulls",
        ),
        (
            lambda: pa.table(
                {
                    "x": pa.array(
                        [[("k", None)]],
                        pa.map_(pa.string(), pa.field("v", pa.int8(), nullable=False)),
                    )
                }
            ),
            "declared non-nullable but contains nulls",
        ),
    ],
)
def test_data_that_is_no_table_is_refused(out, data, message):
    with pytest.raises(TableError, match=message):
        write_table(data(), out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: batches([1], [2.5]), "column 'x': expected type int64, got double"),
        (lambda: batches(["a"]), "column 'x': expected type int64, got string"),
        (lambda: iter([{"x": 1}]), "expected a record batch, got dict"),
        (lambda: pa.table({"y": [1]}), r"expected the columns \['x'\], got \['y'\]"),
        (lambda: pl.DataFrame({"x": [1.5]}), "column 'x': expected type int64, got double"),
    ],
)
def test_batches_that_do_not_have_the_schema_are_refused(out, data, message):
    with pytest.raises(TableError, match=message):
        write_table(data(), out, schema=pa.schema({"x": pa.int64()}))
    assert not out.exists()
