"""Arrow in, Parquet out, and back; digests and statistics of columns. Nothing of manifests.

Builders import from here: `opened`, `group_rows`, and what to ask of an Arrow type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablehost.contract.faces import lazily

if TYPE_CHECKING:
    from tablehost.table.read import is_text, opened, value_type
    from tablehost.table.row_groups import group_rows
    from tablehost.table.types import stored_type

__all__ = ["group_rows", "is_text", "opened", "stored_type", "value_type"]

__getattr__ = lazily(
    __name__,
    {
        "group_rows": "row_groups",
        "is_text": "read",
        "opened": "read",
        "stored_type": "types",
        "value_type": "read",
    },
)
