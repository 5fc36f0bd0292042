"""The teacher model: one, answer by the rows, the manifest or the operator."""

import json

import pytest


def teach(bench, name, teacher):
    """Give a shard a manifest that names its teacher."""
    path = bench.path / f"{name}.manifest.json"
    path.write_text(json.dumps({"teacher_model": teacher}))


def answer(bench):
    manifest = bench.manifest()
    return [
        (shard["teacher_model"], shard["teacher_model_from"]) for shard in manifest["inputs"]
    ], manifest["teacher_model"]


def test_without_any_teacher_the_run_goes_through_and_the_manifest_says_null(bench):
    bench.shard()
    assert bench.combine("--input", "x=a.parquet").code == 0
    assert answer(bench) == ([(None, "unknown")], None)
    assert "teacher_model" not in bench.frame().columns


def test_the_column_or_else_the_manifest_says_the_teacher(bench):
    bench.shard("a.parquet", teacher_model=["t"] * 3)
    bench.shard("b.parquet", teacher_model=["t"] * 3)
    bench.shard("c.parquet")
    teach(bench, "b.parquet", "other")
    teach(bench, "c.parquet", "t")
    tokens = [f"--input={label}={label}.parquet" for label in "abc"]
    assert bench.combine(*tokens).code == 0
    assert answer(bench) == ([("t", "column"), ("t", "column"), ("t", "manifest")], "t")
    assert set(bench.column("teacher_model")) == {"t"}


@pytest.mark.parametrize("teller", ["column", "manifest", "option"])
def test_a_name_that_is_too_long_for_every_row_is_refused(bench, teller):
    name = "t" * 300
    bench.shard("a.parquet", **({"teacher_model": [name] * 3} if teller == "column" else {}))
    if teller == "manifest":
        teach(bench, "a.parquet", name)
    tokens = ("--assume-teacher", name) if teller == "option" else ()
    assert "has 300 letters" in bench.refused("--input", "x=a.parquet", *tokens)


def test_an_empty_name_is_no_teacher(bench):
    bench.shard(teacher_model=["", "t", " "])
    assert "2 rows without teacher_model beside those of 't'" in bench.refused(
        "--input", "x=a.parquet"
    )
    assert bench.combine("--input", "x=a.parquet", "--assume-teacher", "t").code == 0
    assert set(bench.column("teacher_model")) == {"t"}


def test_two_teachers_are_refused_naming_both_inputs(bench):
    bench.shard("a.parquet", teacher_model=["t"] * 3)
    bench.shard("b.parquet")
    teach(bench, "b.parquet", "u")
    said = bench.refused("--input", "x=a.parquet", "--input", "y=b.parquet")
    assert "'t' of input 'x' (a.parquet), by its column" in said
    assert "'u' of input 'y' (b.parquet), by its manifest" in said


def test_an_unknown_teacher_beside_a_known_one_must_be_assumed(bench):
    bench.shard("a.parquet", teacher_model=["t"] * 3)
    bench.shard("b.parquet")
    tokens = ("--input", "x=a.parquet", "--input", "y=b.parquet")
    said = bench.refused(*tokens)
    assert "the teacher of input 'y' (b.parquet) is unknown" in said
    assert "--assume-teacher t" in said
    assert "'u' of input 'y'" in bench.refused(*tokens, "--assume-teacher", "u")
    assert bench.combine(*tokens, "--assume-teacher", "t").code == 0
    assert answer(bench) == ([("t", "column"), ("t", "assumed")], "t")
    assert set(bench.column("teacher_model")) == {"t"}


def test_what_is_assumed_of_all_is_said(bench):
    bench.shard()
    assert bench.combine("--input", "x=a.parquet", "--assume-teacher", "t").code == 0
    assert answer(bench) == ([("t", "assumed")], "t")
    assert bench.manifest()["assumed_teacher_of"] == ["x=a.parquet"]


def test_an_input_whose_own_teacher_is_not_the_assumed_one_is_refused(bench):
    bench.shard(teacher_model=["t"] * 3)
    said = bench.refused("--input", "x=a.parquet", "--assume-teacher", "u")
    assert "'t' of input 'x' (a.parquet), by its column; 'u' of every input, by --assume" in said
    assert bench.combine("--input", "x=a.parquet", "--assume-teacher", "t").code == 0
    assert bench.manifest()["assumed_teacher_of"] == []


def test_an_input_of_which_some_rows_were_assumed_is_named(bench):
    bench.shard("a.parquet", teacher_model=["t", None, "t"])
    bench.shard("b.parquet", teacher_model=["t"] * 3)
    tokens = ("--input", "x=a.parquet", "--input", "y=b.parquet", "--assume-teacher", "t")
    assert bench.combine(*tokens).code == 0
    assert bench.manifest()["assumed_teacher_of"] == ["x=a.parquet"]


def test_rows_of_two_teachers_in_one_input_are_refused(bench):
    bench.shard(teacher_model=["t", "u", "t"])
    said = bench.refused("--input", "x=a.parquet", "--assume-teacher", "t")
    assert "input 'x' (a.parquet): rows of different teachers ('t', 'u')" in said


@pytest.mark.parametrize(("assumed", "code"), [((), 2), (("u",), 2), (("t",), 0)])
def test_rows_without_a_teacher_beside_others_must_be_assumed(bench, assumed, code):
    bench.shard(teacher_model=["t", None, "t"])
    tokens = [token for name in assumed for token in ("--assume-teacher", name)]
    ended = bench.combine("--input", "x=a.parquet", *tokens)
    assert ended.code == code
    assert code == 0 or "1 " in ended.err


def test_a_column_without_any_teacher_stays_and_is_null(bench):
    bench.shard(teacher_model=[None, None, None])
    assert bench.combine("--input", "x=a.parquet").code == 0
    assert bench.column("teacher_model") == [None] * 3
