"""No row of code that was edited while the run went on enters the ledger."""

import sqlite3
from contextlib import closing

import pyarrow.parquet as pq
import pytest

EDITED = """
import os, signal, time
from pathlib import Path
from attrs import frozen
from tablehost import Run, Tuning, hookimpl
import factors

@frozen
class Options:
    '''Multiply numbers; the first one edits a module, and ends its worker.'''
    edit: Tuning[bool] = False
    '''Edit it.'''

@frozen
class Row:
    number: int
    product: int

def work(number: int, settings: Options) -> Row:
    IMPORT
    if settings.edit and number == 1:
        Path("factors.py").write_text("FACTOR = 3\\n")
        Path("later.py").write_text("FACTOR = 3\\n")
        KILL
    return Row(number, factors.FACTOR * number)

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    found = MAPS
    return pa.table({"product": [one.product for one in found]})
"""
MAP = "[*run.map(work, [0, 1, 2], key=str, settings=options)]"
KILL = "os.kill(os.getpid(), signal.SIGKILL)"
LATER = "if number == 2: from later import FACTOR; return Row(number, FACTOR * number)"
TWO_MAPS = f"{MAP}; found = {MAP.replace('[0, 1, 2]', '[3]')}"


@pytest.mark.outcome("Exit 2, no table; no row of other code is kept.")
@pytest.mark.parametrize(
    ("workers", "changes", "kept"),
    [
        (1, {"KILL": KILL}, [0]),
        (1, {"IMPORT": LATER}, [0, 1]),
        (0, {"IMPORT": LATER}, [0, 1]),
        (0, {"MAPS": TWO_MAPS}, [0, 1, 2]),
        (1, {"MAPS": TWO_MAPS}, [0, 1, 2]),
    ],
    ids=["killed", "imports later", "imports later here", "maps again here", "maps again"],
)
def test_no_row_of_code_that_was_edited_meanwhile_enters_the_ledger(
    project, workers, changes, kept
):
    source = EDITED
    for name, usual in {"MAPS": MAP, "KILL": "pass", "IMPORT": "pass"}.items():
        source = source.replace(name, changes.get(name, usual))
    project.write("edited.py", source)
    project.write("factors.py", "FACTOR = 2\n")
    project.write("later.py", "FACTOR = 2\n")
    run = ("run", "./edited.py", "--out", "t.parquet", "--workers", workers)
    ended = project.run(*run, "--edit")
    assert ended.code == 2, ended.err
    assert "its code changed while the table was built" in ended.err.splitlines()[-1]
    assert "py has changed" in ended.err.splitlines()[-1]
    assert not (project.path / "t.parquet").exists()
    with closing(sqlite3.connect(project.path / "t.parquet.ledger")) as db:
        assert [int(key) for (key,) in db.execute("SELECT key FROM items ORDER BY key")] == kept
    assert project.run(*run).code == 2  # what there is, is of earlier code
    assert project.run(*run, "--redo-items").code == 0
    products = pq.read_table(project.path / "t.parquet")["product"].to_pylist()
    assert products == ([9] if "MAPS" in changes else [0, 3, 6])
