"""The ledger's format: its tables, what a row is checked by, and how earlier formats become it."""

from __future__ import annotations

import zlib

from tablehost.files.sqlite_file import SqliteFormat

UNKNOWN = ""
"""The digest of an item's values in a row of format 2 or 1, which did not record it."""

_SHORT = 1024

UNKNOWN_CODE = 0
"""The code of such a row; it has no entry in the table of codes."""


Row = tuple[int, str, str, str, int, bytes]
"""Recipe, key, identity, inputs, code and result of a finished row."""


def checksum(row: Row) -> int:
    """Return what shows that a finished row is as it was written."""
    *named, result = row
    return zlib.crc32(result, zlib.crc32("\0".join(map(str, named)).encode()))


def packed(result: bytes) -> bytes:
    """Compress a result: level 1 makes a row of 60 columns eight times smaller, and is quick."""
    if len(result) >= _SHORT:
        return zlib.compress(result, 1)
    small = zlib.compressobj(1, wbits=10, memLevel=1)  # a window of 32 KB takes longer to clear
    return small.compress(result) + small.flush()


def _carried(recipe: int, key: bytes, sha256: bytes, result: bytes, before: int) -> int:
    """Return the checksum of a row of format 2 in this one: a wrong one where it was wrong."""
    if zlib.crc32(b"%d\0%b\0%b\0%b" % (recipe, key, sha256, result)) != before:
        return -1
    named = (recipe, key.decode(), UNKNOWN, sha256.decode(), UNKNOWN_CODE)
    return checksum((*named, packed(result)))


_CODES = """
CREATE TABLE codes (
    id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, modules TEXT NOT NULL,
    first_seen TEXT NOT NULL
);
CREATE TABLE settled (
    code INTEGER NOT NULL, under INTEGER NOT NULL, keep INTEGER NOT NULL, run_id TEXT NOT NULL,
    settled_at TEXT NOT NULL, PRIMARY KEY (code, under)
) WITHOUT ROWID"""

_ITEMS = """
CREATE TABLE {} (
    recipe INTEGER NOT NULL, key TEXT NOT NULL, identity TEXT NOT NULL, inputs TEXT NOT NULL,
    code INTEGER NOT NULL, result BLOB NOT NULL, checksum INTEGER NOT NULL, seconds REAL,
    worker TEXT, run_id TEXT NOT NULL, ended_at TEXT NOT NULL,
    PRIMARY KEY (recipe, key, identity, inputs)
) WITHOUT ROWID"""

_FROM_1 = "ALTER TABLE sessions ADD COLUMN user TEXT; ALTER TABLE sessions ADD COLUMN host TEXT"

_FROM_2 = f"""
{_CODES};
{_ITEMS.format("items_of_3")};
INSERT INTO items_of_3 SELECT recipe, key, '{UNKNOWN}', input, {UNKNOWN_CODE},
    packed(CAST(result AS BLOB)),
    carried(recipe, CAST(key AS BLOB), CAST(input AS BLOB), CAST(result AS BLOB), checksum),
    NULL, NULL, run_id, ended_at FROM items;
DROP TABLE items;
ALTER TABLE items_of_3 RENAME TO items;
ALTER TABLE sessions ADD COLUMN packages TEXT"""

FORMAT = SqliteFormat(
    application=0x7AB1E057,
    version=3,
    patience=2,
    schema=f"""
CREATE TABLE recipes (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, text TEXT NOT NULL);
{_ITEMS.format("items")};
CREATE TABLE failures (
    recipe INTEGER NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    run_id TEXT NOT NULL, ended_at TEXT NOT NULL, PRIMARY KEY (recipe, key)
) WITHOUT ROWID;
CREATE TABLE sessions (
    run_id TEXT PRIMARY KEY, started_at TEXT NOT NULL, finished_at TEXT, total INTEGER NOT NULL,
    done_before INTEGER NOT NULL, ok INTEGER NOT NULL, failed INTEGER NOT NULL,
    workers INTEGER NOT NULL, outcome TEXT, last_activity TEXT NOT NULL, user TEXT, host TEXT,
    packages TEXT
);
{_CODES}""",
    upgrades={1: f"{_FROM_1}; {_FROM_2}", 2: _FROM_2},
    functions={"packed": packed, "carried": _carried},
)
"""Rows of format 2 get an unknown code and unknown values, which the first item takes over.

In a row, `identity` is the digest of the item's own values, `inputs` that of the files that it
read, `code` the code that made it. A `settled` pair says whether rows of one code are kept under
another, or made again.
"""
