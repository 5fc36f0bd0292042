"""The engine: one ffmpeg process a clip, and everything that must be true of what it wrote."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from tablehost import ItemFailed, Refused
from tablehost_extract_k150k.features import INFORMATIVE_EXTRACTORS
from tablehost_extract_k150k.graph import expected_keys, filter_graph, refusal
from tablehost_extract_k150k.probe import Probed
from tablehost_extract_k150k.process import (
    EngineSettings,
    Outcome,
    printable,
    run_engine,
    working_folder,
)

_GRACE_SECONDS = 60
_SECONDS_PER_PIXEL = {False: 4e-6, True: 4e-5}  # some 80 times what it takes; True: all measured
_STOPPED_BY_A_SIGNAL = 255  # ffmpeg's exit code after SIGTERM, SIGINT and their like
_TEST_SIDE, _TEST_FRAMES = 256, 3

Frames = list[Mapping[str, float | None]]


@frozen
class Engine:
    """What the engine says about itself.

    Args:
        version: ffmpeg's.
        libvmaf: libvmaf's.
    """

    version: str
    libvmaf: str


def measure(
    settings: EngineSettings,
    path: Path,
    clip: Probed,
    extractors: Sequence[str],
    *,
    first: int | None = None,
) -> Frames:
    """Measure a clip against itself and return its metrics, one mapping a frame.

    Args:
        settings: how the engine is called.
        path: the clip.
        clip: what the probe says about it.
        extractors: libvmaf's feature extractors, the fragile ones last.
        first: measure only so many frames from the start.

    Raises:
        ItemFailed: anything but every expected value of every promised frame came out of it.
    """
    refused = refusal(clip.width, clip.height, extractors)
    if refused:
        reason = "refused-by-engine"
        raise ItemFailed(reason, refused)
    expected = clip.frames if first is None else min(first, clip.frames)
    graph = filter_graph(settings, extractors, clip.pixel_format, is_hdr=clip.is_hdr, first=first)
    arguments = ["-i", f"file:{path}", "-filter_complex", graph, "-an", "-sn", "-dn"]
    outcome = run_engine(settings, arguments, _seconds(clip, extractors))
    _check_end(outcome)
    frames = _read_log(outcome.log)
    if len(frames) != expected:
        reason, by = "frames-missing", clip.promised_by
        raise ItemFailed(reason, f"{len(frames)} frames measured, {expected} promised by {by}")
    for key in expected_keys(extractors, is_hdr=clip.is_hdr):
        for number, frame in enumerate(frames):
            if key not in frame:
                reason, said = "metric-missing", f"; {outcome.remark}" if outcome.remark else ""
                raise ItemFailed(reason, f"{key} is not in the log of frame {number}{said}")
    return frames


def check_engine(settings: EngineSettings, extractors: Sequence[str]) -> Engine:
    """Prove that the engine works, has libvmaf with every extractor, and loads the model.

    Raises:
        Refused: it does not, with the engine's own line.
    """
    try:
        about = subprocess.run(
            [settings.ffmpeg.resolve(), "-version"],
            capture_output=True,
            check=False,
            timeout=_GRACE_SECONDS,
        )
        version = printable(about.stdout.decode(errors="replace")).split(" ")[2:3]
        with working_folder(settings) as folder:
            size = _TEST_SIDE * _TEST_SIDE * 3 // 2
            picture = (bytes(range(256)) * (size // 256 + 1))[:size]
            clip = folder / "test.yuv"
            clip.write_bytes(picture * _TEST_FRAMES)
            shape = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{_TEST_SIDE}x{_TEST_SIDE}"]
            graph = filter_graph(settings, extractors, "yuv420p", is_hdr=False)
            outcome = run_engine(
                settings, [*shape, "-i", f"file:{clip}", "-filter_complex", graph], _GRACE_SECONDS
            )
        _check_end(outcome)
        frames = _read_log(outcome.log)
    except (OSError, subprocess.TimeoutExpired) as error:
        why = getattr(error, "strerror", None) or str(error)
        problem = f"ffmpeg {settings.ffmpeg} does not run: {printable(why)}"
        raise Refused([problem]) from None
    except ItemFailed as failed:
        model = settings.model_file or settings.model
        problem = (
            f"ffmpeg {settings.ffmpeg} cannot measure with the model {model} "
            f"and {', '.join(extractors)}: {failed.detail}"
        )
        raise Refused([problem]) from None
    missing = set(expected_keys(extractors, is_hdr=False)) - set(frames[0] if frames else ())
    if missing:
        problem = f"ffmpeg {settings.ffmpeg} does not measure {', '.join(sorted(missing))}"
        raise Refused([problem])
    libvmaf = json.loads(outcome.log or b"{}").get("version", "unknown")
    return Engine("".join(version) or "unknown", str(libvmaf))


def complaint_about(settings: EngineSettings, path: Path) -> str:
    """Return the engine's own line about a file that cannot be probed; empty if it has none."""
    arguments = ["-i", f"file:{path}", "-map", "0:V:0", "-frames:v", "1"]
    try:
        return run_engine(settings, arguments, _GRACE_SECONDS).complaint
    except ItemFailed as failed:
        return failed.detail


def _check_end(outcome: Outcome) -> None:
    """Raise unless the engine ended with exit code 0 and wrote nothing to stderr."""
    if outcome.code < 0:
        number = -outcome.code
        reason, name = "engine-crashed", f"signal {number} ({signal.strsignal(number)})"
        raise ItemFailed(
            reason, f"the engine was ended by {name}; {outcome.complaint}".rstrip("; ")
        )
    if outcome.complaint:
        raise ItemFailed(outcome.kind, outcome.complaint)
    if outcome.code == _STOPPED_BY_A_SIGNAL:
        reason = "engine-crashed"
        raise ItemFailed(reason, f"the engine was stopped by a signal (exit code {outcome.code})")
    if outcome.code:
        reason = "damaged"
        raise ItemFailed(reason, f"the engine ended with exit code {outcome.code} and said nothing")


def _read_log(log: bytes | None) -> Frames:
    """Return the metrics of a log whose frames are numbered without a gap."""
    reason = "no-log"
    if log is None:
        raise ItemFailed(reason, "the engine ended well and wrote no log; is the disk full?")
    try:
        frames: list[dict[str, Any]] = json.loads(log)["frames"]
        numbers = [frame["frameNum"] for frame in frames]
        metrics: Frames = [frame["metrics"] for frame in frames]
    except (ValueError, KeyError, TypeError) as error:
        raise ItemFailed(reason, f"the engine's log cannot be read: {error!r}") from None
    if numbers != list(range(len(numbers))):
        reason = "frames-missing"
        raise ItemFailed(reason, "the frames in the engine's log are not numbered without a gap")
    return metrics


def _seconds(clip: Probed, extractors: Sequence[str]) -> float:
    everything = len(extractors) > len(INFORMATIVE_EXTRACTORS)
    pixels = clip.frames * clip.width * clip.height
    return _GRACE_SECONDS + pixels * _SECONDS_PER_PIXEL[everything]
