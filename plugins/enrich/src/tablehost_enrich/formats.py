"""The kinds of metadata files, told by suffix."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Format = Literal["jsonl", "csv", "parquet"]

_FORMATS: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson.gz": "jsonl",
    ".jsonl.zst": "jsonl",
    ".ndjson.zst": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
}
SUFFIXES = tuple(_FORMATS)


def format_of(path: Path) -> Format | None:
    """Return the format that a file's name tells; None where it tells none."""
    name = path.name.lower()
    return next((kind for suffix, kind in _FORMATS.items() if name.endswith(suffix)), None)


def compression_of(path: Path) -> Literal["gzip", "zstd"] | None:
    """Return how a file is compressed, by its name."""
    if path.name.lower().endswith(".gz"):
        return "gzip"
    return "zstd" if path.name.lower().endswith(".zst") else None
