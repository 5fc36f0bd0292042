"""An input that is several files: a folder of parts, or a glob."""

import gzip
import json
import os
import shutil

import pytest

from tablehost_combine import combination


@pytest.fixture
def parts(bench):
    """Give a folder of two parts, one below the other's folder, and what Spark leaves there."""
    (bench.path / "parts" / "more").mkdir(parents=True)
    bench.shard("parts/b.parquet", vmaf=[1.0, 2.0])
    bench.shard("parts/more/a.parquet", vmaf=[3.0])
    (bench.path / "parts/_SUCCESS").touch()
    (bench.path / "parts/.b.parquet.crc").write_bytes(b"crc")
    return bench


@pytest.mark.parametrize("path", ["parts", "parts/", "parts/**/*.parquet"])
def test_the_parts_of_an_input_follow_each_other_in_the_order_of_their_names(parts, path):
    assert parts.combine("--input", f"x={path}").code == 0
    assert parts.column("vmaf") == [1.0, 2.0, 3.0]
    assert set(parts.column("corpus")) == {"x"}


def test_a_folder_of_parts_is_listed_once_before_the_rows_and_once_after(parts, monkeypatch):
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (listed.append(str(path)), scandir(path))[1])
    assert parts.combine("--input", "x=parts").code == 0
    assert listed.count("parts") == 2


def test_frames_are_numbered_through_all_parts_of_an_input(parts):
    parts.combine("--input", "x=parts")
    assert parts.column("frame_index") == [0, 1, 2]


def test_a_glob_takes_what_it_matches_only(parts):
    assert parts.combine("--input", "x=parts/[a-c].parquet").code == 0
    assert parts.column("vmaf") == [1.0, 2.0]


def test_the_limit_is_of_the_input_and_not_of_each_part(parts):
    parts.shard("alone.parquet", vmaf=[7.0, 8.0, 9.0])
    parts.combine("--input", "x=parts", "--input", "y=alone.parquet", "--max-rows-per-input", 2)
    assert parts.column("vmaf") == [1.0, 2.0, 7.0, 8.0]
    assert [one["rows"] for one in parts.manifest()["inputs"]] == [2, 0, 2]
    assert parts.manifest()["stats"]["input_count"] == 2


def test_the_manifest_names_every_part_and_keeps_their_listing(parts):
    parts.combine("--input", "x=parts")
    answer = parts.manifest()
    described = answer["run_provenance"]["inputs"]["input"]
    assert (described["label"], described["files"], described["path"]) == ("x", 2, "parts")
    listing = gzip.decompress((parts.path / described["listing"]["path"]).read_bytes()).decode()
    paths = [f"parts/{line.split('  ')[1]}" for line in listing.splitlines()]
    assert paths == [one["path"] for one in answer["inputs"]]
    assert [line.split("  ")[0] for line in listing.splitlines()] == [
        one["sha256"] for one in answer["inputs"]
    ]


def test_the_manifest_of_every_part_is_a_parent(parts):
    for name in ("b", "more/a"):
        (parts.path / f"parts/{name}.parquet.manifest.json").write_text(
            json.dumps({"run_provenance": {"run_id": name}})
        )
    assert parts.combine("--input", "x=parts/**/*.parquet").code == 0
    answer = [one["run_id"] for one in parts.manifest()["run_provenance"]["parents"]]
    assert answer == ["b", "more/a"]


def test_a_part_without_the_target_is_named(parts):
    parts.shard("parts/c.parquet", drop=["vmaf"], adm2=[1.0])
    assert "input 'x' (parts/c.parquet): no column 'vmaf'" in parts.refused("--input", "x=parts")


def test_a_folder_without_a_part_is_refused(bench):
    (bench.path / "parts").mkdir()
    (bench.path / "parts/_SUCCESS").touch()
    assert "--input: parts has no file in it" in bench.refused("--input", "x=parts")


def test_a_glob_that_matches_nothing_is_refused(bench):
    assert "--input: no/*.parquet matches no file" in bench.refused("--input", "x=no/*.parquet")


def test_a_part_is_not_given_twice(parts):
    said = parts.refused("--input", "x=parts", "--input", "y=parts/b.parquet")
    assert "x=parts/b.parquet and y=parts/b.parquet are the same file" in said


def test_a_part_is_never_the_output(parts):
    ended = parts.combine("--input", "x=parts", out="parts/b.parquet")
    assert ended.code == 2
    assert "parts/b.parquet is the input --input" in ended.err


def test_a_file_whose_name_looks_like_a_glob_is_that_file(bench):
    bench.shard("[a].parquet", vmaf=[1.0])
    bench.shard("a.parquet", vmaf=[2.0])
    bench.combine("--input", "x=[a].parquet")
    assert bench.column("vmaf") == [1.0]


def test_a_part_that_comes_while_the_table_is_built_is_found(parts, monkeypatch):
    real = combination.count_again
    late = parts.path / "parts/late.parquet"

    def and_one_more(*arguments):
        shutil.copy(parts.path / "parts/b.parquet", late)
        return real(*arguments)

    monkeypatch.setattr(combination, "count_again", and_one_more)
    assert "--input: parts changed while the table was built" in parts.refused("--input", "x=parts")


def test_a_parent_whose_manifest_says_odd_things_is_known_by_its_digest(bench):
    bench.shard("a.parquet")
    odd = {"run_provenance": {"run_id": 7}, "table": []}
    (bench.path / "a.parquet.manifest.json").write_text(json.dumps(odd))
    assert bench.combine("--input", "x=a.parquet").code == 0
    (parent,) = bench.manifest()["run_provenance"]["parents"]
    assert parent["run_id"] is None
    assert parent["manifest_sha256"]
