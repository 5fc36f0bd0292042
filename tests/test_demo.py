"""What `make demo` builds: real features of real clips, with a manifest that tells everything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import jsonschema
import pyarrow.parquet as pq
import pytest

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
table: sha256 bytes rows rows_digest columns key tolerance writer invariants
table.columns.0: name type digest nulls nan inf min max mean std
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


@pytest.fixture
def table(demo: Path) -> Any:
    return pq.read_table(demo / TABLE)


@pytest.fixture
def manifest(demo: Path) -> Any:
    return json.loads((demo / f"{TABLE}.manifest.json").read_text())


def test_it_has_one_row_a_clip(table: Any) -> None:
    assert table.column("clip_name").to_pylist() == CLIPS


def test_its_columns_stand_in_the_locked_order(table: Any) -> None:
    leading = ["clip_name", "mos", "width", "height", "fps", "is_hdr", "motion_fps_weight"]
    measured = [f"{feature}_{kind}" for feature in FEATURES for kind in ("mean", "std")]
    assert table.column_names == leading + measured


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


def test_its_manifest_is_valid_against_the_schema_that_the_command_prints(manifest: Any) -> None:
    command = [sys.executable, "-m", "tablehost", "schema", "extract_k150k", "--manifest"]
    schema = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(manifest, schema)


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


def test_a_second_demo_finds_nothing_to_do(demo: Path) -> None:
    before = {name: (demo / name).read_bytes() for name in (TABLE, f"{TABLE}.manifest.json")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "examples/demo.sh"]
    subprocess.run(
        command, cwd=demo, env=os.environ | {"PATH": path}, check=True, capture_output=True
    )
    assert before == {name: (demo / name).read_bytes() for name in before}


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
