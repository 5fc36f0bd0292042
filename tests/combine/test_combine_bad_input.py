"""What is refused: with the input, the column, the type, and what to do."""

import decimal
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tablehost_combine import combination

X = ("--input", "x=a.parquet")


@pytest.mark.parametrize("content", [b"", b"hello", b"PAR1" + b"\0" * 100])
def test_what_is_no_parquet_file(bench, content):
    (bench.path / "a.parquet").write_bytes(content)
    assert "input 'x' (a.parquet): not readable as Parquet" in bench.refused(*X)


@pytest.mark.parametrize("keep", [0.3, 0.99])
def test_a_truncated_file(bench, keep):
    content = bench.shard(rows=1000).read_bytes()
    (bench.path / "a.parquet").write_bytes(content[: int(len(content) * keep)])
    assert "not readable as Parquet" in bench.refused(*X)


def test_a_file_that_is_damaged_inside_ends_the_run_without_a_table(bench):
    path = bench.shard(rows=5000)
    content = bytearray(path.read_bytes())
    content[40:4000] = b"\xff" * 3960
    path.write_bytes(content)
    said = bench.refused(*X)
    assert "input 'x' (a.parquet): not readable as Parquet, or damaged" in said
    assert "restore or replace the file" in said
    assert (bench.path / "out.parquet.failed.json").exists()  # rows were read


def test_a_damaged_column_of_the_teacher_is_one_problem_of_all(bench):
    path = bench.shard(rows=50_000, teacher_model=[str(at) for at in range(50_000)])
    place = pq.read_metadata(path).row_group(0).column(1).dictionary_page_offset
    content = bytearray(path.read_bytes())
    content[place + 40 : place + 4000] = b"\xff" * 3960
    path.write_bytes(content)
    bench.shard("b.parquet", drop=["vmaf"], adm2=[1.0])
    said = bench.refused(*X, "--input", "y=b.parquet")
    assert "input 'x' (a.parquet): not readable as Parquet, or damaged" in said
    assert "input 'y' (b.parquet): no column 'vmaf'" in said
    assert not (bench.path / "out.parquet.failed.json").exists()


def test_a_file_without_columns(bench):
    pq.write_table(pa.table({}), bench.path / "a.parquet")
    assert "no column 'vmaf'" in bench.refused(*X)


def test_a_table_without_vmaf(bench):
    bench.shard(drop=["vmaf"], adm2=[1.0])
    assert "input 'x' (a.parquet): no column 'vmaf'" in bench.refused(*X)


def test_a_table_of_one_row_a_clip_is_reported_apart(bench):
    bench.shard(drop=["vmaf"], clip_name=["c"], adm2_mean=[1.0], vmaf_mean=[1.0])
    said = bench.refused(*X)
    assert "a table of one row a clip, with columns such as adm2_mean" in said
    assert "combine wants one row a frame" in said


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("adm2", ["1", "2", "3"], "string"),
        ("adm2", [decimal.Decimal("1.5")] * 3, "decimal128(2, 1)"),
        ("adm2", [[1.0]] * 3, "list"),
        ("adm2", [{"a": 1.0}] * 3, "struct"),
        ("adm2", [True] * 3, "bool"),
        ("adm2", pa.array(["a", "b", "c"]).dictionary_encode(), "dictionary"),
        ("vmaf", ["1", "2", "3"], "string"),
        ("source", [1.5, 2.5, 3.5], "double"),
        ("frame_index", ["1", "2", "3"], "string"),
        ("codec", [1, 2, 3], "int64"),
        ("teacher_model", [1, 2, 3], "int64"),
    ],
)
def test_a_column_of_the_wrong_type(bench, name, values, kind):
    bench.shard(**{name: values})
    said = bench.refused(*X)
    assert f"input 'x' (a.parquet): column {name!r} has the type {kind}" in said
    assert "convert it to" in said


@pytest.mark.parametrize(
    ("name", "values"),
    [("adm2", [2**53 + 1, 0, 0]), ("frame_index", [0.5, 1, 2]), ("frame_index", [2.0**70, 1, 2])],
)
def test_a_value_that_would_lose_something(bench, name, values):
    bench.shard(**{name: values})
    said = bench.refused(*X)
    assert f"input 'x' (a.parquet): column {name!r} of type" in said
    assert "without loss" in said


def test_a_dictionary_of_numbers_is_its_values(bench):
    numbers = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), pa.array([0.5, 1.5]))
    bench.shard(adm2=numbers)
    assert bench.combine(*X).code == 0
    assert bench.column("adm2") == [0.5, 1.5, 0.5]


def test_columns_of_one_name(bench):
    table = pa.Table.from_arrays([pa.array([1.0])] * 2, names=["vmaf", "vmaf"])
    pq.write_table(table, bench.path / "a.parquet")
    assert "more than one column is named 'vmaf'" in bench.refused(*X)


