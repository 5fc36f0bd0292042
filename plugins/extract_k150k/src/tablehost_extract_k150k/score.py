"""The work on one clip: probe it, measure it, and make its row."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from tablehost import ItemFailed
from tablehost_extract_k150k import engine
from tablehost_extract_k150k.clips import Clip
from tablehost_extract_k150k.features import aggregate, extractors_of
from tablehost_extract_k150k.options import Measure
from tablehost_extract_k150k.probe import Probed, probe
from tablehost_extract_k150k.process import EngineSettings


@frozen(kw_only=True)
class ScoreSettings(EngineSettings):
    """What decides the row of a clip; no label, no metadata.

    Args:
        measure: what is measured, and what is filled in.
    """

    measure: Measure = "informative"


@frozen(kw_only=True)
class ClipRow:
    """What the engine has to say about a clip.

    Args:
        clip_name: the key.
        width: of the displayed picture.
        height: of the displayed picture.
        fps: average frame rate; None where it is unknown.
        is_hdr: whether cambi ran for a perceptual quantiser.
        motion_fps_weight: weight of motion at this frame rate.
        bit_depth: of a sample in the file.
        frames: how many were measured.
        means: of every feature, in the locked order; None where no frame is finite.
        stds: likewise.
    """

    clip_name: str
    width: int
    height: int
    fps: float | None
    is_hdr: bool
    motion_fps_weight: float
    bit_depth: int
    frames: int
    means: list[float | None]
    stds: list[float | None]


def score_clip(item: Clip, settings: ScoreSettings) -> ClipRow:
    """Measure one clip.

    Args:
        item: the clip.
        settings: what decides its row.

    Raises:
        ItemFailed: it is not measured whole.
    """
    clip = probe_or_complain(item.path, settings)
    frames = engine.measure(settings, item.path, clip, extractors_of(settings.measure))
    pairs = aggregate(
        frames, measure=settings.measure, is_hdr=clip.is_hdr, scored_bits=clip.scored_bits
    )
    return ClipRow(
        clip_name=item.name,
        width=clip.width,
        height=clip.height,
        fps=clip.fps,
        is_hdr=clip.is_hdr,
        motion_fps_weight=clip.motion_fps_weight,
        bit_depth=clip.bit_depth,
        frames=len(frames),
        means=[mean for mean, _ in pairs],
        stds=[std for _, std in pairs],
    )


def probe_or_complain(path: Path, settings: EngineSettings) -> Probed:
    """Probe a clip; where that fails, let the engine say in its own words why.

    Raises:
        ItemFailed: `not-a-regular-file`, `unreadable`, `no-video` or `damaged`.
    """
    if path.is_dir():
        raise ItemFailed("not-a-regular-file", "it is a folder")
    try:
        return probe(path)
    except ItemFailed as failed:
        detail = engine.complaint_about(settings, path) or failed.detail
        raise ItemFailed(failed.reason, detail) from None
