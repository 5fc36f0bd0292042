"""Writing tables: any stream in, the same bytes out, in one pass."""

import hashlib
import os
import threading

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from any_arrays import pieces_of, typed_values
from hypothesis import given
from hypothesis import strategies as st

from tablehost.table import row_groups, statistics
from tablehost.table import summary as columns
from tablehost.table.summary import rows_digest
from tablehost.table.write import digest_table, write_table


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


# ----------------------------------------------------------------------------- what it records


def test_what_is_reported_of_the_file_is_true(out):
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
    assert info.writer.startswith(f"{pq.read_metadata(out).created_by}; ")
    assert "zstd" in info.writer


def test_what_is_reported_of_the_rows_is_what_a_reader_finds(out):
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


def test_values_larger_than_any_buffer_are_written_and_hashed_as_they_are(out):
    noise = np.random.default_rng(0).bytes(30_000_000)
    values = [noise[start : start + 6_000_000] for start in range(0, len(noise), 6_000_000)]
    info = write_table(pa.table({"noise": values}), out)
    assert pq.read_table(out)["noise"].to_pylist() == values
    assert info.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()


@given(st.lists(typed_values(), min_size=1, max_size=3), st.data())
def test_the_same_rows_make_the_same_bytes_however_they_arrive(tmp_path_factory, typed, data):
    out = tmp_path_factory.getbasetemp() / "any.parquet"
    rows = min(len(values) for _, values in typed)
    schema = pa.schema([(f"c{i}", kind) for i, (kind, _) in enumerate(typed)])
    arrays = [pa.array(values[:rows], kind) for kind, values in typed]
    whole = pa.record_batch(arrays, schema=schema)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "BLOCK", 8)
        patch.setattr(columns, "ROWS_AT_ONCE", 8)
        patch.setattr(row_groups, "MAX_ROWS", data.draw(st.sampled_from([4, 16, 64])))
        patch.setattr(row_groups, "MIN_ROWS", 4)
        patch.setattr(row_groups, "GROUP_BYTES", data.draw(st.sampled_from([20, 100, 10**6])))
        patch.setattr(row_groups, "_JOIN", 3)
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
    assert worst < 4 * row_groups.GROUP_BYTES


# ---------------------------------------------------------------------------------- what fails


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
def test_a_full_disk_is_the_error_that_is_reported(tmp_path, monkeypatch):
    full = open("/dev/full", "wb")  # noqa: PTH123, SIM115  # closed where it is written
    monkeypatch.setattr("tablehost.table.write.create", lambda _: full)  # which follows no link
    table = pa.table({"x": np.random.default_rng(0).normal(size=300_000)})
    with pytest.raises(OSError, match="No space left"):
        write_table(table, tmp_path / "full.parquet")


def test_an_error_while_digesting_is_reported(out, monkeypatch):
    def broken(self, batch):
        raise MemoryError

    monkeypatch.setattr(columns.ColumnsSummary, "update", broken)
    with pytest.raises(MemoryError):
        write_table(sample(), out)
    assert not out.exists()
