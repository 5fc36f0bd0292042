"""Results of many rows, and of many numbers."""

import pyarrow.parquet as pq
import pytest

MANY = '''
from attrs import frozen
from tablehost import Run, hookimpl

@frozen
class Options:
    """Measure frames."""
    frames: int = 4
    """How many there are of an item."""

@frozen
class Frame:
    name: str
    at: int

def measure(name: str, settings: None) -> list[Frame]:
    return [Frame(name, at) for at in range(int(name))]

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    measured = run.map(measure, ["2", "0", "3"], key=str)
    assert len(measured) == 3
    rows = [row for rows in measured for row in rows]
    return pa.table({"name": [r.name for r in rows], "at": [r.at for r in rows]})
'''


@pytest.mark.outcome("Every row, ordered by key.")
def test_an_item_may_have_many_rows(project):
    project.write("many.py", MANY)
    for _ in range(2):
        ended = project.run("run", "./many.py", "--out", "t.parquet", "--workers", 0)
        assert ended.code == 0, ended.err
    rows = pq.read_table(project.path / "t.parquet").to_pylist()
    assert [(row["name"], row["at"]) for row in rows] == [
        *(("2", at) for at in range(2)),
        *(("3", at) for at in range(3)),
    ]


LARGE = '''
import random
from attrs import evolve, frozen
from tablehost import Run, hookimpl

@frozen
class Options:
    """Return large lists."""
    size: int
    """How large."""

@frozen
class Row:
    name: str
    floats: list[float]
    ints: list[int]
    array: list[float]
    few: list[int]

def work(name: str, settings: int) -> Row:
    import numpy as np
    seeded = random.Random(name)
    floats = [seeded.gauss() for _ in range(settings.size)]
    floats[:3] = [float("nan"), float("inf"), -0.0]
    ints = [seeded.getrandbits(63) - 2**62 for _ in range(settings.size)]
    return Row(name, floats, ints, np.array(floats[::-1]), [2**70] if name == "b" else [])

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    found = list(run.map(work, "ab", key=str, settings=options))
    for one in found:
        made = work(one.name, options)
        assert repr(one) == repr(evolve(made, array=made.array.tolist()))
    return pa.table({"name": [one.name for one in found]})
'''


@pytest.mark.outcome("The same bits; the ledger is hardly larger than the numbers.")
def test_large_lists_of_numbers_are_stored_as_they_are(project):
    project.write("large.py", LARGE)
    ended = project.run("run", "./large.py", "--size", 20_000, "--out", "t.parquet", "--workers", 0)
    assert ended.code == 0, ended.err
    ledger = (project.path / "t.parquet.ledger").stat().st_size
    assert ledger < 1.2 * (2 * 3 * 20_000 * 8)
