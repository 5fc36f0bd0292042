"""Arrow in, Parquet out, and back; digests and statistics of columns. Nothing of manifests.

Builders import from here: `opened` and `BadRows`, `group_rows`, `repeated`, and questions about
Arrow types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablehost.contract.faces import lazily

if TYPE_CHECKING:
    from tablehost.table.read import BadRows, is_text, opened, value_type
    from tablehost.table.row_groups import group_rows
    from tablehost.table.types import stored_type
    from tablehost.table.unique import repeated

__all__ = ["BadRows", "group_rows", "is_text", "opened", "repeated", "stored_type", "value_type"]

__getattr__ = lazily(
    __name__,
    {
        "BadRows": "read",
        "group_rows": "row_groups",
        "is_text": "read",
        "opened": "read",
        "repeated": "unique",
        "stored_type": "types",
        "value_type": "read",
    },
)
