"""Records read strictly from JSON Lines, CSV and Parquet; no corpus's own keys in here.

Builders import from here: `read_rows` and `records_of` for records by name, `read_csv` for a CSV
of another shape, and how to say what is wrong with a file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tablehost.records.csv_file import CsvFile, read_csv
    from tablehost.records.formats import known_format
    from tablehost.records.names import as_name
    from tablehost.records.read import NamedRows, Records, read_rows, records_of
    from tablehost.records.wording import first_problems, listed, malformed_lines

_MODULES = {
    "CsvFile": "csv_file",
    "NamedRows": "read",
    "Records": "read",
    "as_name": "names",
    "first_problems": "wording",
    "known_format": "formats",
    "listed": "wording",
    "malformed_lines": "wording",
    "read_csv": "csv_file",
    "read_rows": "read",
    "records_of": "read",
}
__all__ = [
    "CsvFile",
    "NamedRows",
    "Records",
    "as_name",
    "first_problems",
    "known_format",
    "listed",
    "malformed_lines",
    "read_csv",
    "read_rows",
    "records_of",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
