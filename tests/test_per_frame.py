"""The builder of `examples/per_frame.py`: whole clips become rows, and nothing else does."""

import json
import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg
import pyarrow.parquet as pq
import pytest

EXAMPLE = Path(__file__).parent.parent / "examples/per_frame.py"
OUT = "frames.parquet"


@pytest.fixture
def corpus(project, short_clips):
    """Give a project with two clips of eight frames."""
    shutil.copytree(short_clips, project.path / "clips")
    return project


def run(project, *more):
    return project.run("run", EXAMPLE, "--clips-dir", "clips", "--out", OUT, *more)


def ffmpeg(project, *arguments):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", *arguments]
    subprocess.run(command, cwd=project.path, check=True, capture_output=True)


def rows(project):
    return pq.read_table(project.path / OUT).to_pylist()


def test_a_row_is_a_frame(corpus):
    assert run(corpus).code == 0
    places = [(row["source"], row["frame_index"], row["codec"]) for row in rows(corpus)]
    clips = ("bigbuckbunny.mp4", "bikes.mp4")
    assert places == [(clip, frame, "libx264") for clip in clips for frame in range(8)]
    assert corpus.manifest(OUT)["frames"] == 16


def test_its_values_equal_those_of_a_clip_encoded_to_a_file(corpus):
    encode = ["-c:v", "libx264", "-crf", "35", "-threads", "1"]
    ffmpeg(corpus, "-i", "clips/bikes.mp4", *encode, "encoded.mp4")
    graph = "libvmaf=feature=name=psnr:log_fmt=json:log_path=log.json"
    pair = ["-i", "encoded.mp4", "-i", "clips/bikes.mp4"]
    ffmpeg(corpus, *pair, "-lavfi", graph, "-f", "null", "-")
    frames = json.loads((corpus.path / "log.json").read_text())["frames"]
    run(corpus, "--glob", "bikes*")
    for name, key in (("vmaf", "vmaf"), ("psnr_cb", "psnr_cb"), ("adm2", "integer_adm2")):
        assert [row[name] for row in rows(corpus)] == [one["metrics"][key] for one in frames]


def failed(project):
    """Return the one item that failed, and why."""
    assert run(project).code == 1
    (failure,) = project.manifest(OUT)["run"]["failures"]
    assert {row["source"] for row in rows(project)} == {"bigbuckbunny.mp4", "bikes.mp4"}
    return failure["key"], failure["reason"]


def test_a_clip_whose_damage_ffmpeg_conceals_is_a_failure(corpus, clips):
    content = bytearray((clips / "carphone_pristine.mp4").read_bytes())
    content[len(content) // 2] ^= 0xFF
    (corpus.path / "clips/flipped.mp4").write_bytes(content)
    ffmpeg(corpus, "-i", "clips/flipped.mp4", "-f", "null", "-")
    assert failed(corpus) == ("flipped.mp4", "engine-failed")


def test_a_clip_with_fewer_frames_than_it_promises_is_a_failure(corpus):
    ffmpeg(corpus, "-ss", "0.1", "-i", "clips/bikes.mp4", "-c", "copy", "clips/cut.mp4")
    assert failed(corpus) == ("cut.mp4", "frames-missing")


def test_another_quality_needs_permission_to_replace_the_table(corpus):
    run(corpus)
    kept = corpus.digest(OUT)
    assert run(corpus, "--crf", "20").code == 2
    assert corpus.digest(OUT) == kept
    assert run(corpus, "--crf", "20", "--overwrite").code == 0
    assert corpus.manifest(OUT)["run"]["items"]["ok"] == 2


def test_a_folder_without_clips_is_refused(project):
    (project.path / "clips").mkdir()
    ended = run(project)
    assert ended.code == 2
    assert "no file in clips matches '*.mp4'" in ended.err
