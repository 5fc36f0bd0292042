"""Items whose files are checked against a list of published checksums."""

import hashlib
import os
import shutil
import subprocess
import time

import pyarrow.parquet as pq
import pytest

SUMS = '''
import os, sys
from pathlib import Path
from attrs import frozen
from tablehost import Gate, InputDir, InputFile, Run, hookimpl, read_checksums

@frozen
class Options:
    """Measure files that are checked."""
    folder: InputDir
    """Folder of files."""
    checksums: InputFile | None = None
    """Published checksums."""
    require: Gate[bool] = False
    """Refuse files without one."""
    twice: Gate[bool] = False
    """Look at every file in a map of its own before."""

if "NOTE_OPENED" in os.environ:
    def note(event, arguments):
        if event == "open" and f"{os.sep}folder{os.sep}" in f"{os.sep}{arguments[0]}":
            with Path("opened").open("a") as file:
                file.write(f"{os.path.basename(arguments[0])}\\n")
    sys.addaudithook(note)

@frozen
class Length:
    name: str
    length: int

def look(path: Path, settings: None) -> Length:
    return Length(path.name, 0)

def measure(path: Path, settings: None) -> Length:
    with Path("worked-on").open("a") as file:
        file.write(f"{path.name}\\n")
    return Length(path.name, len(path.read_bytes()))

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    files = sorted(options.folder.iterdir())
    checksums = read_checksums(options.checksums, options.folder)
    if options.require:
        checksums.require(files)
    for function in (look, measure) if options.twice else (measure,):
        found = list(
            run.map(function, files, key=lambda p: p.name, input=lambda p: p, checksums=checksums)
        )
    return pa.table({"name": [f.name for f in found], "length": [f.length for f in found]})
'''
RUN = ("run", "./sums.py", "--folder", "folder", "--out", "t.parquet", "--workers", 1)
CHECKED = (*RUN, "--checksums", "list")


@pytest.fixture
def sums(project):
    """Give a project with four files, a builder that checks them, and a list of three of them."""
    project.write("sums.py", SUMS)
    long_ago = time.time() - 60  # else the cache of digests does not take them
    for name in "abcd":
        os.utime(project.write(f"folder/{name}", f"content of {name}"), (long_ago, long_ago))
    return project


def publish(project, names="abc", program="sha256", form="--text"):
    """Write the list of some files as a publisher does."""
    command = [f"{program}sum", form, *(f"folder/{name}" for name in names)]
    with (project.path / "list").open("wb") as file:
        subprocess.run(command, cwd=project.path, stdout=file, check=True)


def flip(project, name):
    """Flip a bit of a file that was published; its size and time stay as they are."""
    path = project.path / "folder" / name
    before, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def mislabel(project):
    """Give every file of a list the checksum of another."""
    path = project.path / "list"
    digests, names = zip(*(line.split() for line in path.read_text().splitlines()), strict=True)
    path.write_text("".join(map("{}  {}\n".format, digests[1:] + digests[:1], names)))


def names(project):
    return pq.read_table(project.path / "t.parquet")["name"].to_pylist()


def failures(project):
    found = project.manifest("t.parquet")["run"]["failures"]
    return {one["key"]: (one["reason"], one["detail"]) for one in found}


@pytest.mark.outcome("Fails as `checksum-mismatch`; one that is not listed is a row, and counted.")
@pytest.mark.parametrize(
    ("program", "form"),
    [("md5", "--text"), ("sha1", "--binary"), ("sha256", "--tag"), ("sha512", "--tag")],
)
def test_a_file_that_differs_from_the_list_of_any_program(sums, program, form, worked_on):
    publish(sums, program=program, form=form)
    was = hashlib.new(program, (sums.path / "folder/b").read_bytes()).hexdigest()
    flip(sums, "b")
    now = hashlib.new(program, (sums.path / "folder/b").read_bytes()).hexdigest()
    ended = sums.run(*CHECKED)
    assert ended.code == 1, ended.err
    assert "2 of 3 checked files agree with list" in ended.err
    assert "1 file not checked: not in list (the first is 'd')" in ended.err
    assert names(sums) == worked_on() == ["a", "c", "d"]
    detail = f"its {program} is {now}, and the list has {was}"
    assert failures(sums) == {"b": ("checksum-mismatch", detail)}
    assert sums.manifest("t.parquet")["run"]["checksums"] == [
        {
            "path": "list",
            "sha256": sums.digest("list"),
            "algorithm": program,
            "checked": 3,
            "differed": 1,
            "not_listed": 1,
        }
    ]
    assert sums.manifest("t.parquet")["run_provenance"]["inputs"]["checksums"]["path"] == "list"
    shown = sums.run("show", "t.parquet").out
    assert f"checked  3 checked, 1 differed, 1 not listed: list ({program})" in shown


