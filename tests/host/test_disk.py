"""A disk that takes no more, and inputs that change while the table is built."""

import pytest
from damage import limited

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
def test_a_full_disk_is_refused_before_anything_is_built(project, full_disk):
    project.write("noise.py", NOISE)
    ended = project.run("run", "./noise.py", "--out", "full/disk/t.parquet")
    assert ended.code == 2
    assert f"--out: {full_disk} has no space left; free some, or choose" in ended.err
    assert project.files() == {"noise.py"}
    assert list(full_disk.iterdir()) == []


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
