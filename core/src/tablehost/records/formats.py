"""The formats of record files, by suffix."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

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


def format_of(path: Path) -> Format | None:
    """Return the format that a file's name stands for; None where it is not a known one."""
    name = path.name.lower()
    return next((kind for suffix, kind in _FORMATS.items() if name.endswith(suffix)), None)


def known_format(_instance: object, _attribute: object, value: Any) -> None:
    """Check an option that names a record file; an attrs validator.

    Raises:
        ValueError: the suffix is not a known one.
    """
    if value is not None and format_of(value) is None:
        msg = f"must end in one of {', '.join(_FORMATS)}, got {value.name!r}"
        raise ValueError(msg)
