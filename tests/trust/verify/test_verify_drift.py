"""Each kind of drift of a table, made for real, and the very verdict."""

import math
import struct

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

# ------------------------------------------------------------------ the same rows, written again


def by_pandas(path):
    pd.read_parquet(path).to_parquet(path)


def by_polars(path):
    pl.read_parquet(path).write_parquet(path)


def by_duckdb(path):
    made = path.with_suffix(".new")
    duckdb.sql(f"copy (select * from '{path}') to '{made}' (format parquet)")
    made.replace(path)


def by_another_codec(path):
    pq.write_table(pq.read_table(path), path, compression="gzip")


def by_smaller_row_groups(path):
    pq.write_table(pq.read_table(path), path, row_group_size=2)


def by_wider_text(path):
    table = pq.read_table(path)
    names = pc.dictionary_encode(table["clip_name"]).cast(pa.dictionary("int32", "large_string"))
    pq.write_table(table.set_column(0, "clip_name", names), path)


@pytest.mark.parametrize(
    "rewrite",
    [
        by_pandas,
        by_polars,
        by_duckdb,
        by_another_codec,
        by_smaller_row_groups,
        by_wider_text,
    ],
)
def test_the_same_rows_written_again_are_rewritten(tables, rewrite):
    rewrite(tables.path / "t.parquet")
    assert tables.findings("rewritten", "t.parquet")


@pytest.mark.parametrize("rewrite", [by_polars, by_duckdb])
def test_what_keeps_null_and_nan_apart_is_rewritten(tables, rewrite):
    rewrite(tables.path / "gaps.parquet")
    assert tables.findings("rewritten", "gaps.parquet")


def test_pandas_recodes_missing_values(tables):
    by_pandas(tables.path / "gaps.parquet")
    (finding,) = tables.findings("missing-values-recoded", "gaps.parquet")
    assert finding["which"] == {
        "adm2": {"nulls": {"manifest": 2, "table": 3}, "nan": {"manifest": 1, "table": 0}}
    }
    assert finding["why"] == ["adm2: 3 null and 0 NaN, in the manifest 2 and 1"]


def with_odd(tables, values):
    """Build a table with a column of these values."""
    rows = len(values)
    made = pa.table({"clip_name": ["a"] * rows, "frame_index": range(rows), "odd": values})
    pq.write_table(made, tables.path / "raw3.parquet")
    tables.run("./copy_table.py", "--source", "raw3.parquet", "--out", "odd.parquet")
    return made


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ([None, math.nan, 1.0], [math.nan, None, 1.0]),
        ([[None, 1.0], [math.nan]], [[math.nan, 1.0], [None]]),
        ([[None, 1.0], None], [[math.nan, 1.0], None]),
        ([{"a": None}, {"a": math.nan}], [{"a": math.nan}, {"a": None}]),
    ],
    ids=["two rows", "elements of two lists", "all elements of a list", "fields of two structs"],
)
def test_null_and_nan_that_were_swapped_are_recoded_though_there_are_as_many(tables, then, now):
    before = with_odd(tables, then)
    pq.write_table(before.set_column(2, "odd", pa.array(now)), tables.path / "odd.parquet")
    (finding,) = tables.findings("missing-values-recoded", "odd.parquet")
    assert finding["why"] == ["odd: null where the manifest has NaN, and NaN where it has null"]


def test_rows_written_again_with_null_and_nan_where_they_were_are_the_same_rows(tables):
    before = with_odd(tables, [None, math.nan, 1.0])
    pq.write_table(before, tables.path / "odd.parquet", compression="gzip")
    tables.findings("rewritten", "odd.parquet")


# ---------------------------------------------------------------------------------- columns


def changed_columns(tables, table):
    tables.write(table)
    (finding,) = tables.findings("columns-changed", "t.parquet")
    return {how: what for how, what in finding["which"].items() if what}


def test_reordered_columns_are_reported(tables):
    order = ["vmaf", "clip_name", "frame_index", "adm2"]
    assert changed_columns(tables, tables.read().select(order)) == {"reordered": order}


def test_a_renamed_column_is_reported_by_its_digest(tables):
    renamed = tables.read().rename_columns({"vmaf": "score"})
    assert changed_columns(tables, renamed) == {"renamed": {"vmaf": "score"}}


def test_a_retyped_column_is_reported(tables):
    retyped = tables.read().set_column(2, "vmaf", tables.read()["vmaf"].cast("float32"))
    kinds = {"manifest": "float64", "table": "float32"}
    assert changed_columns(tables, retyped) == {"retyped": {"vmaf": kinds}}


def test_an_added_and_a_removed_column_are_reported(tables):
    other = tables.read().drop_columns("adm2").append_column("x", pa.array(range(6)))
    assert changed_columns(tables, other) == {"added": ["x"], "removed": ["adm2"]}


# ------------------------------------------------------------------------------------- rows


def changed_rows(tables, table):
    tables.write(table)
    (finding,) = tables.findings("rows-changed", "t.parquet")
    return finding["which"], finding["why"]


def test_one_bit_of_one_float_is_seen(tables):
    values = bytearray(struct.pack("<6d", *tables.read()["vmaf"].to_pylist()))
    values[8] ^= 1
    flipped = tables.read().set_column(2, "vmaf", pa.array(struct.unpack("<6d", values)))
    which, why = changed_rows(tables, flipped)
    assert which == {"columns": ["vmaf"]}
    assert why == ["other values in vmaf"]


def test_two_rows_that_were_swapped_are_seen(tables):
    which, why = changed_rows(tables, tables.read().take([1, 0, 2, 3, 4, 5]))
    assert which == {"columns": ["clip_name", "frame_index", "vmaf", "adm2"]}
    assert why == ["other values in every column"]


def test_a_row_that_was_dropped_is_counted(tables):
    which, why = changed_rows(tables, tables.read().slice(1))
    assert which["rows"] == {"manifest": 6, "table": 5}
    assert why[0] == "1 row fewer: 5, in the manifest 6"


def test_rows_that_were_added_are_counted(tables):
    _, why = changed_rows(tables, pa.concat_tables([tables.read()] * 2))
    assert why[0] == "6 rows more: 12, in the manifest 6"


def test_all_that_changed_is_reported_with_the_most_severe_first(tables):
    tables.write(tables.read().rename_columns({"vmaf": "score"}).slice(0, 4).drop_columns("adm2"))
    assert tables.findings("rows-changed columns-changed", "t.parquet")


# ----------------------------------------------------------------------------------- damage


@pytest.mark.parametrize("rest", [slice(-9), slice(9), slice(0), slice(40, None)])
def test_a_table_that_cannot_be_read_is_unverifiable_and_its_bytes_are_reported_to_differ(
    tables, rest
):
    path = tables.path / "t.parquet"
    path.write_bytes(path.read_bytes()[rest])
    (finding,) = tables.findings("unverifiable", "t.parquet")
    (why,) = finding["why"]
    assert why.startswith("its bytes are not those of the manifest, and t.parquet: not readable")


@pytest.mark.parametrize("question", [(), ("--fast",)])
def test_a_damaged_name_of_a_column_is_unverifiable(tables, question):
    path = tables.path / "t.parquet"
    path.write_bytes(path.read_bytes().replace(b"adm2", b"adm\xff"))
    assert tables.findings("unverifiable", "t.parquet", *question)
