"""Everything that is read and checked before the first clip is measured."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from attrs import frozen

from tablehost import Checksums, Refused, read_checksums
from tablehost.records import Records, malformed_lines
from tablehost_extract_k150k.clips import Clip, find_clips
from tablehost_extract_k150k.metadata import read_metadata
from tablehost_extract_k150k.score import ScoreSettings
from tablehost_extract_k150k.scores import Joined, Scores, check_coverage, join, read_scores

if TYPE_CHECKING:
    from tablehost import Run
    from tablehost_extract_k150k.options import Options

_Read = TypeVar("_Read")


@frozen
class Prepared:
    """What a run is made of.

    Args:
        clips: to be measured, in the order of their names.
        scores: as the score file has them.
        joined: the labels by clip.
        metadata: by clip name.
        matched: how many clips have metadata.
        checksums: that were published of the clips; None where none were given.
        left_out: names of the files that `glob` or `limit` leave out.
    """

    clips: tuple[Clip, ...]
    scores: Scores
    joined: Joined
    metadata: Records
    matched: int
    checksums: Checksums | None
    left_out: tuple[str, ...] = ()


def prepare(options: Options, run: Run) -> Prepared:
    """Find the clips, read labels and metadata, join them, and log what a person should know.

    Raises:
        Refused: with the problems of all of them.
    """
    problems: list[str] = []
    found = _read(problems, lambda: find_clips(options.clips_dir, options.glob, options.limit))
    scores = _read(problems, lambda: read_scores(run.local(options.scores)))
    source = run.local(options.metadata_jsonl) if options.metadata_jsonl else None
    seed, allowed = options.split_seed, options.allow_fr_from_nr
    metadata = _read(problems, lambda: read_metadata(source, seed, allow_references=allowed))
    published, folder = options.checksums, options.clips_dir
    checksums = _read(problems, lambda: read_checksums(published, folder, local=run.local))
    if checksums and found and options.require_checksums:
        paths = [clip.path for clip in found.clips]
        _read(problems, lambda: checksums.require(paths))
    joined = None
    if found and scores:
        names = [clip.name for clip in found.clips]
        joined = _read(problems, lambda: join(scores, names))
    if joined and found:
        least = options.min_label_coverage
        _read(problems, lambda: check_coverage(len(joined.labels), len(found.clips), least))
    if problems or not (found and scores and metadata and joined):
        raise Refused(problems)
    with_metadata = set(metadata.names.to_pylist())
    matched = sum(clip.name in with_metadata for clip in found.clips)
    prepared = Prepared(found.clips, scores, joined, metadata, matched, checksums, found.left_out)
    if found.passed_over:
        others = len(found.passed_over)
        run.log.info("%d other files in %s are not clips", others, options.clips_dir)
    _log(options, run, prepared)
    return prepared


def settings_of(options: Options, run: Run) -> ScoreSettings:
    """Return what decides the row of a clip: no label, no metadata."""
    model = options.vmaf_model
    return ScoreSettings(
        ffmpeg=_absolute(options.ffmpeg or bundled_ffmpeg()),
        model=model if isinstance(model, str) else "",
        model_file=None if isinstance(model, str) else _absolute(model),
        threads=options.threads,
        scratch=_absolute(run.scratch),
        measure=options.measure,
    )


def bundled_ffmpeg() -> Path:
    """Return the ffmpeg inside the imageio-ffmpeg wheel.

    Raises:
        Refused: the wheel has none for this machine.
    """
    import imageio_ffmpeg  # needed only where no --ffmpeg is given

    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        problem = f"imageio-ffmpeg has no ffmpeg for this machine ({error}); give one by --ffmpeg"
        raise Refused([problem]) from None


def _log(options: Options, run: Run, prepared: Prepared) -> None:
    """Log what a person should know about labels and metadata and that is not an error."""
    clips, labels = len(prepared.clips), len(prepared.joined.labels)
    if labels < clips:
        run.log.warning("%d of %d clips have no label; their mos is null", clips - labels, clips)
    if prepared.joined.unused:
        run.log.info("%d labels fit no clip of this run", prepared.joined.unused)
    if options.metadata_jsonl is None:
        return
    malformed = prepared.metadata.malformed
    if malformed:
        run.log.warning("%s: %s", options.metadata_jsonl, malformed_lines(malformed))
    if prepared.matched < clips:
        run.log.warning("%d of %d clips have no metadata", clips - prepared.matched, clips)


def _read(problems: list[str], read: Callable[[], _Read]) -> _Read | None:
    """Return what is read, or None and add the problems."""
    try:
        return read()
    except Refused as refused:
        problems += refused.problems
        return None


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - links in the path stay as they are
