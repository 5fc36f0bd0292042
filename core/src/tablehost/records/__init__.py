"""Records read strictly from JSON Lines, CSV and Parquet; the keys of a corpus stay in its builder.

Builders import from here: `read_rows` and `records_of` for records by name, `read_csv` for a CSV
of another shape, and what says in a message what is wrong with a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablehost.contract.faces import lazily

if TYPE_CHECKING:
    from tablehost.records.csv_file import CsvFile, read_csv
    from tablehost.records.formats import known_format
    from tablehost.records.names import as_name
    from tablehost.records.read import NamedRows, Records, read_rows, records_of
    from tablehost.records.rows import MalformedLine
    from tablehost.records.wording import first_problems, listed, malformed_lines

__all__ = [
    "CsvFile",
    "MalformedLine",
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

__getattr__ = lazily(
    __name__,
    {
        "CsvFile": "csv_file",
        "MalformedLine": "rows",
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
    },
)
