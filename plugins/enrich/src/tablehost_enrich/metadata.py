"""The metadata of clips: the records of a file, with their splits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tablehost.records import MalformedLine, Records, read_rows, records_of
from tablehost_enrich.keys import CONTENT, FILES
from tablehost_enrich.split import split_columns


def read_metadata(path: Path, keys: Sequence[str], *, key: str, seed: str) -> Records:
    """Read a metadata file.

    Args:
        path: the file.
        keys: to read, in their order.
        key: what identifies a clip; where a row lacks it, the base name of its file does.
        seed: of the split's hash.

    Raises:
        Refused: two lines of one clip disagree, a key's values have no common type, or no line
            can be used.
    """
    rows = read_rows(path, keys, name=key, files=FILES, text=CONTENT)
    columns = rows.columns | split_columns(rows, seed)
    problems = []
    if not rows.names:
        first = next(iter(rows.malformed), MalformedLine(1, "the file is empty"))
        problems.append(f"no line can be used: line {first.line}: {first.reason}")
    return records_of(rows, {one: columns[one] for one in keys}, problems).with_values()
