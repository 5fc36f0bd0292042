"""Inputs that are several files, and inputs that are tables themselves."""

import os
import shutil

import pyarrow.parquet as pq
import pytest
from command_line import CommandLine

GATHER = '''
from attrs import frozen
from tablehost import InputFiles, Run, hookimpl

@frozen
class Options:
    """Put tables one after the other."""
    parts: InputFiles
    """The tables."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa, pyarrow.parquet as pq
    return pa.concat_tables([pq.read_table(path) for path in run.parts(options.parts)])
'''

BESIDE = """
@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    from tablehost.table import opened
    with opened(options.parts, "the table") as file:
        next(file.iter_batches())
        raise RAISES
"""


ONE_ROW = """
import sys
from attrs import frozen
from tablehost import InputFiles, Run, hookimpl

@frozen
class Options:
    \"\"\"Count parts.\"\"\"
    parts: InputFiles
    \"\"\"The parts.\"\"\"

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    sys.audit("test.build")
    return pa.table({"part": [path.name for path in run.parts(options.parts)]})
"""

WALKS = """
import sys
from tablehost.cli import execute

def note(event, arguments):
    if event == "test.build" or (event == "os.scandir" and str(arguments[0]) == "parts"):
        seen.append(event)

seen = []
sys.addaudithook(note)
code = execute(sys.argv[1:])
print(code, *seen)
"""


@pytest.fixture
def gather(squared, capsys, monkeypatch):
    """Gather tables, of which one lies in `parts`."""
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(squared.path / ".cache"))
    squared.write("gather.py", GATHER)
    (squared.path / "parts").mkdir()
    for path in squared.path.glob("t.parquet*"):
        path.rename(squared.path / "parts" / path.name)
    line = CommandLine(squared.path, capsys)
    return lambda parts, *more: line.tablehost(
        "run", "./gather.py", "--parts", parts, *(more or ("--out", "all.parquet"))
    )


@pytest.mark.parametrize("parts", ["parts", "parts/*.parquet", "parts/**/*"])
@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_a_table_is_never_a_part_of_itself(gather, parts, more):
    ended = gather(parts, "--out", "parts/t.parquet", *more)
    said = f"--out: parts/t.parquet is the input --parts, as one of the files of {parts}; give"
    assert ended.code == 2
    assert f"{said} another --out\n" in ended.err


@pytest.mark.parametrize(
    "places",
    [
        ("--out", "parts/new/all.parquet"),
        ("--out", "link/all.parquet"),
        ("--out", "all.parquet", "--manifest-out", "parts/m.json"),
    ],
)
def test_nothing_is_written_into_a_folder_that_is_read(gather, squared, places):
    (squared.path / "link").symlink_to("parts")
    before = squared.files()
    ended = gather("parts", *places)
    assert ended.code == 2
    *_, flag, place = places
    assert f"{flag}: {place} would be the input --parts, as one of the files of " in ended.err
    assert squared.files() == before


def test_a_table_beside_the_folder_that_is_read_may_be_made_again(gather):
    assert gather("parts").code == 0
    assert gather("parts", "--out", "all.parquet", "--overwrite").code == 0


def test_what_stands_beside_a_table_is_no_part(gather, squared):
    run = ("run", "./squares.py", "--workers", 1, "--out")
    squared.run(*run, "parts/t.parquet", "--count", 3, "--fresh", "--overwrite")
    squared.run(*run, "parts/broken.parquet", "--broken")
    for name in (".b.parquet.scratch/keys", "b.parquet.intent.json", "b.parquet.ledger-wal"):
        squared.write(f"parts/{name}", "")
    (squared.path / "parts/broken.parquet.lock").touch()  # as of a run under way
    ended = gather("parts")
    (squared.path / "parts/broken.parquet.lock").unlink()
    (squared.path / "parts/.b.parquet.scratch").rename(squared.path / "elsewhere")
    assert ended.code == 0, ended.err
    assert squared.manifest("all.parquet")["run_provenance"]["inputs"]["parts"]["files"] == 1
    (parent,) = squared.manifest("all.parquet")["run_provenance"]["parents"]
    assert parent["run_id"] == squared.manifest("parts/t.parquet")["run_provenance"]["run_id"]


def test_a_file_may_have_the_name_of_a_sidecar_in_part(gather, squared):
    part = squared.path / "parts/t.parquet"
    (squared.path / "parts/t.history").mkdir()
    for name in ("a.ledger.parquet", "t.history/b.parquet", "clock"):
        shutil.copy(part, squared.path / "parts" / name)
    assert gather("parts").code == 0
    assert pq.read_metadata(squared.path / "all.parquet").num_rows == 20


def test_a_part_whose_name_is_not_utf8_is_named(gather, squared):
    part = squared.path / "parts/t.parquet"
    part.rename(part.with_name(os.fsdecode(b"t\xff.parquet")))
    ended = gather("parts")
    assert ended.code == 2
    assert r"--parts: 'parts/t\udcff.parquet' is not UTF-8, as all text in a manifest" in ended.err


def test_an_input_that_is_no_longer_what_its_manifest_describes_is_reported(gather, squared):
    part = squared.path / "parts/t.parquet"
    pq.write_table(pq.read_table(part).slice(1), part)
    ended = gather("parts/t.parquet")
    answer = squared.manifest("all.parquet")["run_provenance"]
    assert ended.code == 0
    assert ended.err.count("--parts: parts/t.parquet is no longer what its manifest ") == 1
    assert answer["parents"][0]["table_sha256"] != answer["inputs"]["parts"]["sha256"]


def test_an_input_that_is_what_its_manifest_describes_is_not_spoken_of(gather):
    assert "manifest " not in gather("parts/t.parquet", "--out", "all.parquet", "--quiet").err


def test_parts_of_a_path_that_no_option_gives_are_the_builders_mistake(gather, squared):
    squared.write("gather.py", GATHER.replace("run.parts(options.parts)", "run.parts('other')"))
    ended = gather("parts")
    assert ended.code == 3
    assert "run.parts('other'): no option of role InputFile or InputFiles gives" in ended.err


@pytest.mark.parametrize(
    ("raises", "said"),
    [
        ('pa.ArrowNotImplementedError("no kernel")', "ArrowNotImplementedError: no kernel"),
        ('OSError("no room")', "OSError: no room"),
    ],
)
def test_what_goes_wrong_beside_the_reading_is_not_called_damage(gather, squared, raises, said):
    squared.write("gather.py", GATHER + BESIDE.replace("RAISES", raises))
    ended = gather("parts/t.parquet")
    assert ended.code == 3
    assert f"failed in build_table: {said} (details in" in ended.err


@pytest.mark.parametrize(
    ("parts", "more", "walks"),
    [
        ("parts", (), "os.scandir test.build os.scandir"),
        ("parts", ("--dry-run",), "os.scandir"),
        ("parts/*.txt", ("--dry-run",), "os.scandir"),
    ],
)
def test_a_folder_of_parts_is_walked_once_before_the_build_and_once_after(
    project, parts, more, walks
):
    project.write("one_row.py", ONE_ROW)
    project.write("parts/a.txt", "a")
    project.write("parts/b.txt", "b")
    command = ("run", "./one_row.py", "--parts", parts, "--out", "t.parquet", *more)
    ended = project.python(WALKS, *command, env=project.without_pandas)
    assert ended.out.splitlines()[-1] == f"0 {walks}", ended.err