def test_a_name_that_differs_in_case_only(bench):
    bench.shard(ADM2=[1.0, 2.0, 3.0])
    assert "column 'ADM2' differs from 'adm2' in case only" in bench.refused(*X)


def test_names_that_differ_in_case_only_where_one_is_right(bench):
    bench.shard(VMAF=[9.0, 9.0, 9.0])
    assert bench.combine(*X).code == 0
    assert bench.column("vmaf") == [0.0, 1.0, 2.0]
    assert bench.manifest()["inputs"][0]["dropped_columns"] == ["VMAF"]


def test_too_many_columns(bench):
    names = [f"c{at}" for at in range(10_001)]
    pq.write_table(
        pa.table({name: pa.array([], pa.int8()) for name in names}), bench.path / "a.parquet"
    )
    assert "10001 columns; no more than 10000 are read" in bench.refused(*X)


def test_a_source_column_that_is_not_there(bench):
    bench.shard()
    assert "no column 'clip'" in bench.refused(*X, "--source-column", "clip")


def test_a_source_column_of_numbers_that_are_no_names_is_refused_though_it_is_a_feature(bench):
    bench.shard()
    assert "column 'vmaf' has the type double" in bench.refused(*X, "--source-column", "vmaf")


def test_a_label_that_is_too_long(bench):
    bench.shard()
    assert "255 letters at most" in bench.refused("--input", f"{'x' * 300}=a.parquet")


@pytest.mark.parametrize("label", ["", " ", "a b", " a", "a\tb", "a\x07"])
def test_a_label_that_is_empty_or_has_spaces(bench, label):
    bench.shard()
    assert "--input" in bench.refused("--input", f"{label}=a.parquet")


def test_what_follows_the_first_equals_sign_is_the_path(bench):
    bench.shard("b=a.parquet")
    assert bench.combine("--input", "x=b=a.parquet").code == 0
    assert set(bench.column("corpus")) == {"x"}


def test_a_file_given_twice(bench):
    path = bench.shard()
    (bench.path / "b.parquet").hardlink_to(path)
    said = bench.refused(*X, "--input", "y=b.parquet")
    assert "x=a.parquet and y=b.parquet are the same file" in said


def test_an_input_that_is_the_output(bench):
    before = bench.shard().read_bytes()
    ended = bench.combine(*X, out="a.parquet")
    assert ended.code == 2
    assert (bench.path / "a.parquet").read_bytes() == before


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x"])
def test_a_limit_that_is_none(bench, value):
    bench.shard()
    assert "--max-rows-per-input" in bench.refused(*X, "--max-rows-per-input", value)


def test_all_inputs_are_looked_at_before_anything_is_said(bench):
    bench.shard("a.parquet", adm2=["x"] * 3, motion=["y"] * 3)
    bench.shard("b.parquet", drop=["vmaf"], adm2=[1.0])
    said = bench.refused(*X, "--input", "y=b.parquet")
    for problem in ("column 'adm2' has", "column 'motion' has", "'y' (b.parquet): no column"):
        assert problem in said


def test_a_table_that_is_no_longer_what_its_manifest_describes(bench):
    bench.shard("raw.parquet")
    assert bench.combine("--input", "x=raw.parquet", out="a.parquet").code == 0
    assert bench.combine(*X, out="fine.parquet").code == 0
    shutil.copy(bench.path / "raw.parquet", bench.path / "a.parquet")
    said = bench.refused(*X)
    assert "no longer what its manifest a.parquet.manifest.json describes" in said
    assert bench.combine(*X, "--allow-drift").code == 0
    assert bench.manifest()["inputs"][0]["manifest"]["matches"] is False
    fine = json.loads((bench.path / "fine.parquet.manifest.json").read_text())
    assert fine["inputs"][0]["manifest"]["matches"] is True
    assert fine["run_provenance"]["parents"][0]["option"] == "input"


def test_a_manifest_that_cannot_be_read(bench):
    bench.shard()
    (bench.path / "a.parquet.manifest.json").write_text("{")
    assert "input 'x' (a.parquet): the manifest" in bench.refused(*X)


def test_an_input_that_changes_while_it_is_read(bench, monkeypatch):
    path = bench.shard()
    assert bench.combine(*X).code == 0
    before = (bench.path / "out.parquet").read_bytes()
    count_again = combination.count_again

    def meanwhile(*args):
        with path.open("ab") as file:
            file.write(b"more")
        return count_again(*args)

    monkeypatch.setattr(combination, "count_again", meanwhile)
    ended = bench.combine(*X, "--overwrite")
    assert ended.code == 2
    assert "a.parquet changed while the table was built" in ended.err
    assert (bench.path / "out.parquet").read_bytes() == before
