"""What becomes of the rows: DOMAIN's rules for combine, one by one."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tablehost_combine.columns import FULL_FEATURES, KEY


def test_rows_keep_the_order_of_the_inputs_and_the_labels_are_the_corpora(bench):
    bench.shard("a.parquet", 2)
    bench.shard("b.parquet", 3)
    ended = bench.combine("--input", "z=b.parquet", "--input", "a=a.parquet")
    assert ended.code == 0, ended.err
    assert bench.column("corpus") == ["z", "z", "z", "a", "a"]
    assert bench.column("vmaf") == [0.0, 1.0, 2.0, 0.0, 1.0]
    assert list(bench.frame().columns) == [*KEY, "codec", *FULL_FEATURES, "vmaf"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"source": ["s"] * 3, "key": ["k"] * 3, "dis_basename": ["d"] * 3}, ["s", "s", "s"]),
        ({"key": ["k"] * 3, "dis_basename": ["d"] * 3}, ["k", "k", "k"]),
        ({"dis_basename": ["d"] * 3}, ["d", "d", "d"]),
        ({}, ["x", "x", "x"]),
        ({"source": ["s", None, "t"]}, ["s", None, "t"]),
        ({"source": pa.array(["s", None, "t"]).dictionary_encode()}, ["s", None, "t"]),
        ({"key": [7, 8, 9]}, ["7", "8", "9"]),
    ],
)
def test_the_source_is_source_else_key_else_dis_basename_else_the_label(bench, columns, expected):
    bench.shard(**columns)
    assert bench.combine("--input", "x=a.parquet").code == 0
    assert bench.column("source") == expected


def test_another_column_may_name_the_source(bench):
    bench.shard(source=["s"] * 3, clip=["c"] * 3)
    assert bench.combine("--input", "x=a.parquet", "--source-column", "clip").code == 0
    assert bench.column("source") == ["c", "c", "c"]
    assert bench.manifest()["inputs"][0]["taken_from"]["source"] == "clip"
    assert bench.manifest()["inputs"][0]["dropped_columns"] == ["source"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, [0, 1, 2]),
        ({"frame_index": [5, None, 7]}, [5, 0, 7]),
        ({"frame_index": [5.0, math.nan, 7.0]}, [5, 0, 7]),
        ({"frame_index": pa.array([5, 6, 7], pa.uint8())}, [5, 6, 7]),
    ],
)
def test_the_frame_index_is_given_or_counted_and_missing_ones_are_zero(bench, columns, expected):
    bench.shard(**columns)
    assert bench.combine("--input", "x=a.parquet").code == 0
    assert bench.column("frame_index") == expected
    assert pq.read_schema(bench.path / "out.parquet").field("frame_index").type == pa.int64()


def test_the_codec_is_given_or_unknown(bench):
    bench.shard("a.parquet", 2, codec=["h264", None])
    bench.shard("b.parquet", 1)
    assert bench.combine("--input", "x=a.parquet", "--input", "y=b.parquet").code == 0
    assert bench.column("codec") == ["h264", None, "unknown"]
    made = [shard["made_cells"]["codec"] for shard in bench.manifest()["inputs"]]
    assert made == [0, 1]


def test_a_null_codec_or_source_is_filled_only_where_that_is_wanted(bench):
    bench.shard(codec=["h264", None, None], source=["s", None, None], frame_index=[0, 1, 1])
    ended = bench.combine("--input", "x=a.parquet", "--fill-unknown")
    assert ended.code == 0
    assert bench.column("codec") == ["h264", "unknown", "unknown"]
    assert bench.column("source") == ["s", "x", "x"]
    assert bench.manifest()["inputs"][0]["made_cells"]["source"] == 2
    assert bench.combine("--input", "x=a.parquet", "--overwrite").code == 0
    assert bench.column("source") == ["s", None, None]
    assert bench.manifest()["stats"]["duplicate_rows"] == 1


def test_a_source_of_floats_is_refused_with_its_remedy(bench):
    bench.shard(source=[1.0, None, 2.0])
    said = bench.refused("--input", "x=a.parquet")
    assert "column 'source' has the type double; convert it to text or integers, as pandas" in said
    assert "astype('Int64')" in said


def test_features_that_an_input_lacks_are_nan_and_listed(bench):
    bench.shard(adm2=[1, None, 3], cambi=np.array([0.5, 1, math.nan], "f4"), extra=["e"] * 3)
    assert bench.combine("--input", "x=a.parquet").code == 0
    table = pq.read_table(bench.path / "out.parquet")
    assert {table[name].type for name in (*FULL_FEATURES, "vmaf")} == {pa.float64()}
    assert sum(table[name].null_count for name in FULL_FEATURES) == 0
    np.testing.assert_array_equal(table["adm2"], [1, math.nan, 3])
    np.testing.assert_array_equal(table["cambi"], [0.5, 1, math.nan])
    assert np.isnan(table["motion"]).all()
    (shard,) = bench.manifest()["inputs"]
    assert shard["missing_features"] == [
        name for name in FULL_FEATURES if name not in ("adm2", "cambi")
    ]
    assert shard["dropped_columns"] == ["extra"]


def test_missing_features_are_refused_where_they_are_an_error(bench):
    bench.shard()
    said = bench.refused("--input", "x=a.parquet", "--on-missing-feature", "error")
    assert "input 'x' (a.parquet): lacks adm2, adm_scale0" in said


def test_no_more_than_the_first_rows_are_taken_of_every_input(bench):
    bench.shard("a.parquet", 5)
    bench.shard("b.parquet", 2)
    tokens = ("--input", "x=a.parquet", "--input", "x=b.parquet", "--max-rows-per-input", 3)
    assert bench.combine(*tokens).code == 0
    assert bench.column("vmaf") == [0.0, 1.0, 2.0, 0.0, 1.0]
    manifest = bench.manifest()
    assert manifest["stats"] == {
        "input_count": 2,
        "output_rows": 5,
        "corpora": {"x": 5},
        "max_rows_per_input": 3,
        "duplicate_rows": 2,
    }
    assert [shard["rows_left"] for shard in manifest["inputs"]] == [2, 0]


def test_the_index_that_pandas_left_behind_is_no_feature_and_no_error(bench):
    bench.shard(**{"__index_level_0__": [0, 1, 2], "Unnamed: 0": [0, 1, 2]})
    assert bench.combine("--input", "x=a.parquet").code == 0
    assert bench.manifest()["inputs"][0]["dropped_columns"] == ["__index_level_0__", "Unnamed: 0"]


def test_an_input_without_rows_adds_none(bench):
    bench.shard("a.parquet", 0)
    bench.shard("b.parquet", 1)
    assert bench.combine("--input", "x=a.parquet", "--input", "y=b.parquet").code == 0
    assert bench.manifest()["stats"]["corpora"] == {"x": 0, "y": 1}


def test_inputs_without_any_row_make_a_table_without_rows(bench):
    bench.shard("a.parquet", 0)
    assert bench.combine("--input", "x=a.parquet").code == 0
    assert len(bench.frame()) == 0


def imported_by(project, *tokens):
    """Return which heavy packages one command line imports."""
    script = (
        "import sys\nfrom tablehost.cli import execute\nassert execute(sys.argv[1:]) == 0\n"
        "print('IMPORTED', *{'numpy', 'pandas', 'pyarrow'} & set(sys.modules))"
    )
    return set(project.python(script, *tokens).out.rpartition("IMPORTED")[2].split())


def test_help_and_options_import_nothing_heavy(project):
    assert imported_by(project, "run", "combine", "--help") == set()


def test_combining_whole_columns_does_not_wait_for_pandas(project, bench):
    bench.shard(project.path / "a.parquet", frame_index=[0, 1, 2], source=["s"] * 3)
    bench.shard(project.path / "b.parquet")
    shards = ("--input", "x=a.parquet", "--input", "y=b.parquet")
    assert imported_by(project, "run", "combine", *shards, "--out", "o.parquet") == {
        "numpy",
        "pyarrow",
    }


def test_the_manifest_fits_its_schema_and_names_every_input(project, bench):
    bench.shard(project.path / "a.parquet")
    ended = project.run("run", "combine", "--input", "x=a.parquet", "--out", "o.parquet")
    assert ended.code == 0, ended.err
    manifest = project.manifest("o.parquet")
    assert manifest["schema"] == "full-feature-parquet-combine-manifest-v1"
    assert manifest["output_columns"] == [*KEY, "codec", *FULL_FEATURES, "vmaf"]
    described = manifest["run_provenance"]["inputs"]["input"]
    (shard,) = manifest["inputs"]
    assert (shard["label"], shard["sha256"]) == (described["label"], described["sha256"])
    assert manifest["table"]["key"] == ["corpus", "source", "frame_index"]
