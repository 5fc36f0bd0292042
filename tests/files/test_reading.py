"""What others wrote is read in bounds: regular files, any depth, no pattern without an end."""

import json
import os
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tablehost.contract.errors import ManifestError
from tablehost.files import folder_listing
from tablehost.files.folder_listing import listing_lines, read_listing, write_listing
from tablehost.files.folders import walk_files
from tablehost.files.reading import read_regular
from tablehost.table.read import MOST_BYTES_A_ROW

COUNT_FILES = '''
from attrs import frozen
from tablehost import InputDir, Run, hookimpl

@frozen
class Options:
    """Count the files of a folder."""
    folder: InputDir
    """The folder."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    return pa.table({"n": [1]})
'''
WORDS = ("run", "./words.py", "--out", "t.parquet", "--text")
FOLDER = ("run", "./folders.py", "--out", "t.parquet", "--folder")


@pytest.fixture
def counted_folder(project):
    """Give a table that was made of a folder with one file."""
    project.write("folders.py", COUNT_FILES)
    project.write("d/one", "1")
    assert project.run(*FOLDER, "d").code == 0
    return project


def changed(project, change):
    """Change the manifest of the table."""
    manifest = project.manifest("t.parquet")
    change(manifest)
    (project.path / "t.parquet.manifest.json").write_text(json.dumps(manifest))


@pytest.mark.outcome("Exit 2: it is refused before it is opened.")
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (os.mkfifo, "a FIFO"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (lambda path: path.symlink_to("/proc/self/mem"), "made by the kernel"),
        (lambda path: path.symlink_to("/proc/self/pagemap"), "made by the kernel"),
    ],
    ids=["FIFO", "device", "memory of a process", "file without an end"],
)
def test_an_input_that_is_no_regular_file(words, make, what):
    make(words.path / "in.txt")
    ended = words.run(*WORDS, "in.txt")
    assert ended.code == 2
    assert f"--text: in.txt is {what}, which may have no end; give a regular file" in ended.err


@pytest.mark.outcome("Exit 2: it is not walked.")
@pytest.mark.parametrize("link", [False, True])
def test_a_folder_of_the_kernel(project, link):
    project.write("count.py", COUNT_FILES)
    if link:
        (project.path / "folder").mkdir()
        (project.path / "folder/linked").symlink_to("/proc/self")
    folder = "folder" if link else "/proc"
    ended = project.run("run", "./count.py", "--folder", folder, "--out", "t.parquet")
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1
    assert "made by the kernel" in ended.err


@pytest.mark.outcome("A verdict at once, never a wait for the other end.")
@pytest.mark.parametrize("name", ["t.parquet", "t.parquet.manifest.json", "listing"])
@pytest.mark.parametrize("command", ["verify --inputs=full", "why", "show", "lineage"])
def test_a_fifo_in_the_place_of_a_file_of_a_table(counted_folder, name, command):
    (listing,) = (counted_folder.path / "t.parquet.history").iterdir()
    path = listing if name == "listing" else counted_folder.path / name
    path.unlink()
    os.mkfifo(path)
    ended = counted_folder.run(*command.split(), "t.parquet")
    assert ended.code in (0, 1, 2)
    assert "Traceback" not in ended.err


@pytest.mark.outcome("It is damaged.")
def test_a_listing_that_unpacks_to_more_than_a_folder_has(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_listing, "_MOST_BYTES", 1000)

    def read(*lines):
        return list(read_listing(write_listing(tmp_path / "listing", lines).path))

    assert read(*listing_lines([("a", "0" * 64)])) == [("a", "0" * 64)]
    for line in (b"0" * 10**7, b"%b  a\n" % (b"0" * 64) * 2):
        with pytest.raises(ManifestError, match="damaged at line"):
            read(line)
    with pytest.raises(ManifestError, match="damaged at line 15"):
        read(*listing_lines((f"{number:04d}", "0" * 64) for number in range(100)))


@pytest.mark.outcome("It is not read: one line.")
def test_a_manifest_of_two_gigabytes(counted_folder):
    with (counted_folder.path / "t.parquet.manifest.json").open("r+b") as file:
        file.truncate(2 << 30)
    ended = counted_folder.run("show", "t.parquet")
    assert ended.code == 2
    assert "cannot be read: it has more than 268435456 bytes" in ended.err
    assert counted_folder.run("verify", "t.parquet").out.startswith("unverifiable")
    (counted_folder.path / "t.parquet.manifest.json").unlink()


