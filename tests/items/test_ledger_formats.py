"""Ledgers of earlier formats."""

import os
import pwd
import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_builders import RUN_SQUARES

STORED = Path(__file__).parent / "stored"


@pytest.fixture
def earlier_ledger(squares):
    """Give a project with a ledger of the second format: 0, 1, 2 and 4 are done, 3 failed."""
    shutil.copy(STORED / "format-2.ledger", squares.path / "t.parquet.ledger")
    return squares


def to_first_format(path):
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "ALTER TABLE sessions DROP COLUMN user; ALTER TABLE sessions DROP COLUMN host;"
            "PRAGMA user_version = 1"
        )


@pytest.mark.outcome(
    "Read and upgraded; stops once, and with `--keep-items` nothing is done again."
)
@pytest.mark.parametrize("version", [1, 2])
def test_a_ledger_of_an_earlier_format_is_read(earlier_ledger, worked_on, version):
    path = earlier_ledger.path / "t.parquet.ledger"
    if version == 1:
        to_first_format(path)
    stopped = earlier_ledger.run(*RUN_SQUARES, "--count", 6)
    assert (stopped.code, "whose code was not recorded" in stopped.err) == (2, True)
    assert earlier_ledger.run(*RUN_SQUARES, "--count", 6, "--keep-items").code == 0
    assert worked_on() == ["0003", "0005"]
    squares = pq.read_table(earlier_ledger.path / "t.parquet")["square"].to_pylist()
    assert squares == [0, 1, 4, 9, 16, 25]
    earlier, _, this = earlier_ledger.manifest("t.parquet")["run_provenance"]["sessions"]
    assert (earlier["user"], earlier["host"]) == ((None, None) if version == 1 else ("root", "vm"))
    assert this["user"] == pwd.getpwuid(os.geteuid()).pw_name
    assert this["host"] == socket.gethostname()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM items WHERE identity = ''").fetchone() == (0,)
        assert db.execute("PRAGMA user_version").fetchone() == (3,)


@pytest.mark.outcome("Exit 0, right rows; the item is named.")
def test_a_damaged_row_of_an_earlier_format_is_made_again(earlier_ledger, worked_on):
    path = earlier_ledger.path / "t.parquet.ledger"
    content = path.read_bytes()
    assert content.count(b'"square":16}') == 1
    path.write_bytes(content.replace(b'"square":16}', b'"square":17}'))
    ended = earlier_ledger.run(*RUN_SQUARES, "--keep-items")
    squares = pq.read_table(earlier_ledger.path / "t.parquet")["square"].to_pylist()
    assert squares == [0, 1, 4, 9, 16]
    assert worked_on() == ["0003", "0004"]
    assert "the row of '0004' is damaged" in ended.err
