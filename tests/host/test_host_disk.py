"""A disk that takes no more, a ledger and a cache that went bad, files that change meanwhile."""

import os
import resource
import shutil
import sqlite3
import subprocess
from contextlib import closing

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablehost.cli import execute
from tablehost.contract.build import Failure
from tablehost.host import preflight
from tablehost.items.ledger import Ledger, Wanted
from tablehost.items.ledger_file import LedgerError, is_damaged

MAP = ("run", "./squares.py", "--out", "t.parquet", "--workers", 1)
LENGTHS = ("run", "./lengths.py", "--folder", "folder", "--out", "t.parquet")

NOISE = '''
import os
from attrs import frozen
from tablehost import Build, Run, hookimpl

@frozen
class Options:
    """Make rows that cannot be compressed."""
    megabytes: int = 1
    """How many."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    schema = pa.schema({"noise": pa.binary()})
    def batches():
        for _ in range(options.megabytes):
            yield pa.record_batch([[os.urandom(1024) for _ in range(1024)]], schema=schema)
    return Build(batches(), schema=schema)
'''


def limited(size):
    """Return what gives a command files of at most a size."""
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}


@pytest.fixture
def small_disk(project):
    """Give a file system of ten megabytes, or None where nobody may mount one."""
    folder = project.path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        yield None
        return
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.outcome("Exit 2; the old pair is untouched.")
def test_a_disk_that_fills_up_leaves_the_old_pair_and_says_so(project, small_disk):
    project.write("noise.py", NOISE)
    limit = limited(3_000_000) if small_disk is None else {}
    command = ("run", "./noise.py", "--out", "disk/t.parquet")
    assert project.run(*command).code == 0
    before = {path.name: path.read_bytes() for path in (project.path / "disk").iterdir()}
    ended = project.run(*command, "--megabytes", 12, "--overwrite", **limit)
    after = {path.name: path.read_bytes() for path in (project.path / "disk").iterdir()}
    assert ended.code == 2, ended.err
    assert "disk/t.parquet could not be written: " in ended.err
    assert "the earlier table, if any, is untouched" in ended.err
    assert after.pop("t.parquet.failed.json")
    assert after == before


@pytest.mark.outcome("Exit 2, nothing touched.")
def test_a_full_disk_is_refused_before_anything_is_built(project, monkeypatch, capsys):
    project.write("noise.py", NOISE)
    monkeypatch.chdir(project.path)
    # no disk has as much: so any is too full, without filling it
    monkeypatch.setattr(preflight, "_LEAST_FREE_BYTES", 2**62)
    assert execute(["run", "./noise.py", "--out", "disk/t.parquet"]) == 2
    told = capsys.readouterr().err
    assert f"--out: the disk of {project.path} is full; free some space or choose" in told
    assert project.files() == {"noise.py"}


@pytest.mark.outcome("Exit 2, at several stages of writing.")
@pytest.mark.parametrize("size", [100, 1000, 3000])
def test_files_that_may_not_grow_cost_neither_the_old_pair_nor_a_traceback(counted, size):
    command = ("run", "./words.py", "--text", "t.txt", "--out", "t.parquet", "--overwrite")
    before = (counted.digest("t.parquet"), counted.digest("t.parquet.manifest.json"))
    counted.write("t.txt", "changed\n")
    ended = counted.run(*command, **limited(size))
    assert ended.code == 2, ended.err
    assert "t.parquet could not be written: File too large" in ended.err
    assert "Traceback" not in ended.err
    assert (counted.digest("t.parquet"), counted.digest("t.parquet.manifest.json")) == before


@pytest.mark.outcome("Exit 2; the next run goes on from there.")
def test_a_ledger_that_may_not_grow_is_the_disks_fault_and_keeps_what_it_has(squares, worked_on):
    ended = squares.run(*MAP, "--count", 2000, **limited(200_000))
    assert ended.code == 2, ended.err
    assert "t.parquet.ledger" in ended.err
    assert "failed in build_table" not in ended.err
    worked_on()
    assert squares.run(*MAP, "--count", 2000).code == 0
    assert 0 < len(worked_on()) < 2000


def zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def text(path):
    path.write_text("this is not a database, and it is longer than a header of one is" * 40)


