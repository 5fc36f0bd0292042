"""The labels: a CSV of video names and scores, and how they find their clips."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from attrs import frozen

from tablehost import Refused
from tablehost.records import CsvFile, MalformedLine, first_problems, listed, read_csv
from tablehost_extract_k150k.options import VIDEO_SUFFIXES


@frozen
class Scores:
    """The labels of a score file.

    Args:
        labels: score by video name, as the file writes the name.
        from_mos: how many were taken from the column `mos`.
    """

    labels: Mapping[str, float]
    from_mos: int = 0


@frozen
class Joined:
    """The labels by clip.

    Args:
        labels: score by clip name; a clip without a label is not in it.
        unused: how many labels no clip has.
    """

    labels: Mapping[str, float]
    unused: int


def read_scores(path: Path) -> Scores:
    """Read a score file: `video_name` with `video_score`, or `mos` where there is none.

    Args:
        path: the CSV, UTF-8 with or without a BOM.

    Raises:
        Refused: with every problem of the file and the lines it is in.
    """
    file = read_csv(path)
    unusable = _header_problems(file.header)
    scores, problems = (Scores({}), unusable) if unusable else _parse(file)
    if problems:
        raise Refused(f"{path}: {problem}" for problem in first_problems(problems))
    return scores


def join(scores: Scores, clips: Sequence[str]) -> Joined:
    """Give every clip its label: by the name, then by the name without its suffix.

    Raises:
        Refused: a label fits several clips, several fit one, or none fits any.
    """
    by_stem = defaultdict(list)
    for name in scores.labels.keys() - set(clips):
        by_stem[_stem(name)].append(name)
    found: dict[str, str] = {}
    problems = []
    for clip in clips:
        candidates = [clip] if clip in scores.labels else by_stem.get(_stem(clip), [])
        if len(candidates) > 1:
            problems.append(
                f"clip {clip!r} fits the labels {listed(sorted(candidates))}; name one of them"
            )
        elif candidates:
            found[clip] = candidates[0]
    uses = Counter(found.values())
    for name in (name for name, count in uses.items() if count > 1):
        fitting = [clip for clip, label in found.items() if label == name]
        problems.append(f"label {name!r} fits the clips {listed(fitting)}; write it out for each")
    if not found and clips and not problems:
        example = next(iter(scores.labels), "(none)")
        problems.append(
            f"no label fits a clip: the scores have names like {example!r}, "
            f"the folder has clips like {clips[0]!r}"
        )
    if problems:
        raise Refused(first_problems(problems))
    labels = {clip: scores.labels[name] for clip, name in found.items()}
    return Joined(labels, len(scores.labels) - len(uses))


def check_coverage(labelled: int, clips: int, least: float) -> None:
    """Refuse if a smaller fraction of the clips than wanted has a label.

    Raises:
        Refused: too few have one.
    """
    if labelled < least * clips:
        problem = (
            f"only {labelled} of {clips} clips have a label ({labelled / clips:.1%}), "
            f"less than --min-label-coverage {least}"
        )
        raise Refused([problem])


def _parse(file: CsvFile) -> tuple[Scores, list[str]]:
    labels: dict[str, float] = {}
    lines: dict[str, list[str]] = defaultdict(list)
    found = [*file.malformed]
    preferred = [name for name in ("video_score", "mos") if name in file.header]
    from_mos = 0
    for line, row in file.rows:
        cells = dict(zip(file.header, row, strict=True))
        name = cells["video_name"].strip()
        column = next((one for one in preferred if cells[one].strip()), preferred[0])
        score = _score(cells[column])
        if not name:
            found.append(MalformedLine(line, "no video_name"))
        if score is None:
            reason = f"{column} is not a finite number: {cells[column]!r}"
            found.append(MalformedLine(line, reason))
        else:
            labels[name] = score
            from_mos += column == "mos"
        lines[name].append(str(line))
    problems = [f"line {one.line}: {one.reason}; correct or delete it" for one in sorted(found)]
    problems += [
        f"{name!r} is there {len(numbers)} times, on lines {listed(numbers)}; delete all but one"
        for name, numbers in lines.items()
        if name and len(numbers) > 1
    ]
    if not labels and not problems:
        problems.append("no label below the header; add a line for each video")
    return Scores(labels, from_mos), problems


def _header_problems(header: Sequence[str]) -> list[str]:
    if not header:
        return ["the file is empty; it needs the columns video_name and video_score or mos"]
    wanted = {"video_name": {"video_name"}, "video_score or mos": {"video_score", "mos"}}
    return [
        f"no column {what}; the columns are {listed(header)}; add or rename one"
        for what, names in wanted.items()
        if not names & set(header)
    ]


def _score(cell: str) -> float | None:
    """Return the finite number in a cell; None where there is none."""
    try:
        value = float(cell if cell.isascii() and "_" not in cell else "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _stem(name: str) -> str:
    """Return a name without its video suffix; a dot in a bare name belongs to the name."""
    path = PurePosixPath(name)
    is_video = path.suffix[1:].lower() in VIDEO_SUFFIXES
    return name.removesuffix(path.suffix) if is_video else name
