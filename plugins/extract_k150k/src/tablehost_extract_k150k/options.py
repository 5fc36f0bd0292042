"""The options of `tablehost run extract_k150k`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from attrs import Attribute, field, frozen

from tablehost import Gate, InputDir, InputFile, ScratchDir, Tool, Tuning
from tablehost.records import known_format

VIDEO_SUFFIXES = ("mp4", "m4v", "mov", "mkv", "webm", "avi")
USUAL_GLOB = tuple(f"*.{suffix}" for name in VIDEO_SUFFIXES for suffix in (name, name.upper()))

Measure = Literal["informative", "all"]
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]*")


def _at_least(least: int) -> Any:
    def check(_instance: object, _field: Attribute[Any], value: int | None) -> None:
        if value is not None and value < least:
            msg = f"must be {least} or more, got {value}"
            raise ValueError(msg)

    return check


def _fraction(_instance: object, _field: Attribute[Any], value: float) -> None:
    if not 0 <= value <= 1:
        msg = f"must be a fraction from 0 to 1, got {value}"
        raise ValueError(msg)


def _flat_patterns(_instance: object, _field: Attribute[Any], value: tuple[str, ...]) -> None:
    if not value:
        msg = "must be one pattern or more, got none"
        raise ValueError(msg)
    for pattern in value:
        if not pattern or "/" in pattern:
            msg = f"must be a pattern of file names, without '/', got {pattern!r}"
            raise ValueError(msg)


def _model(_instance: object, _field: Attribute[Any], value: Path | str) -> None:
    if isinstance(value, str) and not _MODEL_NAME.fullmatch(value):
        msg = f"must be a model's name such as vmaf_v0.6.1 or the path of a JSON, got {value!r}"
        raise ValueError(msg)


def _has_list(instance: Options, _field: Attribute[Any], value: bool) -> None:  # noqa: FBT001
    if value and instance.checksums is None:
        msg = "needs the list in which the clips must be: give it with --checksums"
        raise ValueError(msg)


def _folder(_instance: object, _field: Attribute[Any], value: Path | None) -> None:
    if value is not None and value.exists() and not value.is_dir():
        msg = f"must be a folder, got {value}, which is not one"
        raise ValueError(msg)


@frozen(kw_only=True)
class Options:
    """Measure VMAF-family features of video clips without a reference, one row a clip."""

    clips_dir: InputDir
    """Folder of the clips."""

    scores: InputFile
    """CSV with the labels: video_name and video_score (or mos)."""

    metadata_jsonl: InputFile | None = field(default=None, validator=known_format)
    """Metadata of the clips: JSON Lines (also .gz or .zst), CSV or Parquet, by its suffix; a row is
    found by its clip_name or else the base name of its src or filename."""

    checksums: InputFile | None = None
    """Published checksums of the clips, as sha256sum, sha512sum, sha1sum or md5sum writes them
    (also with --tag); names are relative to the list's folder or else to the clips' folder. A clip
    that differs fails as checksum-mismatch; one that is not in the list is counted."""

    split_seed: str = "chug-hdr-v1"
    """Seed of the hash that splits contents into train, val and test."""

    vmaf_model: Tool | str = field(default="vmaf_v0.6.1", validator=_model)
    """VMAF model: the name of one inside libvmaf, or the path of a model's JSON."""

    glob: tuple[str, ...] = field(default=USUAL_GLOB, validator=_flat_patterns)
    """Pattern of clip file names, directly in the folder; may be given more than once."""

    limit: int | None = field(default=None, validator=_at_least(1))
    """Take only the first N clips by name."""

    threads: Tuning[int] = field(default=1, validator=_at_least(1))
    """Threads of one worker; more workers are nearly always faster than more threads."""

    scratch_dir: ScratchDir | None = field(default=None, validator=_folder)
    """Folder for the engine's logs while a clip is measured."""

    ffmpeg: Tool | None = None
    """The ffmpeg to measure with, built with libvmaf; the one inside imageio-ffmpeg by default."""

    measure: Measure = "informative"
    """Measure what varies on a clip without a reference and fill in the rest, or measure all."""

    audit_clips: Gate[int] = field(default=2, validator=_at_least(0))
    """Clips whose first frames are measured with everything to prove what is filled in; 0 = off."""

    allow_fr_from_nr: Gate[bool] = False
    """Measure the clips even if the metadata says that they have references."""

    require_checksums: Gate[bool] = field(default=False, validator=_has_list)
    """Refuse to start if a clip is not in the list of checksums."""

    min_label_coverage: Gate[float] = field(default=0.0, validator=_fraction)
    """Refuse to start if a smaller fraction of the clips has a label."""