def newer(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def another(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE other (a)")


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
    told = squared.run("show", "t.parquet")
    assert "Traceback" not in told.err
    assert "ledger" in told.err + told.out


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
    with Ledger(path, run_id="one", started_at="x", workers=1) as made:
        number = made.begin_map("recipe", "{}")
        for key, result in ROWS.items():
            made.want(number, [Wanted(key)])
            made.finish(number, key, "", None, result=result, now="x")
        made.want(number, [Wanted("failed")])
        made.fail(number, Failure("failed", "odd"), "", None, now="x")
        made.commit()
    return path


def rows_of(path):
    """Return the rows that a second session takes from a ledger, or None if it takes none."""
    if is_damaged(path):
        return None
    with Ledger(path, run_id="two", started_at="x", workers=1) as opened:
        number = opened.begin_map("recipe", "{}")
        for key in ROWS:
            opened.want(number, [Wanted(key)])
            if "" in opened.known(number, [key]).get(key, ()):
                opened.reuse(number, key, "", None)
            else:
                opened.fail(number, Failure(key, "again"), "", None, now="x")
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


@pytest.mark.outcome("Exit 0, right digests: zeros, cut, text, a newer version.")
@pytest.mark.parametrize("damage", [zeros, cut, text, newer])
def test_a_damaged_cache_is_said_and_gives_no_wrong_digest(words, damage):
    os.utime(words.path / "t.txt", (1_000_000_000, 1_000_000_000))
    command = ("run", "./words.py", "--text", "t.txt", "--out")
    assert words.run(*command, "a.parquet").code == 0
    damage(words.path / ".cache/digests.sqlite")
    ended = words.run(*command, "t.parquet")
    assert ended.code == 0, ended.err
    assert "the cache of file digests could not be used" in ended.err
    digest = words.manifest("t.parquet")["run_provenance"]["inputs"]["text"]["sha256"]
    assert digest == words.digest("t.txt")


@pytest.mark.outcome("Exit 2: written to, replaced, removed, truncated.")
@pytest.mark.parametrize(
    "change",
    [
        'Path(options.text).write_text("other")',
        'os.replace("new.txt", options.text)',
        "os.unlink(options.text)",
        "os.truncate(options.text, 1)",
    ],
)
def test_an_input_that_changes_during_the_run_leaves_the_old_pair(counted, change):
    command = ("run", "./words.py", "--text", "t.txt", "--out", "t.parquet")
    before = (counted.digest("t.parquet"), counted.digest("t.parquet.manifest.json"))
    counted.write("new.txt", "new\n")
    source = (counted.path / "words.py").read_text()
    begin = f"    import os\n    from pathlib import Path\n    {change}\n    return pa.table"
    counted.write("words.py", source.replace("    return pa.table", begin))
    ended = counted.run(*command, "--overwrite")
    assert ended.code == 2, ended.err
    assert "--text: t.txt changed while the table was built; nothing was written" in ended.err
    assert (counted.digest("t.parquet"), counted.digest("t.parquet.manifest.json")) == before


@pytest.mark.outcome("Each fails as `changed-while-read`; the others are rows.")
def test_items_whose_files_change_while_they_are_read_are_failures(lengths):
    for name, content in {
        "a": "stays",
        "b": "replace me",
        "c": "truncate me",
        "d": "remove me",
        "e": "stays too",
    }.items():
        lengths.write(f"folder/{name}.txt", content)
    ended = lengths.run(*LENGTHS)
    failures = lengths.manifest("t.parquet")["run"]["failures"]
    assert ended.code == 1
    assert [(one["key"], one["reason"]) for one in failures] == [
        (f"{name}.txt", "changed-while-read") for name in "bcd"
    ]
    assert pq.read_table(lengths.path / "t.parquet")["name"].to_pylist() == ["a.txt", "e.txt"]


@pytest.mark.outcome("Links, folders, FIFOs: `not-a-regular-file`; not UTF-8: `unsupported-name`.")
def test_items_that_are_no_regular_files_are_failures(lengths):
    lengths.write("folder/a.txt", "stays")
    (lengths.path / "folder/b.txt").symlink_to("a.txt")
    (lengths.path / "folder/c.txt").mkdir()
    os.mkfifo(lengths.path / "folder/d.txt")
    (lengths.path / "folder/e.txt").symlink_to("nowhere")
    (lengths.path / os.fsdecode(b"folder/f\xff.txt")).write_text("not UTF-8")
    (lengths.path / "folder/g\n\x1b[31m.txt").write_text("stays")
    ended = lengths.run(*LENGTHS)
    run = lengths.manifest("t.parquet")["run"]
    reasons = {one["key"]: one["reason"] for one in run["failures"]}
    assert ended.code == 1, ended.err
    assert reasons == {
        "b.txt": "not-a-regular-file",
        "c.txt": "not-a-regular-file",
        "d.txt": "not-a-regular-file",
        "e.txt": "not-a-regular-file",
        "f\\xff.txt": "unsupported-name",
    }
    assert "\x1b" not in ended.err
    names = pq.read_table(lengths.path / "t.parquet")["name"].to_pylist()
    assert names == ["a.txt", "g\n\x1b[31m.txt"]


@pytest.mark.outcome("Only what changed costs time.")
def test_a_file_with_other_content_is_worked_on_again_and_one_touched_is_not(lengths, worked_on):
    for name in "abc":
        lengths.write(f"folder/{name}.txt", name)
    assert lengths.run(*LENGTHS).code == 0
    worked_on()
    lengths.write("folder/b.txt", "longer")
    os.utime(lengths.path / "folder/c.txt")
    shutil.copy(lengths.path / "folder/a.txt", lengths.path / "folder/d.txt")
    assert lengths.run(*LENGTHS).code == 0
    assert sorted(worked_on()) == ["b.txt", "d.txt"]
    assert pq.read_table(lengths.path / "t.parquet")["length"].to_pylist() == [1, 6, 1, 1]
    described = lengths.manifest("t.parquet")["run_provenance"]["inputs"]["folder"]
    assert (described["files"], described["bytes"]) == (4, 9)
    assert "dir_hash1" in described
