"""What is known of the rows of a table: from its manifest, from its footer, from the rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
from attrs import frozen

from tablehost.console.text import shown
from tablehost.contract.errors import Refused
from tablehost.manifest.read import Manifest

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

ColumnFacts = Mapping[str, Any]
"""A column by the names of `tablehost.table.column.Column`, without those that are not known."""

_ROWS_AT_ONCE: Final = 16_384


@frozen(kw_only=True)
class RowFacts:
    """What is known of the rows of a table; None is unknown.

    Args:
        rows: how many there are.
        rows_digest: of all of them.
        columns: in their order.
    """

    rows: int | None = None
    rows_digest: str | None = None
    columns: tuple[ColumnFacts, ...] | None = None

    @property
    def digested(self) -> bool:
        """Return whether every column has a digest, so that equal rows can be recognized."""
        return bool(self.columns) and all(one.get("digest") for one in self.columns or ())

    def share(self, name: str, other: RowFacts) -> bool:
        """Return whether a column of this table and one of another have the same name or digest."""
        ours, theirs = (
            [one[name] for one in facts.columns or () if one.get(name) is not None]
            for facts in (self, other)
        )
        return any(one in theirs for one in ours)


def recorded_rows(manifest: Manifest) -> RowFacts:
    """Return what a manifest records of its table's rows."""
    return RowFacts(
        rows=manifest.rows,
        rows_digest=manifest.rows_digest,
        columns=_columns(manifest.columns),
    )


def type_name(kind: Any) -> str:
    """Name a type by its logical name, or by Arrow's if tablehost would not write it."""
    from tablehost.table.types import logical_type  # pyarrow

    try:
        return logical_type(kind)
    except TypeError:
        return str(kind)


def footer_of(table: Path) -> RowFacts:
    """Return what the footer of a table records, without reading a row.

    Raises:
        Refused: it is not a Parquet file, or damaged.
    """
    from tablehost.table.read import opened  # pyarrow

    with opened(table, shown(table)) as file:
        return footer_facts(file)


def number_of_rows(table: Path) -> int:
    """Return how many rows a table has, which tablehost has written.

    Raises:
        Refused: it is not a Parquet file, or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(table) as file:
            rows: int = file.metadata.num_rows
    except pa.ArrowException as error:
        raise Refused([f"{shown(table)}: {error}"]) from error
    return rows


def footer_facts(file: ParquetFile) -> RowFacts:
    """Return what the footer of an open table records."""
    columns = [{"name": one.name, "type": type_name(one.type)} for one in file.schema_arrow]
    return RowFacts(rows=file.metadata.num_rows, columns=tuple(columns))


def rows_of(table: Path) -> RowFacts:
    """Read a table, piece by piece, and return everything that a manifest records of its rows.

    Raises:
        Refused: it is not a Parquet file, is damaged, or has rows that no builder can write.
    """
    from tablehost.table.batches import TableError  # pyarrow
    from tablehost.table.read import BadRows, opened  # pyarrow
    from tablehost.table.summary import rows_digest  # pyarrow
    from tablehost.table.write import digest_table  # pyarrow

    with opened(table, shown(table)) as file:
        try:
            rows, columns = digest_table(file.iter_batches(_ROWS_AT_ONCE), file.schema_arrow)
        except TableError as error:
            raise Refused([f"{shown(table)}: {error}"]) from error
        except BadRows as error:
            raise Refused([str(error)]) from error
    return RowFacts(
        rows=rows,
        rows_digest=rows_digest(columns, rows),
        columns=tuple(map(attrs.asdict, columns)),
    )


def _columns(recorded: list[Any] | None) -> tuple[ColumnFacts, ...] | None:
    """Return columns without malformed types and digests; None if one has no name."""
    if recorded is None or not all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in recorded
    ):
        return None
    return tuple(
        {
            name: value
            for name, value in one.items()
            if isinstance(value, str) or name not in {"type", "digest"}
        }
        for one in recorded
    )
