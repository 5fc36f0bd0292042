"""What is known of the rows of a table: from its manifest, from its footer, from the rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import frozen

from tablehost.console.text import shown
from tablehost.contract.errors import Refused
from tablehost.trust.evidence.subject import Subject

Column = Mapping[str, Any]
"""A column with the names that a manifest gives its facts; those that nobody knows are absent."""

_ROWS_AT_ONCE: Final = 16_384


@frozen(kw_only=True)
class Facts:
    """What is known of the rows of a table; None is unknown.

    Args:
        rows: how many there are.
        rows_digest: of all of them.
        columns: in their order.
    """

    rows: int | None = None
    rows_digest: str | None = None
    columns: tuple[Column, ...] | None = None

    @property
    def digested(self) -> bool:
        """Whether they are enough to tell that another table has the same rows."""
        return bool(self.columns) and all(one.get("digest") for one in self.columns or ())

    def share(self, name: str, other: Facts) -> bool:
        """Tell whether a column of this table and one of another have the same name or digest."""
        ours, theirs = (
            [one[name] for one in facts.columns or () if one.get(name) is not None]
            for facts in (self, other)
        )
        return any(one in theirs for one in ours)


def told_by(subject: Subject) -> Facts:
    """Return what a manifest tells of its table."""
    rows, digest = subject.says("table", "rows"), subject.says("table", "rows_digest")
    return Facts(
        rows=rows if isinstance(rows, int) else None,
        rows_digest=digest if isinstance(digest, str) else None,
        columns=_columns(subject.says("table", "columns")),
    )


def type_name(kind: Any) -> str:
    """Name a type by what its values mean, also one in which tablehost would write nothing."""
    from tablehost.table.types import logical_type  # pyarrow

    try:
        return logical_type(kind)
    except TypeError:
        return str(kind)


def footer_of(table: Path) -> Facts:
    """Return what the footer of a table tells, without reading a row.

    Raises:
        Refused: it is no Parquet file, or damaged.
    """
    from tablehost.table.read import opened  # pyarrow

    with opened(table, shown(table)) as file:
        columns = [{"name": one.name, "type": type_name(one.type)} for one in file.schema_arrow]
        return Facts(rows=file.metadata.num_rows, columns=tuple(columns))


def rows_of(table: Path) -> Facts:
    """Read a table, piece by piece, and return everything that a manifest tells of its rows.

    Raises:
        Refused: it is no Parquet file, damaged, or has rows that no builder can write.
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
    return Facts(
        rows=rows,
        rows_digest=rows_digest(columns, rows),
        columns=tuple(map(attrs.asdict, columns)),
    )


def _columns(told: Any) -> tuple[Column, ...] | None:
    """Return columns as a manifest tells them, where it does, without what makes no sense."""
    if not isinstance(told, list):
        return None
    if not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in told):
        return None
    return tuple({name: one[name] for name in one if _makes_sense(name, one[name])} for one in told)


def _makes_sense(name: str, value: Any) -> bool:
    return isinstance(value, str) or name not in {"type", "digest"}
