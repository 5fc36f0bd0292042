"""The metadata: JSON Lines about the clips, the split, and the guard against references."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from hashlib import blake2s
from pathlib import Path
from typing import Any, NoReturn

from attrs import frozen

from tablehost import Refused

ROW_KEYS = (
    "mos_raw_0_100",
    "chug_video_id",
    "chug_ref",
    "chug_name",
    "chug_bitladder",
    "chug_resolution",
    "chug_bitrate_label",
    "chug_orientation",
    "chug_framerate_manifest",
    "chug_content_name",
    "chug_height_manifest",
    "chug_width_manifest",
    "chug_bit_depth",
)
KEYS = (*ROW_KEYS, "split", "chug_split_key", "chug_split_policy")
SPLITS = ("train", "val", "test")
SPLIT_POLICY = "content-name-blake2s-80-10-10"
_TRAIN_BELOW = 0.80
_VAL_BELOW = 0.90
_INT64 = 2**63
_FALSE_WORDS = {"", "0", "false", "no", "none", "null"}
_MOST_PROBLEMS = 20


@frozen
class Column:
    """A metadata column of the table.

    Args:
        key: its name.
        type: `int`, `float`, `bool` or `str`, of all its values.
    """

    key: str
    type: type


@frozen
class Row:
    """What one line says about its clip.

    Args:
        line: where it stands.
        values: by key, those that are not null.
    """

    line: int
    values: Mapping[str, Any]


@frozen
class Metadata:
    """What a sidecar tells.

    Args:
        rows: by clip name.
        columns: the wanted keys that occur, in their order.
        lines: how many lines say something.
        malformed: line and reason of every line that cannot be used.
    """

    rows: Mapping[str, Row]
    columns: tuple[Column, ...]
    lines: int
    malformed: tuple[tuple[int, str], ...]


NO_METADATA = Metadata({}, (), 0, ())


def read_metadata(path: Path, seed: str, *, allow_references: bool = False) -> Metadata:
    """Read a sidecar and work out every clip's split.

    Args:
        path: JSON Lines.
        seed: of the split's hash.
        allow_references: go on although contents have a reference and others.

    Raises:
        Refused: two lines of one clip disagree, the values of a key have no common type, or the
            clips have references.
    """
    try:
        raw_lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        problem = f"{path}: not readable: {error}"
        raise Refused([problem]) from None
    rows: dict[str, Row] = {}
    malformed = []
    problems = []
    for number, raw in enumerate(raw_lines, 1):
        if not raw.strip():
            continue
        try:
            name, values = _parse_line(raw)
        except ValueError as error:
            malformed.append((number, str(error)))
            continue
        row = Row(number, wanted_of(name, values, seed))
        before = rows.setdefault(name, row)
        differing = [key for key in KEYS if before.values.get(key) != row.values.get(key)]
        if differing:
            problems.append(
                f"lines {before.line} and {number} are both about {name!r} "
                f"and disagree on {', '.join(differing)}"
            )
    lines = sum(1 for raw in raw_lines if raw.strip())
    columns, type_problems = _columns(rows)
    problems += type_problems
    if not allow_references:
        problems += _references(rows)
    if problems:
        raise Refused(f"{path}: {problem}" for problem in problems[:_MOST_PROBLEMS])
    return Metadata(rows, columns, lines, tuple(malformed))


def split_of(content: str, seed: str) -> str:
    """Return the split of a content: 80 % train, 10 % val, 10 % test, by a hash of its name."""
    digest = blake2s(f"{seed}\0{content}".encode(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    if place < _TRAIN_BELOW:
        return "train"
    return "val" if place < _VAL_BELOW else "test"


def _parse_line(raw: bytes) -> tuple[str, dict[str, Any]]:
    """Return the clip that a line is about, and what it says.

    Raises:
        ValueError: the line is no such line, with the reason.
    """
    try:
        values = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        msg = "not UTF-8"
        raise ValueError(msg) from None
    except (ValueError, RecursionError) as error:
        msg = f"not JSON: {getattr(error, 'msg', error)}"
        raise ValueError(msg) from None
    if not isinstance(values, dict):
        msg = "no JSON object"
        raise ValueError(msg)  # noqa: TRY004 - it is the line that is wrong, not a type of ours
    source = values.get("src") or values.get("filename")
    name = source.replace("\\", "/").rpartition("/")[2] if isinstance(source, str) else ""
    if not name:
        msg = "no src and no filename"
        raise ValueError(msg)
    if any(_HALF.search(one) for one in (name, *values.values()) if isinstance(one, str)):
        msg = "half of a character, as JSON can spell it and no table can hold it"
        raise ValueError(msg)
    return name, values


_HALF = re.compile("[\ud800-\udfff]")


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON"
    raise ValueError(msg)


def wanted_of(name: str, values: Mapping[str, Any], seed: str) -> dict[str, Any]:
    """Return what is kept of a clip's metadata, with its split."""
    kept = {key: values[key] for key in ROW_KEYS if values.get(key) is not None}
    content = kept.get("chug_content_name")
    if type(content) is int:  # a name too, as in a CSV whose contents are numbered
        content = str(content)
    named = isinstance(content, str) and content != ""
    if values.get("split") in SPLITS:
        kept["split"] = values["split"]
    elif named:
        kept["split"] = split_of(str(content), seed)
    kept["chug_split_key"] = content if named else name
    kept["chug_split_policy"] = SPLIT_POLICY
    return kept


def _columns(rows: Mapping[str, Row]) -> tuple[tuple[Column, ...], list[str]]:
    """Return the columns with the type that all values of each have, and where there is none."""
    lines: dict[str, dict[type, int]] = defaultdict(dict)
    problems = []
    for row in rows.values():
        for key, value in row.values.items():
            lines[key].setdefault(type(value), row.line)
            if type(value) is int and not -_INT64 <= value < _INT64:
                problems.append(f"{key} on line {row.line} does not fit into 64 bits: {value}")
    columns = []
    for key in (key for key in KEYS if key in lines):
        types = set(lines[key])
        common = float if types == {int, float} else next(iter(types))
        if types != {int, float} and (len(types) > 1 or common not in {int, float, bool, str}):
            seen = ", ".join(f"{one.__name__} on line {line}" for one, line in lines[key].items())
            problems.append(f"the values of {key} have no common type: {seen}")
        columns.append(Column(key, common))
    return tuple(columns), problems


def _references(rows: Mapping[str, Row]) -> list[str]:
    """Tell of contents that have both a reference and clips to compare it with."""
    references: dict[str, list[str]] = defaultdict(list)
    others: dict[str, list[str]] = defaultdict(list)
    for name, row in rows.items():
        content = row.values.get("chug_content_name")
        if content is not None:
            side = references if _truthy(row.values.get("chug_ref")) else others
            side[str(content)].append(name)
    both = [content for content in references if content in others]
    if not both:
        return []
    example = both[0]
    reference_rows = sum(len(references[content]) for content in both)
    other_rows = sum(len(others[content]) for content in both)
    problem = (
        f"{len(both)} contents have a reference of their own ({reference_rows} reference rows, "
        f"{other_rows} others), such as {example!r}: reference {references[example][0]!r}, "
        f"other {others[example][0]!r}; scoring each clip against itself would give all of them "
        "nearly the same vmaf; --allow-fr-from-nr goes on all the same"
    )
    return [problem]


def _truthy(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in _FALSE_WORDS
    return bool(value)
