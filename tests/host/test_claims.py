"""What a run refuses or moves, so that nothing beside a table says what is not so."""

import json

import pytest


@pytest.mark.outcome("Exit 2: a table is Parquet.")
@pytest.mark.parametrize("name", ["p.jsonl", "p.CSV", "p.parquet.gz"])
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_an_output_named_like_another_format_is_refused(words, name, more):
    ended = words.run("run", "./words.py", "--text", "t.txt", "--out", name, *more)
    assert ended.code == 2
    assert f"--out: {name} is a name of another format, and a table is Parquet" in ended.err
    assert not (words.path / name).exists()


@pytest.mark.outcome("Exit 2: all of them.")
def test_a_run_without_options_names_all_that_is_missing(project):
    ended = project.run("run", "extract_k150k")
    assert ended.code == 2
    for flag in ("--out", "--clips-dir", "--scores"):
        assert f"{flag} is required" in ended.err


@pytest.mark.outcome("Exit 2: what a model is named like; in a dry run too.")
@pytest.mark.parametrize("model", ["path=x", "path=x.json", "path=m/x", "version=vmaf_v0.6.1"])
def test_a_model_as_another_tool_writes_it_is_refused_in_a_dry_run(project, model):
    project.write("scores.csv", "video_name,video_score\na,1\n")
    project.write("clips/a.mp4", "")
    project.write("x", "{}")
    given = ("--clips-dir", "clips", "--scores", "scores.csv", "--vmaf-model", model)
    ended = project.run("run", "extract_k150k", *given, "--out", "k.parquet", "--dry-run")
    assert ended.code == 2
    assert "--vmaf-model: " in ended.err
    assert model in ended.err


@pytest.mark.outcome("It is moved to the history, with a line.")
def test_a_sidecar_of_an_older_tool_does_not_stay_beside_another_table(counted):
    older = {"schema": "old-v1", "outputs": {"parquet": {"path": "t.parquet"}}}
    counted.write("t.manifest.json", json.dumps(older))
    counted.write("t.txt", "d\n")
    run = ("run", "./words.py", "--text", "t.txt", "--out", "t.parquet", "--overwrite")
    ended = counted.run(*run)
    assert ended.code == 0
    assert "t.manifest.json, of an older tool, was moved to t.parquet.history" in ended.err
    assert not (counted.path / "t.manifest.json").exists()
    kept = [json.loads(one.read_text()) for one in counted.path.glob("t.parquet.history/*.json")]
    assert older in kept


def test_the_manifest_of_another_table_stays_where_it_is(counted):
    other = {"run_provenance": {"outputs": {"table": {"path": "t.csv.parquet"}}}}
    counted.write("t.manifest.json", json.dumps(other))
    run = ("run", "./words.py", "--text", "t.txt", "--out", "t.parquet", "--overwrite")
    assert counted.run(*run).code == 0
    assert (counted.path / "t.manifest.json").exists()
