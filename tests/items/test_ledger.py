"""A ledger that may not grow, or that went bad."""

import os
import pickle
import re
import shlex
import signal
import sqlite3
import subprocess
import time
from contextlib import closing

import pyarrow.parquet as pq
import pytest
from damage import another, cut, limited, newer, text, zeros
from small_builders import RUN_SQUARES

from tablehost.items.ledger_format import checksum, packed


@pytest.mark.outcome("Exit 2; the next run goes on from there.")
def test_a_ledger_that_may_not_grow_is_the_disks_fault_and_keeps_what_it_has(squares, worked_on):
    ended = squares.run(*RUN_SQUARES, "--count", 2000, **limited(200_000))
    assert ended.code == 2, ended.err
    assert "t.parquet.ledger" in ended.err
    assert "failed in build_table" not in ended.err
    worked_on()
    assert squares.run(*RUN_SQUARES, "--count", 2000).code == 0
    assert 0 < len(worked_on()) < 2000


@pytest.fixture
def unlanded(squared):
    """Give a project in which five squares are done, and their table has not landed yet."""
    (squared.path / "t.parquet").unlink()
    (squared.path / "t.parquet.manifest.json").unlink()
    return squared


def gone(path):
    path.unlink()


def empty(path):
    os.truncate(path, 0)


@pytest.mark.outcome("Exit 2 with the number of items; nothing is touched. `--fresh` makes them.")
@pytest.mark.parametrize("damage", [zeros, cut, text, gone, empty])
def test_a_lost_ledger_beside_an_intact_table_wants_fresh(squared, worked_on, damage):
    damage(squared.path / "t.parquet.ledger")
    before = {name: squared.digest(name) for name in squared.files()}
    ended = squared.run(*RUN_SQUARES, "--count", 6)
    assert ended.code == 2, ended.err
    assert "the ledger t.parquet.ledger is " in ended.err
    assert "5 finished items of the table would be measured again" in ended.err
    assert "--fresh" in ended.err
    assert {name: squared.digest(name) for name in squared.files()} == before
    assert worked_on() == []
    ended = squared.run(*RUN_SQUARES, "--count", 6, "--fresh")
    assert ended.code == 0, ended.err
    assert len(worked_on()) == 6
    squares = pq.read_table(squared.path / "t.parquet")["square"].to_pylist()
    assert squares == [0, 1, 4, 9, 16, 25]


@pytest.mark.outcome("Exit 0: nothing of this table would be measured again.")
def test_a_lost_ledger_beside_a_table_of_another_recipe_is_begun(squared, worked_on):
    path = squared.path / "t.parquet.manifest.json"
    recipes = squared.manifest("t.parquet")["run_provenance"]["recipe"]["item"]
    path.write_text(path.read_text().replace(recipes["squares:square"], "0" * 64))
    gone(squared.path / "t.parquet.ledger")
    assert squared.run(*RUN_SQUARES, "--overwrite").code == 0
    assert len(worked_on()) == 5


@pytest.mark.outcome("Exit 2: the reason; nothing is done, and the file is left as it is.")
@pytest.mark.parametrize("damage", [newer, another])
def test_a_ledger_of_another_version_or_application_is_left_as_it_is(unlanded, worked_on, damage):
    damage(unlanded.path / "t.parquet.ledger")
    before = unlanded.digest("t.parquet.ledger")
    for tokens in ((), ("--fresh",)):
        ended = unlanded.run(*RUN_SQUARES, "--count", 6, *tokens)
        assert ended.code == 2
        assert "the ledger t.parquet.ledger cannot be used: it " in ended.err
        assert "Traceback" not in ended.err
    assert unlanded.digest("t.parquet.ledger") == before
    assert unlanded.files() == {"squares.py", "t.parquet.failed.json", "t.parquet.ledger"}
    assert worked_on() == []


HOLD = """
import sqlite3, time
db = sqlite3.connect("t.parquet.ledger", isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(60)
"""


