"""The labels: a CSV of video names and scores, and how they find their clips."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from attrs import frozen

from tablehost import Refused
from tablehost_extract_k150k.options import VIDEO_SUFFIXES

SHOWN_PROBLEMS = 20
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


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
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{path}: not readable as a CSV in UTF-8: {error}"
        raise Refused([problem]) from None
    rows = _numbered(csv.reader(io.StringIO(text, newline=""), strict=True))
    try:
        scores, problems = _parse(rows)
    except csv.Error as error:
        scores, problems = Scores({}), [f"not a CSV: {error}"]
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        shown = [f"{path}: {problem}" for problem in problems[:SHOWN_PROBLEMS]]
        raise Refused([*shown, f"{path}: and {more} more problems"] if more > 0 else shown)
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
                f"clip {clip!r} fits the labels {_listed(sorted(candidates))}; name one of them"
            )
        elif candidates:
            found[clip] = candidates[0]
    uses = Counter(found.values())
    for name in (name for name, count in uses.items() if count > 1):
        fitting = [clip for clip, label in found.items() if label == name]
        problems.append(f"label {name!r} fits the clips {_listed(fitting)}; write it out for each")
    if not found and clips and not problems:
        example = next(iter(scores.labels), "(none)")
        problems.append(
            f"no label fits a clip: the scores have names like {example!r}, "
            f"the folder has clips like {clips[0]!r}"
        )
    if problems:
        raise Refused(problems[:SHOWN_PROBLEMS])
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


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield every row that is not blank with the line on which it begins."""
    line = 1
    for row in reader:
        if row:
            yield line, row
        line = reader.line_num + 1  # type: ignore[attr-defined]


def _parse(rows: Iterator[tuple[int, list[str]]]) -> tuple[Scores, list[str]]:
    line, header = next(rows, (1, []))
    if not header:
        return Scores({}), ["the file is empty"]
    columns = [name.strip() for name in header]
    preferred = [name for name in ("video_score", "mos") if name in columns]
    problems = [f"line {line}: {problem}" for problem in _header_problems(columns)]
    if problems:
        return Scores({}), problems
    labels: dict[str, float] = {}
    lines: dict[str, list[int]] = defaultdict(list)
    from_mos = 0
    for number, row in rows:
        if len(row) != len(columns):
            problems.append(f"line {number}: {len(row)} fields, the header has {len(columns)}")
            continue
        cells = dict(zip(columns, row, strict=True))
        name = cells["video_name"].strip()
        column = next((one for one in preferred if cells[one].strip()), preferred[0])
        score = _score(cells[column])
        if not name:
            problems.append(f"line {number}: no video_name")
        if score is None:
            problems.append(f"line {number}: {column} is no number: {cells[column]!r}")
        else:
            labels[name] = score
            from_mos += column == "mos"
        lines[name].append(number)
    problems += [
        f"{name!r} is there {len(numbers)} times, on lines {_listed(numbers)}"
        for name, numbers in lines.items()
        if name and len(numbers) > 1
    ]
    if not labels and not problems:
        problems.append("no label below the header")
    return Scores(labels, from_mos), problems


def _header_problems(columns: Sequence[str]) -> Iterator[str]:
    for name, count in Counter(columns).items():
        if count > 1:
            yield f"the column {name!r} is there twice"
    if "video_name" not in columns:
        yield f"no column video_name; the columns are {_listed(columns)}"
    if not {"video_score", "mos"} & set(columns):
        yield f"no column video_score or mos; the columns are {_listed(columns)}"


def _score(cell: str) -> float | None:
    """Return the number in a cell; None where it is none, or not finite."""
    if not _NUMBER.fullmatch(cell.strip()):
        return None
    value = float(cell)
    return value if math.isfinite(value) else None


def _stem(name: str) -> str:
    """Return a name without its video suffix; a dot in a bare name belongs to the name."""
    path = PurePosixPath(name)
    is_video = path.suffix[1:].lower() in VIDEO_SUFFIXES
    return name.removesuffix(path.suffix) if is_video else name


def _listed(values: Sequence[object]) -> str:
    most = 5
    shown = ", ".join(str(value) for value in values[:most])
    return f"{shown} and {len(values) - most} more" if len(values) > most else shown
