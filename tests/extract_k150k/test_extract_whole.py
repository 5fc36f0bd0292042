import json
import math
import shutil
import subprocess

import pyarrow.parquet as pq
import pytest

from tablehost_extract_k150k.features import FEATURES, KNOWN


@pytest.fixture
def corpus(tmp_path, shape, new_project):
    """A folder of clips with scores, and the command that builds its table."""

    def make(*names):
        clips = tmp_path / "clips"
        clips.mkdir(exist_ok=True)
        for name in names:
            shutil.copy(shape(name), clips / name)
        if not (tmp_path / "scores.csv").exists():
            lines = [f"{name},{at}.5" for at, name in enumerate(names)]
            (tmp_path / "scores.csv").write_text("\n".join(["video_name,video_score", *lines]))
        return build

    def build(*arguments):
        fixed = ("--clips-dir", "clips", "--scores", "scores.csv", "--out", "t.parquet")
        ended = new_project(tmp_path).run("run", "extract_k150k", *fixed, *arguments)
        path = tmp_path / "t.parquet.manifest.json"
        manifest = json.loads(path.read_text()) if path.exists() else None
        return ended.code, ended.err, manifest

    return make


def rows_of(folder):
    return {row["clip_name"]: row for row in pq.read_table(folder / "t.parquet").to_pylist()}


def test_clips_become_rows_with_labels_and_metadata(corpus, tmp_path):
    build = corpus("plain.mp4", "pq.mp4", "twelve.mkv", "small.mp4")
    sidecar = tmp_path / "m.jsonl"
    sidecar.write_text('{"src": "x/pq.mp4", "chug_content_name": "c", "chug_bit_depth": 10}\n{\n')
    code, _, manifest = build("--metadata-jsonl", "m.jsonl", "--audit-clips", 1)
    rows = rows_of(tmp_path)
    assert code == 1
    assert list(rows) == ["plain.mp4", "pq.mp4", "twelve.mkv"]
    assert [row["mos"] for row in rows.values()] == [0.5, 1.5, 2.5]
    assert [row["chug_bit_depth"] for row in rows.values()] == [None, 10, None]
    assert [row["is_hdr"] for row in rows.values()] == [False, True, False]
    assert [row["psnr_y_mean"] for row in rows.values()] == [60.0, 72.0, 72.0]
    assert all(math.isnan(row["ciede2000_mean"]) for row in rows.values())
    assert manifest["status"] == "partial"
    assert manifest["failures"] == [{"clip_name": "small.mp4", "reason": "refused-by-engine"}]
    assert manifest["features"] == [feature.name for feature in FEATURES]
    assert manifest["audit"]["bit_depths"] == [8, 10, 12]
    assert manifest["extractors"]["psnr_y"]["source"] == "identity"
    assert manifest["extractors"]["psnr_y"]["audit"]["largest_difference"] == 0.0
    assert manifest["extractors"]["cambi"]["source"] == "measured"
    assert manifest["metadata"]["malformed"][0]["line"] == 2
    assert manifest["stats"]["total_clips"] == 4
    assert manifest["stats"]["parquet_rows"] == manifest["stats"]["ok"] == 3


def test_a_corrected_label_scores_no_clip_again(corpus, tmp_path):
    build = corpus("plain.mp4")
    assert build("--audit-clips", 1)[0] == 0
    (tmp_path / "scores.csv").write_text("video_name,video_score\nplain,9\n")
    code, _, manifest = build("--audit-clips", 1)
    assert code == 0
    assert rows_of(tmp_path)["plain.mp4"]["mos"] == 9.0
    assert manifest["stats"]["done_before"] == manifest["stats"]["recovered_rows"] == 1
    assert manifest["stats"]["ok"] == 0


def test_no_row_of_an_unaudited_bit_depth_reaches_the_table(corpus, tmp_path):
    build = corpus("plain.mp4", "twelve.mkv")
    ten = tmp_path / "clips" / "odd-ten.mkv"
    source = tmp_path / "clips" / "twelve.mkv"
    from tablehost_extract_k150k.prepare import bundled_ffmpeg

    make = [bundled_ffmpeg(), "-loglevel", "error", "-i", source, "-vf", "scale=321:241"]
    subprocess.run([*make, "-pix_fmt", "yuv420p10le", "-c:v", "ffv1", ten], check=True)
    code, _, manifest = build("--audit-clips", 1)
    assert code == 1
    assert manifest["failures"] == [{"clip_name": "odd-ten.mkv", "reason": "unaudited"}]
    assert list(rows_of(tmp_path)) == ["plain.mp4", "twelve.mkv"]


def test_an_engine_that_measures_otherwise_ends_the_run_before_any_table(corpus, tmp_path):
    from tablehost_extract_k150k.prepare import bundled_ffmpeg

    liar = tmp_path / "liar"
    lie = 'sed -i \'s/"psnr_cb": 60.000000/"psnr_cb": 59.000000/\' v.json'
    liar.write_text(
        f'#!/bin/sh\n"{bundled_ffmpeg()}" "$@" || exit $?\nif [ -f v.json ]; then {lie}; fi\n'
    )
    liar.chmod(0o755)
    code, said, manifest = corpus("plain.mp4")("--ffmpeg", liar)
    assert code == 3
    assert "plain.mp4 found psnr_cb of frame 0: expected 60.0, seen 59.0" in said
    assert manifest is None
    assert not (tmp_path / "t.parquet").exists()


@pytest.mark.parametrize("arguments", [("--measure", "all"), ("--audit-clips", 0)])
def test_a_run_without_an_audit_says_so(corpus, arguments):
    code, _, manifest = corpus("plain.mp4")(*arguments)
    assert code == 0
    assert manifest["audit"]["enabled"] is False
    assert arguments[0] in manifest["audit"]["why_not"]
    sources = {manifest["extractors"][feature.name]["source"] for feature in KNOWN}
    assert sources == {"measured" if arguments[0] == "--measure" else "identity"}


def test_all_that_is_wrong_is_reported_at_once_and_nothing_is_touched(corpus, tmp_path):
    build = corpus("plain.mp4")
    (tmp_path / "scores.csv").write_text("video_name,video_score\nplain,x\n")
    (tmp_path / "m.jsonl").write_text(
        '{"src": "plain.mp4", "chug_content_name": "c", "chug_ref": 1}\n'
        '{"src": "other.mp4", "chug_content_name": "c", "chug_ref": 0}\n'
    )
    code, said, manifest = build("--metadata-jsonl", "m.jsonl")
    assert code == 2
    assert "line 2: video_score is not a finite number: 'x'" in said
    assert "--allow-fr-from-nr" in said
    assert manifest is None
