"""Writing tables: any stream in, the same bytes out, in one pass."""

import hashlib
import importlib.util
import os
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_columns import pieces_of, typed_values

from tablehost import columns, table
from tablehost.columns import TableError, rows_digest
from tablehost.table import digest_table, group_rows, row_groups, write_table

pl = pytest.importorskip("polars")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "t.parquet"


def sha_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sample(rows=1000):
    random = np.random.default_rng(1)
    values = random.normal(size=rows)
    values[::7] = np.nan
    return pa.table(
        {
            "name": [f"clip-{n:04}" for n in range(rows)],
            "value": values,
            "count": pa.array([None if n % 5 == 0 else n for n in range(rows)], pa.int32()),
            "tags": [["a", None, "b"][: n % 4] for n in range(rows)],
            "when": pa.array(range(rows), pa.timestamp("us", "UTC")),
        }
    )


# ----------------------------------------------------------------------------- what it tells


def test_what_is_told_of_the_file_is_true(out):
    info = write_table(sample(), out)
    assert (info.sha256, info.bytes) == (sha_of(out), out.stat().st_size)
    assert info.rows == 1000
    assert info.rows_digest == rows_digest(info.columns, 1000)
    assert (
        pq.read_table(out)
        .cast(sample().schema)
        .drop_columns("value")
        .equals(
            sample().drop_columns("value")  # NaN is not equal to itself
        )
    )
    assert info.schema == pq.read_schema(out)
    assert info.writer.startswith("parquet-cpp-arrow version ")
    assert "zstd" in info.writer


def test_what_is_told_of_the_rows_is_what_a_reader_finds(out):
    info = write_table(sample(), out)
    assert digest_table(pq.ParquetFile(out).iter_batches(77), schema=info.schema) == (
        info.rows,
        info.columns,
    )


def test_parquet_has_statistics_and_no_dictionary_for_floats(out):
    write_table(sample(), out)
    group = pq.read_metadata(out).row_group(0)
    leaves = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert all(leaf.is_stats_set and leaf.compression == "ZSTD" for leaf in leaves.values())
    assert not leaves["value"].has_dictionary_page
    assert leaves["name"].has_dictionary_page
    assert leaves["tags.list.element"].has_dictionary_page


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda t, p: pq.write_table(t, p, compression="snappy", row_group_size=17),
        lambda t, p: pq.write_table(t, p, compression="none", version="1.0", use_dictionary=False),
        lambda t, p: pl.from_arrow(t).write_parquet(p),
        lambda t, p: t.to_pandas().to_parquet(p),
    ],
    ids=["snappy", "plain", "polars", "pandas"],
)
def test_rewriting_a_file_leaves_the_digest_of_its_rows(out, tmp_path, rewrite):
    data = sample().drop_columns(["count"])  # pandas makes floats of integers with nulls
    info = write_table(data, out)
    rewrite(pq.read_table(out), tmp_path / "again.parquet")
    rows, seen = digest_table(pq.read_table(tmp_path / "again.parquet"))
    assert rows_digest(seen, rows) == info.rows_digest
    assert (tmp_path / "again.parquet").read_bytes() != out.read_bytes()


def test_progress_tells_the_rows_written_so_far(out, monkeypatch):
    monkeypatch.setattr(table, "MAX_ROWS", 400)
    monkeypatch.setattr(table, "MIN_ROWS", 1)
    seen = []
    write_table(sample(), out, on_rows=seen.append)
    assert seen == [400, 800, 1000]


# -------------------------------------------------------------------------- any stream, one file