@pytest.mark.outcome("Newer than this version reads: one line.")
def test_a_version_of_five_thousand_digits(counted_folder):
    version = "ai-run-provenance-v" + "9" * 5000
    changed(counted_folder, lambda one: one["run_provenance"].update(schema=version))
    ended = counted_folder.run("show", "t.parquet")
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1
    assert len(ended.err) < 300
    assert "newer than this tablehost reads" in ended.err


@pytest.mark.outcome("The first thousand are shown.")
def test_a_manifest_of_a_hundred_thousand_columns(counted_folder):
    def widen(manifest):
        (one,) = manifest["table"]["columns"]
        columns = [one | {"name": f"c{number}"} for number in range(100_000)]
        manifest["table"]["columns"] = columns

    changed(counted_folder, widen)
    ended = counted_folder.run("show", "t.parquet")
    assert ended.code == 0
    assert ended.out.endswith("and 99000 more columns; --json has them all\n")


@pytest.mark.outcome("The input is unverifiable: no pattern takes for ever.")
@pytest.mark.parametrize("pattern", ["**/" * 100_000 + "*", "**/a*/" * 2000 + "*"])
def test_a_pattern_of_a_thousand_parts(counted_folder, pattern):
    def bomb(manifest):
        manifest["run_provenance"]["inputs"]["folder"]["glob"] = [pattern]

    changed(counted_folder, bomb)
    ended = counted_folder.run("verify", "--inputs=full", "t.parquet")
    assert ended.code == 1
    assert "the pattern is too long" in ended.out


def test_a_pattern_that_repeats_itself_finds_what_one_does(tmp_path):
    for name in ("a/b/c", "a/d", "e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert walk_files(tmp_path, ["**/" * 200 + "*"]) == ["a/b/c", "a/d", "e"]
    assert walk_files(tmp_path, ["**/**/d"]) == ["a/d"]


@pytest.fixture
def deep(project):
    """Give a function that makes a folder with 1,100 others, each in the one before."""
    project.write("folders.py", COUNT_FILES)

    def make(name):
        here = os.open(project.path, os.O_RDONLY)
        for one in ["deep", *[name] * 1100]:
            os.mkdir(one, dir_fd=here)
            inner = os.open(one, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        os.close(os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        os.close(here)

    yield make
    subprocess.run(["rm", "-rf", project.path / "deep"], check=True)


@pytest.mark.outcome("They are an input like others.")
def test_folders_1100_deep(project, deep):
    deep("d")
    assert project.process(*FOLDER, "deep").code == 0
    assert project.manifest("t.parquet")["run_provenance"]["inputs"]["folder"]["files"] == 1
    assert "deep has no table and no manifest in it" in project.process("verify", "deep").err


@pytest.mark.outcome("Exit 2 and one line.")
def test_folders_deeper_than_a_path_may_be_long(project, deep):
    deep("abcdef")
    for command in ((*FOLDER, "deep"), ("verify", "deep"), ("lineage", "deep")):
        ended = project.process(*command)
        assert ended.code == 2
        assert len(ended.err.splitlines()) == 1
        assert ended.err.endswith(": File name too long\n")


@pytest.mark.outcome("Its folders are made.")
def test_an_output_1100_folders_deep(words):
    (words.path / "o").mkdir()
    out = "o/" * 1100 + "t.parquet"
    assert words.run("run", "./words.py", "--text", "t.txt", "--out", out).code == 0
    assert (words.path / out).is_file()
    subprocess.run(["rm", "-rf", words.path / "o"], check=True)


def test_a_file_is_read_up_to_its_limit(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(OSError, match="it has more than 4 bytes"):
        read_regular(path, 4)
    path.write_bytes(b"")
    assert read_regular(path, 4) == b""


@pytest.mark.outcome("Unverifiable: larger than what is read.")
def test_a_table_with_a_value_larger_than_is_read(counted_folder):
    values = pa.array(["x" * (MOST_BYTES_A_ROW + 1)], pa.large_string())
    options = {"use_dictionary": False, "write_statistics": False, "compression": "zstd"}
    pq.write_table(pa.table({"s": values}), counted_folder.path / "t.parquet", **options)
    ended = counted_folder.run("verify", "t.parquet")
    assert ended.code == 1
    assert "t.parquet: a row of 67" in ended.out
    assert "no more than 67108864 are read" in ended.out
