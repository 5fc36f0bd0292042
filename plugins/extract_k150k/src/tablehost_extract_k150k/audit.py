"""The audit of one clip: measure its first frames with everything, and compare."""

from __future__ import annotations

import math
from typing import Literal

from attrs import Factory, frozen

from tablehost import ItemFailed
from tablehost_extract_k150k import engine
from tablehost_extract_k150k.clips import Clip
from tablehost_extract_k150k.engine import Frames
from tablehost_extract_k150k.features import ALL_EXTRACTORS, KNOWN, Feature, identity_value
from tablehost_extract_k150k.process import EngineSettings
from tablehost_extract_k150k.score import probe_or_complain

AUDITED_FRAMES = 8

Status = Literal["compared", "differs", "too-small", "undecodable"]


@frozen(kw_only=True)
class AuditResult:
    """What an audit of a clip found.

    Args:
        clip_name: the key.
        status: `compared` where all agreed, `differs` where something did not; `too-small` and
            `undecodable` clips could not be compared and are passed over.
        detail: why it was passed over, or what differs from what.
        bit_depth: of a sample in the file; 0 where it is not known.
        frames: how many were compared.
        largest_differences: by known feature in the locked order, from the known value.
    """

    clip_name: str
    status: Status
    detail: str = ""
    bit_depth: int = 0
    frames: int = 0
    largest_differences: list[float] = Factory(list)


def audit_clip(item: Clip, settings: EngineSettings) -> AuditResult:
    """Measure the first frames of a clip with every extractor and compare what is filled in.

    It never fails: a clip that is broken is for the scoring to judge.

    Args:
        item: the clip.
        settings: how the engine is called.
    """
    bits = 0
    try:
        clip = probe_or_complain(item.path, settings)
        bits = clip.bit_depth
        frames = engine.measure(settings, item.path, clip, ALL_EXTRACTORS, first=AUDITED_FRAMES)
    except ItemFailed as failed:
        refused = failed.reason == "refused-by-engine"
        status: Status = "too-small" if refused else "undecodable"
        detail = failed.detail if refused else f"{failed.reason}: {failed.detail}"
        return AuditResult(clip_name=item.name, status=status, detail=detail, bit_depth=bits)
    return compare(item.name, frames, bit_depth=bits, scored_bits=clip.scored_bits)


def compare(name: str, frames: Frames, *, bit_depth: int, scored_bits: int) -> AuditResult:
    """Compare every known value of every frame with what the engine measured.

    Args:
        name: the clip's.
        frames: metrics by key, of every extractor.
        bit_depth: of a sample in the file.
        scored_bits: of the samples that were compared.
    """
    largest = []
    detail = ""
    for feature in KNOWN:
        expected = identity_value(feature, scored_bits)
        distances = [_distance(frame[feature.key], expected) for frame in frames]
        largest.append(max(distances, default=0.0))
        if largest[-1] > feature.within and not detail:
            frame = next(at for at, one in enumerate(distances) if one > feature.within)
            detail = _difference(feature, frame, expected, frames[frame][feature.key])
    return AuditResult(
        clip_name=name,
        status="differs" if detail else "compared",
        detail=detail,
        bit_depth=bit_depth,
        frames=len(frames),
        largest_differences=largest,
    )


def _distance(seen: float | None, expected: float | None) -> float:
    if seen is None or not math.isfinite(seen):
        return 0.0 if expected is None else math.inf
    return math.inf if expected is None else abs(seen - expected)


def _difference(feature: Feature, frame: int, expected: float | None, seen: float | None) -> str:
    values = ["null" if value is None else repr(value) for value in (expected, seen)]
    return f"{feature.name} of frame {frame}: expected {values[0]}, seen {values[1]}"
