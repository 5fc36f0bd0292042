"""Measure what an encoder does to clips, frame by frame: a builder in one file, made to be copied.

tablehost run ./examples/per_frame.py --clips-dir clips --out frames.parquet
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from attrs import frozen

from tablehost import Build, InputDir, ItemFailed, Refused, Run, Tool, hookimpl

ITEM_VERSION = 1  # raise it when changed code would give a clip other rows
CODEC, TEACHER = "libx264", "vmaf_v0.6.1"
SCALES = [f"{name}_scale{scale}" for name in ("adm", "vif") for scale in range(4)]
METRICS = {  # column: key in the engine's log
    **{name: f"integer_{name}" for name in ("adm2", "adm3", *SCALES, "motion2", "motion3")},
    **{name: name for name in ("psnr_y", "psnr_cb", "psnr_cr", "vmaf")},
}
# Encode, decode that again, and compare by frame number: an encoder may round a time stamp.
COMMAND = (
    "-hide_banner -nostdin -loglevel error -reinit_filter 0 -max_error_rate 0 -i file:{clip} "
    "-map 0:V:0 -fps_mode passthrough -enc_time_base demux "
    f"-c:v {CODEC} -crf {{crf}} -threads 1 -f null - -dec 0:0 -filter_complex "
    "[dec:0]settb=AVTB,setpts=N[encoded];[0:V:0]settb=AVTB,setpts=N[original];"
    f"[encoded][original]libvmaf=model=version={TEACHER}:feature=name=psnr:n_threads=1"
    ":log_fmt=json:log_path=/dev/stdout[measured] -map [measured] -f null -"
)


@frozen(kw_only=True)
class Options:
    """Encode clips with x264, and measure every frame against the original."""

    clips_dir: InputDir
    """Folder of the clips."""
    glob: str = "*.mp4"
    """Pattern of their file names."""
    crf: int = 35
    """Quality that the encoder holds: 0 is the best, 51 the worst."""


@frozen(kw_only=True)
class Settings:
    """What decides the rows of a clip: when it changes, the clip is measured again."""

    ffmpeg: Tool
    crf: int
    command: str = COMMAND
    keys: tuple[str, ...] = tuple(METRICS.values())


@frozen
class Measured:
    """One clip: of each frame in turn, all metrics."""

    source: str
    values: list[float]


@frozen
class Fields:
    """What it adds to its manifest; by the teacher, `combine` knows what goes together."""

    schema: str = "per-frame-manifest-v1"
    teacher_model: str = TEACHER
    frames: int = 0


def measure_clip(path: Path, settings: Settings) -> Measured:
    """Measure a clip whole: anything less is a failure, never a row."""
    import av

    words = [word.format(clip=path, crf=settings.crf) for word in settings.command.split()]
    command = [settings.ffmpeg, *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
    if ended.returncode or ended.stderr:  # of damage that ffmpeg conceals, only stderr has a trace
        complaint = ended.stderr.partition("\n")[0] or f"exit code {ended.returncode}"
        raise ItemFailed("engine-failed", complaint)
    frames = json.loads(ended.stdout)["frames"]
    with av.open(f"file:{path}") as clip:
        promised = clip.streams.video[0].frames or len(frames)  # 0: the file does not say
    if [frame["frameNum"] for frame in frames] != list(range(promised)):
        raise ItemFailed("frames-missing", f"{len(frames)} frames measured, {promised} promised")
    values = [float(frame["metrics"][key]) for frame in frames for key in settings.keys]
    return Measured(path.name, values)


def columns(clip: Measured) -> dict[str, list[Any]]:
    """Return the rows of a clip, one a frame."""
    metrics = {name: clip.values[at :: len(METRICS)] for at, name in enumerate(METRICS)}
    count = len(metrics["vmaf"])
    names = {"source": [clip.source] * count, "frame_index": [*range(count)]}
    return {**names, "codec": [CODEC] * count, **metrics}


@hookimpl
def build_table(options: Options, run: Run) -> Build:
    """Measure the clips, then stream their rows: memory holds one clip at a time."""
    import imageio_ffmpeg
    import pyarrow as pa

    clips = sorted(options.clips_dir.glob(options.glob))
    if not clips:
        raise Refused([f"no file in {options.clips_dir} matches {options.glob!r}"])
    measured = run.map(
        measure_clip,
        clips,
        key=lambda path: path.name,
        settings=Settings(ffmpeg=Path(imageio_ffmpeg.get_ffmpeg_exe()), crf=options.crf),
        input=lambda path: path,
    )
    names = {"source": pa.string(), "frame_index": pa.int64(), "codec": pa.string()}
    schema = pa.schema({**names, **dict.fromkeys(METRICS, pa.float64())})
    data = (pa.record_batch(columns(clip), schema=schema) for clip in measured)
    key, tolerance = ("source", "frame_index"), dict.fromkeys(METRICS, 1e-6)
    return Build(data, schema=schema, key=key, tolerance=tolerance)


@hookimpl
def describe_manifest(options: Options, build: Build) -> Fields:
    """Return how many frames there are."""
    return Fields(frames=build.rows)