@given(st.lists(typed_values(), min_size=1, max_size=3), st.data())
@settings(max_examples=60, deadline=None)
def test_the_same_rows_make_the_same_bytes_however_they_arrive(tmp_path_factory, typed, data):
    out = tmp_path_factory.getbasetemp() / "any.parquet"
    rows = min(len(values) for _, values in typed)
    schema = pa.schema([(f"c{i}", kind) for i, (kind, _) in enumerate(typed)])
    arrays = [pa.array(values[:rows], kind) for kind, values in typed]
    whole = pa.record_batch(arrays, schema=schema)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "BLOCK", 8)
        patch.setattr(table, "MAX_ROWS", data.draw(st.sampled_from([4, 16, 64])))
        patch.setattr(table, "MIN_ROWS", 4)
        patch.setattr(table, "GROUP_BYTES", data.draw(st.sampled_from([20, 100, 10**6])))
        patch.setattr(table, "_JOIN", 3)
        expected = write_table(whole, out)
        content = out.read_bytes()
        cuts = sorted(data.draw(st.lists(st.integers(0, rows), max_size=5)))
        batches = []
        for start, stop in zip([0, *cuts], [*cuts, rows], strict=True):
            cut = [pa.concat_arrays(pieces_of(data.draw, a, a)) for a in arrays]
            batches.append(pa.record_batch(cut, schema=schema).slice(start, stop - start))
        assert write_table(iter(batches), out, schema=schema) == expected
        assert out.read_bytes() == content
        back = pq.read_table(out)
        assert digest_table(back) == (rows, expected.columns)
        again = out.with_suffix(".again")
        pq.write_table(back, again, compression="gzip", row_group_size=3)
        assert digest_table(pq.read_table(again)) == (rows, expected.columns)


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
from tablehost.table import write_table
relation = duckdb.sql("SELECT range AS x, 'clip-' || range AS name FROM range(200000)")
print(write_table(relation, sys.argv[1]).rows_digest)
"""


def test_a_relation_of_duckdb_is_a_stream(out):
    if importlib.util.find_spec("duckdb") is None:
        pytest.skip("duckdb is not installed")
    command = [sys.executable, "-c", DUCKDB, str(out)]  # it complains to stderr when it exits
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    plain = {"x": range(200_000), "name": [f"clip-{n}" for n in range(200_000)]}
    rows, seen = digest_table(pa.table(plain))
    assert told == rows_digest(seen, rows)


def test_many_blocks_are_digested_and_counted_as_one(out):
    random = np.random.default_rng(2)
    values = random.normal(5, 2, 300_001)
    holes = random.random(300_001) < 0.1
    data = pa.table({"full": values, "holed": pa.array(values, mask=holes)})
    info = write_table(data, out)
    lines = f"float64\nvalues {hashlib.sha256(values.tobytes()).hexdigest()}\n"
    assert info.columns[0].digest == hashlib.sha256(lines.encode()).hexdigest()
    assert info.columns[1].mean == pytest.approx(values[~holes].mean(), rel=1e-13)
    assert info.columns[1].std == pytest.approx(values[~holes].std(), rel=1e-13)
    odd = (data.slice(start, 7_777).to_batches()[0] for start in range(0, 300_001, 7_777))
    assert write_table(odd, out, schema=data.schema) == info


def test_an_unnamed_index_of_pandas_is_no_column_and_a_named_one_is(out):
    frame = pd.DataFrame({"a": [1, 2, 3]})
    assert write_table(frame[frame.a > 1], out).schema.names == ["a"]
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


def test_a_table_without_rows_is_a_table(out):
    info = write_table(sample(0).cast(sample().schema), out)
    assert info.rows == 0
    assert pq.read_table(out).schema.names == sample().schema.names
    assert info == write_table(iter([]), out, schema=sample().schema)
    assert info.sha256 == sha_of(out)


def test_a_million_batches_of_one_row_are_joined_as_they_come(out, monkeypatch):
    schema = pa.schema({"x": pa.int64()})
    one = [pa.record_batch([pa.array([n])], schema=schema) for n in range(3000)]
    assert write_table(iter(one), out, schema=schema) == write_table(
        pa.table({"x": range(3000)}), out
    )


# ------------------------------------------------------------------------------- row groups


def test_row_groups_suit_the_width_of_the_rows():
    assert group_rows(pa.schema({"x": pa.float64()})) == 131_072
    assert group_rows(pa.schema([(f"c{n}", pa.float64()) for n in range(150)])) == 32_768
    assert group_rows(pa.schema([(f"c{n}", pa.float64()) for n in range(20_000)])) == 1_024
    assert group_rows(pa.schema({"x": pa.list_(pa.float32(), 4096)})) == 4_096


def test_long_text_closes_a_row_group_with_the_row_that_fills_it(monkeypatch):
    monkeypatch.setattr(table, "GROUP_BYTES", 100)
    batch = pa.record_batch({"x": ["a" * n for n in (60, 39, 1, 100, 99, 150, 1)]})
    assert [group.num_rows for group in row_groups([batch], 1000)] == [3, 1, 2, 1]
    single = [batch.slice(n, 1) for n in range(7)]
    assert [group.num_rows for group in row_groups(single, 1000)] == [3, 1, 2, 1]
    assert [group.num_rows for group in row_groups(single, 2)] == [2, 2, 2, 1]


def test_a_long_stream_is_never_held_as_a_whole(out):
    schema = pa.schema({"x": pa.float64(), "t": pa.large_string()})
    text = pa.array(["t" * 1000] * 1024, pa.large_string())

    start, worst = pa.total_allocated_bytes(), 0

    def stream():
        nonlocal worst
        for n in range(300):
            worst = max(worst, pa.total_allocated_bytes() - start)
            values = pa.array(np.full(1024, float(n)))
            yield pa.record_batch([values, pa.concat_arrays([text.slice(0, 512)] * 2)], schema)

    assert write_table(stream(), out, schema=schema).rows == 300 * 1024
    assert worst < 4 * table.GROUP_BYTES


# ---------------------------------------------------------------------------------- what fails


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


def failing(schema):
    yield pa.record_batch([pa.array([1])], schema)
    msg = "the disk of the builder is gone"
    raise KeyError(msg)


@pytest.mark.parametrize(
    "wrap", [lambda _, b: b, pa.RecordBatchReader.from_batches], ids=["generator", "reader"]
)
def test_an_error_of_the_source_comes_through_and_leaves_no_file(out, wrap):
    schema = pa.schema({"x": pa.int64()})
    before = threading.active_count()
    with pytest.raises(KeyError, match="of the builder"):
        write_table(wrap(schema, failing(schema)), out, schema=schema)
    assert not out.exists()
    assert threading.active_count() == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux only")  # noqa: PTH110
def test_a_full_disk_is_the_error_that_is_told(tmp_path, monkeypatch):
    link = tmp_path / "full.parquet"
    link.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_table(pa.table({"x": np.random.default_rng(0).normal(size=300_000)}), link)


def test_an_error_while_digesting_is_told(out, monkeypatch):
    def broken(self, batch):
        raise MemoryError

    monkeypatch.setattr(columns.ColumnsSummary, "update", broken)
    with pytest.raises(MemoryError):
        write_table(sample(), out)
    assert not out.exists()