@pytest.mark.outcome("It leaves the table as `checksum-mismatch`; its result is kept, not used.")
def test_a_row_of_an_earlier_run_whose_file_differs_from_the_list(sums, worked_on):
    publish(sums, "abcd")
    flip(sums, "b")
    assert sums.run(*RUN).code == 0
    assert names(sums) == worked_on() == [*"abcd"]
    assert sums.run(*CHECKED).code == 1
    assert (names(sums), worked_on()) == ([*"acd"], [])
    assert failures(sums)["b"][0] == "checksum-mismatch"
    assert sums.manifest("t.parquet")["run"]["items"]["done_before"] == 3
    assert sums.run(*RUN).code == 0
    assert (names(sums), worked_on()) == ([*"abcd"], [])


@pytest.mark.outcome("Read once for all digests, and not again until it changes.")
def test_a_file_that_is_hashed_and_checked(sums):
    def opened():
        path = sums.path / "opened"
        found = sorted(path.read_text().split()) if path.exists() else []
        path.unlink(missing_ok=True)
        return found

    noted = {"env": {"NOTE_OPENED": "1"}}
    publish(sums, "abcd", program="md5")
    time.sleep(2.1)  # from then on the cache takes them
    assert sums.process(*CHECKED, **noted).code == 0
    assert opened() == [*"aabbccdd"]  # the host, and the item itself
    again = sums.process(*CHECKED, **noted)
    assert ("up to date" in again.err, opened()) == (True, [])
    mislabel(sums)
    assert sums.process(*CHECKED, **noted).code == 2
    assert opened() == []
    publish(sums, "abcd", program="md5")
    shutil.rmtree(sums.path / ".cache")
    assert "up to date" in sums.run(*CHECKED).err


IN_FOLDERS = """    if path.name == "one" and Path("late").exists():
        Path("late").rename("folder/two/late")
    return Length(path.name, len(list(path.iterdir())))
"""


@pytest.fixture
def folders(sums):
    """Give a project whose items are folders of files, and a list of all files."""
    line = "    return Length(path.name, len(path.read_bytes()))\n"
    sums.write("sums.py", SUMS.replace(line, IN_FOLDERS))
    shutil.rmtree(sums.path / "folder")
    for name in ("one/a", "two/b", "two/late"):
        sums.write(f"folder/{name}", name)
    published = ["one/a", "two/b", "two/late"]
    program, folder = ["sha256sum", *published], sums.path / "folder"
    done = subprocess.run(program, cwd=folder, capture_output=True, check=True)
    (sums.path / "list").write_bytes(done.stdout)
    return sums


@pytest.mark.outcome("Fails as `checksum-mismatch`.")
def test_a_file_of_a_folder_that_is_an_item_differs_from_the_list(folders):
    folders.write("folder/two/b", "other")
    ended = folders.run(*CHECKED)
    assert ended.code == 1, ended.err
    assert [(key, reason) for key, (reason, _) in failures(folders).items()] == [
        ("two", "checksum-mismatch")
    ]


@pytest.mark.outcome("Fails as `changed-while-read`; the same command measures it.")
def test_a_listed_file_that_appears_while_its_folder_is_looked_at(folders):
    (folders.path / "folder/two/late").rename(folders.path / "late")
    ended = folders.run(*CHECKED)
    assert ended.code == 1, ended.err
    assert [(key, reason) for key, (reason, _) in failures(folders).items()] == [
        ("two", "changed-while-read")
    ]
    assert folders.run(*CHECKED).code == 0
    assert sorted(pq.read_table(folders.path / "t.parquet")["length"].to_pylist()) == [1, 2]


