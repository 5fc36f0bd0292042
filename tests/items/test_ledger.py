"""A ledger that may not grow, or that went bad."""

import os
import sqlite3
from contextlib import closing

import pyarrow.parquet as pq
import pytest
from damage import another, cut, limited, newer, text, zeros
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablehost.contract.build import Failure, Session
from tablehost.items.ledger import Ledger
from tablehost.items.ledger_file import LedgerError, is_damaged
from tablehost.items.worker import Outcome, Task

MAP = ("run", "./squares.py", "--out", "t.parquet", "--workers", 1)


@pytest.mark.outcome("Exit 2; the next run goes on from there.")
def test_a_ledger_that_may_not_grow_is_the_disks_fault_and_keeps_what_it_has(squares, worked_on):
    ended = squares.run(*MAP, "--count", 2000, **limited(200_000))
    assert ended.code == 2, ended.err
    assert "t.parquet.ledger" in ended.err
    assert "failed in build_table" not in ended.err
    worked_on()
    assert squares.run(*MAP, "--count", 2000).code == 0
    assert 0 < len(worked_on()) < 2000


@pytest.mark.outcome("Exit 0, right rows: zeros, cut, text, a newer version, another database.")
@pytest.mark.parametrize("damage", [zeros, cut, text, newer, another])
def test_a_damaged_ledger_is_said_set_aside_and_begun_anew(squared, worked_on, damage):
    damage(squared.path / "t.parquet.ledger")
    ended = squared.run(*MAP, "--count", 6)
    kept = [name for name in squared.files() if ".ledger.damaged-" in name]
    assert ended.code == 0, ended.err
    assert "the ledger t.parquet.ledger is damaged (" in ended.err
    assert "a new one is begun" in ended.err
    assert len(kept) == 1
    assert len(worked_on()) == 6
    squares = pq.read_table(squared.path / "t.parquet")["square"].to_pylist()
    assert squares == [0, 1, 4, 9, 16, 25]


@pytest.mark.outcome("Said; no traceback.")
@pytest.mark.parametrize("damage", [zeros, cut, text, another])
def test_show_says_that_a_ledger_is_damaged(squared, damage):
    damage(squared.path / "t.parquet.ledger")
    shown = squared.run("show", "t.parquet")
    assert "Traceback" not in shown.err
    assert "ledger" in shown.err + shown.out


@pytest.mark.outcome("Exit 2: the ledger and the reason; it stays where it is.")
def test_a_ledger_that_cannot_be_opened_ends_the_run(squared):
    path = squared.path / "t.parquet.ledger"
    path.unlink()
    path.mkdir()
    ended = squared.run(*MAP, "--count", 6)
    assert ended.code == 2
    assert "the ledger t.parquet.ledger cannot be used: unable to open database" in ended.err
    assert [name for name in squared.files() if ".ledger." in name] == []


@pytest.mark.outcome("Exit 0; every item is worked on.")
def test_an_empty_ledger_is_begun(squared, worked_on):
    os.truncate(squared.path / "t.parquet.ledger", 0)
    assert squared.run(*MAP, "--count", 6).code == 0
    assert len(worked_on()) == 6


@pytest.mark.outcome("Exit 0, right rows; the item is named.")
def test_a_row_whose_bytes_changed_on_the_disk_is_made_again(squared, worked_on):
    path = squared.path / "t.parquet.ledger"
    content = path.read_bytes()
    assert content.count(b'"square":16}') == 1
    path.write_bytes(content.replace(b'"square":16}', b'"square":17}'))
    ended = squared.run(*MAP, "--count", 6)
    squares = pq.read_table(squared.path / "t.parquet")["square"].to_pylist()
    assert squares == [0, 1, 4, 9, 16, 25]
    assert worked_on() == ["0004", "0005"]
    assert "0004" in ended.err


ROWS = {f"{number:04d}": f'{{"square":{number**2}}}' for number in range(60)}


@pytest.fixture(scope="session")
def ledger(tmp_path_factory):
    """Make a ledger of sixty results."""
    path = tmp_path_factory.mktemp("ledger") / "t.ledger"
    with Ledger(path, Session("one", "x")) as made:
        number = made.begin_map("recipe", "{}")
        for key, result in ROWS.items():
            made.want(number, [Task(key, None)], {})
            made.note(number, Outcome(key, result=result))
        made.want(number, [Task("failed", None)], {})
        made.note(number, Outcome("failed", failure=Failure("failed", "odd")))
        made.commit()
    return path


def rows_of(path):
    """Return the rows that a second session takes from a ledger, or None if it takes none."""
    if is_damaged(path):
        return None
    with Ledger(path, Session("two", "x")) as opened:
        number = opened.begin_map("recipe", "{}")
        for key in ROWS:
            opened.want(number, [Task(key, None)], {})
            if "" in opened.known(number, [key]).get(key, ()):
                opened.note(number, Outcome(key))
            else:
                opened.note(number, Outcome(key, failure=Failure(key, "again")))
        return list(opened.results(number))


@pytest.mark.outcome("Right rows, or the ledger is set aside.")
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 7)), min_size=1, max_size=4))
def test_no_flipped_bit_of_a_ledger_becomes_a_wrong_row(ledger, tmp_path_factory, flips):
    path = tmp_path_factory.getbasetemp() / "flipped.ledger"
    content = bytearray(ledger.read_bytes())
    for place, bit in flips:
        content[place % len(content)] ^= 1 << bit
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    path.write_bytes(content)
    try:
        rows = rows_of(path)
    except (sqlite3.DatabaseError, LedgerError):
        return  # the run that meets this is tested through the command line
    assert rows is None or set(rows) <= set(ROWS.values())
    assert rows is None or len(rows) == len(set(rows))


@pytest.mark.outcome("Exit 0, no traceback.")
@pytest.mark.parametrize("table", ["items", "failures", "sessions", "recipes"])
def test_a_ledger_without_one_of_its_tables_is_set_aside(squared, table):
    with closing(sqlite3.connect(squared.path / "t.parquet.ledger")) as db:
        db.execute(f"DROP TABLE {table}")
    ended = squared.run(*MAP, "--count", 6)
    assert "Traceback" not in ended.err
    assert "ledger" in ended.err
    assert ended.code == 0, ended.err
