"""The metadata of clips: the records of a file, with their splits, and no references among them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from tablehost.records import NamedRows, Records, read_rows, records_of
from tablehost_extract_k150k.split import split_columns

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
FILES = ("src", "filename")
CONTENT = ("chug_content_name", "split")
_FALSE_WORDS = {"", "0", "false", "no", "none", "null"}


def read_metadata(path: Path | None, seed: str, *, allow_references: bool = False) -> Records:
    """Read a metadata file and work out every clip's split.

    Args:
        path: the file, if there is one.
        seed: of the split's hash.
        allow_references: whether contents may have a reference and other clips.

    Raises:
        Refused: two lines of one clip disagree, a key's values have no common type, or the clips
            have references.
    """
    if path is None:
        return Records()
    rows = read_rows(path, KEYS, name="clip_name", files=FILES, text=CONTENT)
    columns = rows.columns | split_columns(rows, seed)
    problems = [] if allow_references else _references(rows)
    return records_of(rows, {one: columns[one] for one in KEYS}, problems).with_values()


def _references(rows: NamedRows) -> list[str]:
    """Return the problem of contents that have both a reference and clips to compare it with."""
    references: dict[str, set[str]] = defaultdict(set)
    others: dict[str, set[str]] = defaultdict(set)
    contents, marks = rows.columns["chug_content_name"], rows.columns["chug_ref"]
    for name, content, mark in zip(rows.names, contents, marks, strict=True):
        if content is not None:
            (references if _truthy(mark) else others)[str(content)].add(name)
    both = [content for content in references if content in others]
    if not both:
        return []
    example = both[0]
    reference_rows = sum(len(references[content]) for content in both)
    other_rows = sum(len(others[content]) for content in both)
    problem = (
        f"{len(both)} contents have a reference of their own ({reference_rows} reference rows, "
        f"{other_rows} others), such as {example!r}: reference {min(references[example])!r}, "
        f"other {min(others[example])!r}; scoring each clip against itself would give all of them "
        "nearly the same vmaf; --allow-fr-from-nr measures them anyway"
    )
    return [problem]


def _truthy(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in _FALSE_WORDS
    return bool(value)
