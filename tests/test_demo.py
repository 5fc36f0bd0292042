"""What `make demo` builds: real features of real clips, with a manifest that records everything."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import jsonschema
import pandas as pd
import pyarrow.parquet as pq
import pytest
from attrs import frozen
from command_line import run_here

FEATURES = """
adm2 adm_scale0 adm_scale1 adm_scale2 adm_scale3 vif_scale0 vif_scale1 vif_scale2 vif_scale3
motion motion2 motion3 psnr_y psnr_cb psnr_cr float_ssim float_ms_ssim cambi ciede2000 psnr_hvs
vmaf speed_temporal speed_chroma_u speed_chroma_v speed_chroma_uv adm3
""".split()
FIELDS = """
manifest: schema status stats features teacher_model extractors backend fr_from_nr_adapter
manifest: failures run table run_provenance
stats: total_clips done_before pending_at_start recovered_rows ok fail parquet_rows
stats: elapsed_seconds rate_clip_per_second
backend: engine version use_cuda workers threads_per_worker
fr_from_nr_adapter: enabled allow_fr_from_nr split_seed
run: status items failures
run.items: total done_before ok failed removed
table: sha256 bytes rows rows_digest columns key tolerance writer invariants view
table.columns.0: name type digest nulls nan inf min max mean std texts
table.columns.0.texts: distinct most
table.columns.1.histogram: form scale bins
table.view: label group unit describe
table.invariants.0: name ok
run_provenance: schema entrypoint argv args inputs outputs args_from run_id started_at finished_at
run_provenance: cwd root code environment recipe parents sessions redacted
run_provenance.entrypoint: path exists kind sha256
run_provenance.code: plugin host tools packages
run_provenance.code.plugin: distribution version modules
run_provenance.environment: python platform cpu
run_provenance.recipe: table item left_out
run_provenance.root: outside
run_provenance.inputs.scores: path exists kind sha256 bytes observed
run_provenance.inputs.clips_dir: path exists kind files bytes glob dir_hash1 listing
run_provenance.inputs.clips_dir.listing: path sha256
"""
CLIPS = ["bigbuckbunny.mp4", "bikes.mp4", "carphone_distorted.mp4", "carphone_pristine.mp4"]
TABLE = "demo/features.parquet"

pytestmark = pytest.mark.long  # it measures real clips whole


@pytest.fixture
def table(demo: Path) -> Any:
    return pq.read_table(demo / TABLE)


@pytest.fixture
def manifest(demo: Path) -> Any:
    return manifest_of(demo, "features")


def manifest_of(demo: Path, name: str) -> Any:
    return json.loads((demo / f"demo/{name}.parquet.manifest.json").read_text())


def parents_of(demo: Path, name: str) -> list[tuple[str, str]]:
    """Return path and run of every table that a table is made of."""
    parents = manifest_of(demo, name)["run_provenance"]["parents"]
    return [(parent["path"], parent["run_id"]) for parent in parents]


def run_of(demo: Path, name: str) -> tuple[str, str]:
    block = manifest_of(demo, name)["run_provenance"]
    return block["outputs"]["table"]["path"], block["run_id"]


def test_it_has_one_row_a_clip(table: Any) -> None:
    assert table.column("clip_name").to_pylist() == CLIPS


def test_its_columns_stand_in_the_locked_order(table: Any) -> None:
    leading = ["clip_name", "mos", "width", "height", "fps", "is_hdr", "motion_fps_weight"]
    measured = [f"{feature}_{kind}" for feature in FEATURES for kind in ("mean", "std")]
    assert table.column_names == leading + measured


def test_its_columns_have_units_and_descriptions(manifest: Any) -> None:
    view = manifest["table"]["view"]
    assert (view["label"], view["group"]) == ("mos", None)
    assert (view["unit"]["psnr_y_mean"], view["unit"]["fps"]) == ("dB", "frames/s")
    said = "visible banding, standard deviation over the frames"
    assert view["describe"]["cambi_std"] == said


def test_its_values_equal_an_independent_run_of_the_same_engine(
    demo: Path, table: Any, tmp_path: Path
) -> None:
    keys = {"vmaf": "vmaf", "adm2": "integer_adm2", "motion2": "integer_motion2", "cambi": "cambi"}
    frames = score(demo / "demo/clips/bikes.mp4", tmp_path)
    row = table.to_pylist()[CLIPS.index("bikes.mp4")]
    for feature, key in keys.items():
        values = [frame["metrics"][key] for frame in frames]
        assert row[f"{feature}_mean"] == pytest.approx(sum(values) / len(values), rel=1e-12)


def score(clip: Path, folder: Path) -> list[dict[str, Any]]:
    """Score a clip against itself, from two separate inputs."""
    graph = (
        "[0:v]format=yuv420p[a];[1:v]format=yuv420p[b];[a][b]libvmaf=model=version=vmaf_v0.6.1"
        ":feature='name=adm|name=vif|name=motion|name=cambi':log_fmt=json:log_path=out.json"
    )
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-nostdin", "-i", clip, "-i", clip, "-lavfi", graph, "-f", "null", "-"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    frames: list[dict[str, Any]] = json.loads((folder / "out.json").read_text())["frames"]
    return frames


@pytest.mark.parametrize(
    ("name", "builder"),
    [
        ("features", "extract_k150k"),
        ("enriched", "enrich"),
        ("phone", "./examples/per_frame.py"),
        ("combined", "combine"),
    ],
)
def test_every_manifest_is_valid_against_the_schema_that_the_command_prints(
    demo: Path, name: str, builder: str
) -> None:
    schema = run_here(demo, os.environ, ["schema", builder, "--manifest"]).json
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(manifest_of(demo, name), schema)


@pytest.mark.parametrize("line", FIELDS.strip().splitlines())
def test_its_manifest_has_every_field(manifest: Any, line: str) -> None:
    place, _, names = line.partition(": ")
    found = manifest
    for step in filter(None, place.removeprefix("manifest").split(".")):
        found = found[int(step)] if step.isdecimal() else found[step]
    assert set(names.split()) <= set(found)


def test_its_labels_say_that_they_are_made_up(demo: Path) -> None:
    first, *rows = (demo / "demo/made-up-scores.csv").read_text().splitlines()
    assert first.startswith("video_name,video_score")
    assert all("made up" in row for row in rows)


def test_the_folder_digest_is_what_coreutils_print(demo: Path, manifest: Any) -> None:
    command = (
        "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum -- | sha256sum"
    )
    printed = subprocess.run(
        ["bash", "-c", command],
        cwd=demo / "demo/clips",
        capture_output=True,
        text=True,
        check=True,
    )
    described = manifest["run_provenance"]["inputs"]["clips_dir"]
    assert described["dir_hash1"] == printed.stdout.split()[0]


def test_enriched_is_the_extracted_table_with_metadata(demo: Path, table: Any) -> None:
    enriched = pq.read_table(demo / "demo/enriched.parquet").to_pandas()
    pd.testing.assert_frame_equal(enriched[table.column_names], table.to_pandas())
    contents = ["big-buck-bunny", "street-bikes", "carphone", "carphone"]
    assert enriched["chug_content_name"].to_list() == contents
    assert enriched["split"].to_list() == ["val", "test", "train", "train"]


def test_enriched_counts_and_names_the_run_that_it_is_made_of(demo: Path) -> None:
    stats = manifest_of(demo, "enriched")["stats"]
    counts = {"rows": 4, "metadata_rows": 4, "matched_rows": 4, "missing_rows": 0}
    assert stats == {**counts, "updated_cells": 20}
    assert parents_of(demo, "enriched") == [run_of(demo, "features")]


def test_its_metadata_says_that_it_is_made_up(demo: Path) -> None:
    lines = (demo / "demo/made-up-metadata.jsonl").read_text().splitlines()
    assert [json.loads(line)["filename"] for line in sorted(lines)] == CLIPS
    assert all("made up" in json.loads(line)["note"] for line in lines)


def test_combined_holds_every_frame_of_both_corpora(demo: Path) -> None:
    combined = pq.read_table(demo / "demo/combined.parquet").to_pandas()
    assert combined.groupby("corpus").size().to_dict() == {"film": 382, "phone": 240}
    for corpus in ("phone", "film"):
        frames = pq.read_table(demo / f"demo/{corpus}.parquet").to_pandas()
        taken = combined[combined["corpus"] == corpus].reset_index(drop=True)
        pd.testing.assert_frame_equal(taken[frames.columns], frames)


def test_combined_says_its_columns_its_teacher_and_the_runs_that_it_is_made_of(demo: Path) -> None:
    found = manifest_of(demo, "combined")
    columns = pq.read_schema(demo / "demo/combined.parquet").names
    assert columns[:4] == ["corpus", "source", "frame_index", "codec"]
    assert columns[-1] == "vmaf"
    assert found["output_columns"] == columns
    assert found["teacher_model"] == "vmaf_v0.6.1"
    assert {one["teacher_model_from"] for one in found["inputs"]} == {"manifest"}
    assert parents_of(demo, "combined") == [run_of(demo, "phone"), run_of(demo, "film")]


@frozen
class Second:
    """What a second demo printed, and what the first had left."""

    printed: str
    first: dict[str, bytes]


@pytest.fixture(scope="module")
def second(demo: Path, run_demo: Callable[[Path], str]) -> Second:
    files = [path for path in (demo / "demo").iterdir() if path.is_file()]
    first = {path.name: path.read_bytes() for path in files}
    return Second(run_demo(demo), first)


def test_it_ends_with_the_pages_of_its_tables_and_says_where_they_are(
    demo: Path, second: Second
) -> None:
    assert second.printed.splitlines()[-1] == "page  demo/report/index.html"
    catalogue = (demo / "demo/report/index.html").read_text()
    for name in ("features", "enriched", "phone", "film", "combined"):
        assert f'href="./{name}.parquet.html"' in catalogue
        assert len((demo / f"demo/report/{name}.parquet.html").read_bytes()) < 300 * 1024


@pytest.mark.parametrize("name", ["features", "phone", "film"])
def test_a_second_demo_finds_nothing_to_do(demo: Path, second: Second, name: str) -> None:
    assert f"up to date: demo/{name}.parquet" in second.printed
    for file in (f"{name}.parquet", f"{name}.parquet.manifest.json"):
        assert (demo / "demo" / file).read_bytes() == second.first[file]


@pytest.mark.parametrize("name", ["enriched", "combined"])
def test_a_second_demo_makes_the_same_bytes_anew(demo: Path, second: Second, name: str) -> None:
    assert (demo / f"demo/{name}.parquet").read_bytes() == second.first[f"{name}.parquet"]
    replaced = json.loads(second.first[f"{name}.parquet.manifest.json"])
    run_id = replaced["run_provenance"]["run_id"]
    kept = demo / f"demo/{name}.parquet.history/{run_id}.manifest.json"
    assert kept.read_bytes() == second.first[f"{name}.parquet.manifest.json"]


@pytest.mark.parametrize("name", ["features", "enriched", "combined"])
def test_it_prints_the_main_fields_of_three_manifests(
    demo: Path, second: Second, name: str
) -> None:
    found = manifest_of(demo, name)
    for line in (f"schema +{found['schema']}", f"table.sha256 +{found['table']['sha256'][:12]}"):
        assert re.search(f"^{line}", second.printed, re.MULTILINE)


def test_it_ends_with_all_tables_intact_and_what_the_last_is_made_of(second: Second) -> None:
    *_, verified, lineage = second.printed.split("\n$ tablehost ")
    assert "5 tables: 5 intact" in verified
    for corpus in ("phone", "film"):
        assert f"input: {corpus}=demo/{corpus}.parquet (per_frame," in lineage


@pytest.mark.parametrize("name", ["enriched", "combined", "features"])
def test_a_replay_from_elsewhere_by_more_workers_makes_the_same_bytes(
    demo: Path, tmp_path: Path, name: str
) -> None:
    table = demo / f"demo/{name}.parquet"
    workers = str(len(os.sched_getaffinity(0)) + 1)
    ended = run_here(tmp_path, os.environ, ["replay", str(table), "--trust", "--workers", workers])
    assert ended.code == 0, ended.err
    assert ended.out == f"reproduced-bytes  {table}\n"
    assert not list(tmp_path.iterdir())


def test_the_shortened_manifest_of_the_readme_has_only_real_fields(manifest: Any) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    (shown,) = re.findall(r"^```json\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    missing = [path for path in paths(json.loads(shown)) if not has(manifest, path)]
    assert not missing


def paths(value: Any, so_far: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every leaf."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from paths(one, (*so_far, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from paths(one, (*so_far, index))
    else:
        yield so_far


def has(value: Any, path: tuple[Any, ...]) -> bool:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
