"""Rows as a file writes them, before they have names and types."""

from __future__ import annotations

from typing import Any

from attrs import Factory, frozen


@frozen(order=True)
class MalformedLine:
    """A line that cannot be used."""

    line: int
    reason: str


@frozen(kw_only=True)
class Rows:
    """The rows of a file as plain Python values.

    Args:
        lines: the line of each row; in a Parquet file the first row is line 1.
        columns: by wanted key a value for each row, None where it has none.
        malformed: the rows that cannot be used and are not in `lines`.
    """

    lines: list[int]
    columns: dict[str, list[Any]]
    malformed: list[MalformedLine] = Factory(list)