@pytest.mark.outcome("Exit 2 within seconds: who holds the lock; nothing is done.")
def test_a_ledger_that_a_stopped_process_has_locked_is_said(squared, worked_on):
    holder = squared._start("-c", HOLD)
    try:
        assert holder.stdout.readline() == "locked\n"
        holder.send_signal(signal.SIGSTOP)
        before, began = squared.digest("t.parquet.ledger"), time.monotonic()
        ended = squared.run(*RUN_SQUARES, "--count", 6)
        assert time.monotonic() - began < 10
        assert ended.code == 2
        assert "the ledger t.parquet.ledger cannot be used: database is locked; " in ended.err
        assert f"process {holder.pid} (python" in ended.err
        assert ", which is stopped) has locked it" in ended.err
        assert squared.digest("t.parquet.ledger") == before
        assert worked_on() == []
    finally:
        holder.kill()
        holder.communicate()
    assert squared.run(*RUN_SQUARES, "--count", 6).code == 0
    assert worked_on() == ["0005"]


@pytest.mark.outcome("Exit 2; what it leads to is untouched.")
@pytest.mark.parametrize("piece", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_in_the_place_of_a_ledger_is_refused(unlanded, worked_on, piece, exists):
    link, target = unlanded.path / f"t.parquet.ledger{piece}", unlanded.path / "precious"
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    if exists:
        target.write_text("precious")
    ended = unlanded.run(*RUN_SQUARES)
    assert ended.code == 2
    assert f"t.parquet.ledger{piece} is a symbolic link" in ended.err
    assert link.is_symlink()
    assert target.exists() == exists
    assert not exists or target.read_text() == "precious"
    assert worked_on() == []


@pytest.mark.outcome("Exit 2; what is under its other name is untouched.")
def test_a_ledger_that_is_a_hard_link_is_refused(unlanded, worked_on):
    (unlanded.path / "theirs").hardlink_to(unlanded.path / "t.parquet.ledger")
    before = unlanded.digest("theirs")
    ended = unlanded.run(*RUN_SQUARES)
    assert ended.code == 2
    assert "t.parquet.ledger has another name too" in ended.err
    assert unlanded.digest("theirs") == before
    assert worked_on() == []
    remedy = ended.err.strip().rpartition("make it a file of its own: ")[2]
    subprocess.run(remedy, shell=True, cwd=unlanded.path, check=True)  # noqa: S602  # as it is printed
    assert unlanded.run(*RUN_SQUARES).code == 0
    assert unlanded.digest("theirs") == before


@pytest.mark.outcome("Exit 2 at once.")
def test_a_fifo_in_the_place_of_a_ledger_is_refused(unlanded):
    (unlanded.path / "t.parquet.ledger").unlink()
    os.mkfifo(unlanded.path / "t.parquet.ledger")
    ended = unlanded.run(*RUN_SQUARES)
    assert ended.code == 2
    assert "the ledger t.parquet.ledger is not a regular file" in ended.err


@pytest.mark.outcome("Counted in the manifest, and shown.")
@pytest.mark.parametrize("column", ["user", "host"])
def test_rows_of_another_user_or_host_are_counted(squared, column):
    with closing(sqlite3.connect(squared.path / "t.parquet.ledger")) as db, db:
        db.execute(f"UPDATE sessions SET {column} = 'another'")
    assert squared.run(*RUN_SQUARES, "--count", 7).code == 0
    assert squared.manifest("t.parquet")["run"]["rows_of_others"] == 5
    shown = squared.run("show", "t.parquet").out
    assert "others   5 results were made by another user or on another host" in shown


def plant(project, result, key="%"):
    """Put a result in the place of those of a ledger, with the right checksum."""
    named = "recipe, key, identity, inputs, code"
    with closing(sqlite3.connect(project.path / "t.parquet.ledger")) as db, db:
        for row in db.execute(f"SELECT {named} FROM items WHERE key LIKE ?", (key,)).fetchall():
            changed = (result, checksum((*row, result)), row[1])
            db.execute("UPDATE items SET result = ?, checksum = ? WHERE key = ?", changed)


class Planted:
    """A pickle that leaves a trace where it is loaded."""

    def __reduce__(self):
        return (os.mkdir, ("loaded",))


@pytest.mark.outcome("It is never loaded: exit 2.")
def test_a_pickle_that_was_planted_in_a_ledger_is_never_loaded(squared, worked_on):
    plant(squared, pickle.dumps(Planted()))
    ended = squared.run(*RUN_SQUARES, "--count", 6)
    assert ended.code == 2, ended.err
    assert "the row of '0000' is not a result" in ended.err
    assert not (squared.path / "loaded").exists()
    assert worked_on() == ["0005"]


@pytest.mark.outcome("Exit 2: the item is named, and the remedy.")
@pytest.mark.parametrize("result", ["no JSON", "[]", '{"number": "x", "square": 1}'])
def test_a_row_that_is_no_result_ends_the_run(squared, result):
    plant(squared, packed(result.encode()), "0003")
    ended = squared.run(*RUN_SQUARES, "--count", 6)
    assert ended.code == 2, ended.err
    assert "t.parquet.ledger: the row of '0003' is not a result" in ended.err
    assert "--fresh" in ended.err


@pytest.mark.outcome("Exit 0, right rows: zeros, cut, text.")
@pytest.mark.parametrize("damage", [zeros, cut, text])
def test_a_damaged_ledger_is_said_set_aside_and_begun_anew(unlanded, worked_on, damage):
    damage(unlanded.path / "t.parquet.ledger")
    ended = unlanded.run(*RUN_SQUARES, "--count", 6)
    kept = [name for name in unlanded.files() if ".ledger.damaged-" in name]
    assert ended.code == 0, ended.err
    assert "the ledger t.parquet.ledger is damaged (" in ended.err
    assert "a new one is begun" in ended.err
    assert len(kept) == 1
    assert len(worked_on()) == 6
    squares = pq.read_table(unlanded.path / "t.parquet")["square"].to_pylist()
    assert squares == [0, 1, 4, 9, 16, 25]


@pytest.mark.outcome("Said; no traceback.")
@pytest.mark.parametrize("damage", [zeros, cut, text, another])
def test_show_says_that_a_ledger_lost(squared, damage):
    damage(squared.path / "t.parquet.ledger")
    shown = squared.run("show", "t.parquet")
    assert "Traceback" not in shown.err
    assert "ledger" in shown.err + shown.out


@pytest.mark.outcome("Exit 2: the ledger and the reason; it stays where it is.")
def test_a_ledger_that_cannot_be_opened_ends_the_run(squared):
    path = squared.path / "t.parquet.ledger"
    path.unlink()
    path.mkdir()
    ended = squared.run(*RUN_SQUARES, "--count", 6)
    assert ended.code == 2
    assert "the ledger t.parquet.ledger cannot be used: unable to open database" in ended.err
    assert "since it is a folder; remove it, or give another --out" in ended.err
    assert [name for name in squared.files() if ".ledger." in name] == []


@pytest.mark.outcome("Exit 2: that it is a folder; nothing is done.")
@pytest.mark.parametrize("suffix", ["wal", "shm", "journal"])
def test_a_folder_beside_a_ledger_in_the_place_of_its_log(squared, worked_on, suffix):
    (squared.path / f"t.parquet.ledger-{suffix}").mkdir()
    ended = squared.run(*RUN_SQUARES, "--count", 6)
    assert ended.code == 2
    assert f"t.parquet.ledger-{suffix} cannot be used: unable to open database" in ended.err
    assert "since it is a folder; remove it" in ended.err
    assert worked_on() == []


@pytest.mark.outcome("Exit 0; every item is worked on.")
def test_an_empty_ledger_is_begun(unlanded, worked_on):
    os.truncate(unlanded.path / "t.parquet.ledger", 0)
    assert unlanded.run(*RUN_SQUARES, "--count", 6).code == 0
    assert len(worked_on()) == 6


@pytest.mark.outcome("Exit 0, no traceback.")
@pytest.mark.parametrize("table", ["items", "failures", "sessions", "recipes"])
def test_a_ledger_without_one_of_its_tables_is_set_aside(unlanded, table):
    with closing(sqlite3.connect(unlanded.path / "t.parquet.ledger")) as db:
        db.execute(f"DROP TABLE {table}")
    ended = unlanded.run(*RUN_SQUARES, "--count", 6)
    assert "Traceback" not in ended.err
    assert "ledger" in ended.err
    assert ended.code == 0, ended.err


@pytest.mark.outcome("The command that `why` prints has `--fresh`, and runs.")
def test_why_asks_for_fresh_where_the_ledger_is_gone(squared):
    gone(squared.path / "t.parquet.ledger")
    squares = squared.path / "squares.py"
    squares.write_text(squares.read_text().replace("item.number**2)", "item.number * item.number)"))
    asked = squared.run("why", "t.parquet")
    (line,) = re.findall(r"to refresh +tablehost (.*)", asked.out)
    assert "--fresh" in line
    assert squared.run(*shlex.split(line)).code == 0
    assert squared.run("why", "t.parquet").code == 0