@pytest.mark.outcome("`why` says so, the same command makes the table anew, and works on nothing.")
def test_another_list_of_the_same_files(sums, worked_on):
    publish(sums, "abcd")
    assert sums.run(*CHECKED).code == 0
    worked_on()
    recipe = sums.manifest("t.parquet")["run_provenance"]["recipe"]
    publish(sums, "ab")
    why = sums.run("why", "t.parquet")
    assert (why.code, "checksums" in why.out) == (1, True)
    assert sums.run(*CHECKED).code == 0
    later = sums.manifest("t.parquet")["run_provenance"]["recipe"]
    assert (later["item"], worked_on()) == (recipe["item"], [])
    assert later["table"] != recipe["table"]
    assert sums.run("why", "t.parquet").code == 0


@pytest.mark.outcome("Refused before the first item: exit 2, nothing touched.")
def test_a_file_that_is_not_listed_where_that_is_required(sums, worked_on):
    publish(sums)
    before = sums.files()
    ended = sums.run(*CHECKED, "--require")
    assert (ended.code, worked_on()) == (2, [])
    assert "list does not list 1 of 4 files, the first is folder/d" in ended.err
    assert sums.files() == before
    publish(sums, "abcd")
    assert sums.run(*CHECKED, "--require").code == 0


@pytest.mark.outcome("Refused: exit 2; table, manifest and finished items stay as they are.")
def test_a_list_from_which_every_file_differs(sums, worked_on):
    assert sums.run(*RUN, "--twice").code == 0
    worked_on()
    publish(sums, "abc", program="md5")
    mislabel(sums)
    before = [sums.digest(name) for name in ("t.parquet", "t.parquet.manifest.json")]
    ended = sums.run(*CHECKED, "--twice")
    assert ended.code == 2, ended.err
    assert "every file that the list of checksums list has differs from it (3 of 3" in ended.err
    assert [sums.digest(name) for name in ("t.parquet", "t.parquet.manifest.json")] == before
    assert "up to date" in sums.run(*RUN, "--twice").err
    assert worked_on() == []


@pytest.mark.outcome("Only that item fails, as `checksum-mismatch`.")
def test_the_only_file_of_a_list_differs_from_it(sums):
    publish(sums, "b")
    flip(sums, "b")
    ended = sums.run(*CHECKED)
    assert ended.code == 1, ended.err
    assert names(sums) == ["a", "c", "d"]
    assert failures(sums)["b"][0] == "checksum-mismatch"


@pytest.mark.outcome("No file is checked, and the run says so.")
def test_a_list_of_files_elsewhere(sums):
    sums.write("list", f"{'0' * 64}  elsewhere\n")
    ended = sums.run(*CHECKED)
    assert ended.code == 0
    assert "0 of 0 checked files agree with list" in ended.err
    assert "4 files not checked: not in list (the first is 'a')" in ended.err
    (checked,) = sums.manifest("t.parquet")["run"]["checksums"]
    assert (checked["checked"], checked["differed"], checked["not_listed"]) == (0, 0, 4)


def test_items_of_two_maps_are_counted_once(sums):
    publish(sums)
    flip(sums, "b")
    assert sums.run(*CHECKED, "--twice").code == 1
    (checked,) = sums.manifest("t.parquet")["run"]["checksums"]
    assert (checked["checked"], checked["differed"], checked["not_listed"]) == (3, 1, 1)


def test_a_listed_file_that_is_gone_or_no_file_is_not_counted_as_checked(sums):
    publish(sums, "abcd")
    (sums.path / "folder/a").unlink()
    (sums.path / "folder/a").symlink_to("nowhere")
    assert sums.run(*CHECKED).code == 1
    assert failures(sums)["a"][0] == "dangling-link"
    (checked,) = sums.manifest("t.parquet")["run"]["checksums"]
    assert (checked["checked"], checked["differed"], checked["not_listed"]) == (3, 0, 0)


def test_a_builder_that_gives_checksums_and_no_input_is_broken(sums):
    publish(sums)
    sums.write("sums.py", SUMS.replace("input=lambda p: p, ", ""))
    ended = sums.run(*CHECKED)
    assert ended.code == 3
    assert "run.map has checksums, and no input that names the files to check" in ended.err
