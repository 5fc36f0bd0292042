"""Builders of one file that can be made to fail, and distributions that are not as they should."""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

SQUARES = '''
import os, signal, time
from pathlib import Path
from attrs import frozen
from tablehost import Build, Gate, ItemFailed, Run, Tuning, hookimpl

@frozen
class Options:
    """Square numbers, and note each one that is worked on."""
    count: int = 5
    """How many numbers."""
    skip: tuple[int, ...] = ()
    """Numbers that are not asked for."""
    fail: Gate[tuple[int, ...]] = ()
    """Numbers that fail."""
    kill: Gate[tuple[int, ...]] = ()
    """Numbers that kill their worker."""
    slow: Tuning[float] = 0.0
    """Seconds that each number takes."""
    backwards: Tuning[bool] = False
    """Ask for the last number first."""
    broken: Gate[bool] = False
    """Raise after the map."""

@frozen
class Item:
    number: int
    fails: bool
    kills: bool
    slow: float

@frozen
class Square:
    number: int
    square: int

@frozen
class Fields:
    """What the squares add to their manifest."""
    schema: str = "squares-manifest-v1"

def square(item: Item, settings: None) -> Square:
    with Path("worked-on").open("a") as file:
        file.write(f"{item.number:04d}\\n")
    time.sleep(item.slow)
    if item.kills:
        os.kill(os.getpid(), signal.SIGKILL)
    if item.fails:
        raise ItemFailed("odd", f"{item.number} \\x1b[31mis not liked")
    return Square(item.number, item.number**2)

def name(item: Item) -> str:
    return f"{item.number:04d}"

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    items = [
        Item(n, n in options.fail, n in options.kill, options.slow)
        for n in range(options.count) if n not in options.skip
    ]
    found = list(run.map(square, items[::-1] if options.backwards else items, key=name))
    if options.broken:
        raise RuntimeError("broken on purpose")
    return pa.table({"number": [s.number for s in found], "square": [s.square for s in found]})

@hookimpl
def describe_manifest(options: Options, build: Build) -> Fields:
    return Fields()
'''

LENGTHS = '''
import os, time
from pathlib import Path
from attrs import frozen
from tablehost import InputDir, Run, hookimpl

@frozen
class Options:
    """Measure files, which may ask for something to happen to them meanwhile."""
    folder: InputDir
    """Folder of files."""
    glob: str = "*.txt"
    """Which files."""

@frozen
class Length:
    name: str
    length: int

def measure(path: Path, settings: None) -> Length:
    with Path("worked-on").open("a") as file:
        file.write(f"{path.name}\\n")
    text = path.read_text()
    if text == "replace me":
        path.with_suffix(".new").write_text("else")
        path.with_suffix(".new").replace(path)
    elif text == "truncate me":
        os.truncate(path, 3)
    elif text == "remove me":
        path.unlink()
    return Length(path.name, len(text))

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    files = sorted(options.folder.glob(options.glob))
    found = list(run.map(measure, files, key=lambda p: p.name, input=lambda p: p))
    return pa.table({"name": [f.name for f in found], "length": [f.length for f in found]})
'''


@pytest.fixture
def squares(project):
    """Give a project with a builder of squares."""
    project.write("squares.py", SQUARES)
    return project


@pytest.fixture(scope="session")
def five(tmp_path_factory, new_project):
    """Make a table of five squares, once."""
    made = new_project(tmp_path_factory.mktemp("five"))
    made.write("squares.py", SQUARES)
    assert made.run("run", "./squares.py", "--out", "t.parquet", "--workers", 1).code == 0
    return made


@pytest.fixture
def squared(project, five):
    """Give a project in which five squares are done, and the ledger still there."""
    shutil.copytree(five.path, project.path, dirs_exist_ok=True)
    (project.path / "worked-on").unlink()
    return project


@pytest.fixture(scope="session")
def two(tmp_path_factory, new_project, word_count):
    """Make a table of the words in two lines, once."""
    made = new_project(tmp_path_factory.mktemp("two"))
    made.write("words.py", word_count)
    made.write("t.txt", "a b\nc\n")
    assert made.run("run", "./words.py", "--text", "t.txt", "--out", "t.parquet").code == 0
    return made


@pytest.fixture
def counted(project, two):
    """Give a project in which the words of two lines are counted."""
    shutil.copytree(two.path, project.path, dirs_exist_ok=True)
    return project


@pytest.fixture
def lengths(project):
    """Give a project with a builder that measures the files of `folder`."""
    project.write("lengths.py", LENGTHS)
    (project.path / "folder").mkdir()
    return project


@pytest.fixture
def worked_on(project):
    """Name the items that were worked on since this was last called."""

    def take():
        path = project.path / "worked-on"
        found = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return found

    return take


@pytest.fixture
def install(project):
    """Write an installed distribution with one builder, as pip would leave it."""
    site = project.path / "site"

    def install(source, name="demo", builder=None, requires=(), module=None):
        module = module or f"mod_{name.replace('-', '_')}"
        project.write(f"site/{module}.py", source)
        needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
        info = f"site/{name.replace('-', '_')}-1.0.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nSummary: Makes {name}.\n"
        project.write(f"{info}/METADATA", metadata + needs)
        points = f"[tablehost.builders]\n{builder or name} = {module}\n"
        project.write(f"{info}/entry_points.txt", points)
        project.write(f"{info}/RECORD", "")
        return {"PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}

    return install


@pytest.fixture
def somebody_else():
    """Give what makes a command subject to permissions, where the tests are run by root."""
    if os.geteuid() != 0:
        return {}
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    try:
        subprocess.run([sys.executable, "-c", "import tablehost"], check=True, cwd="/", **nobody)
    except (OSError, subprocess.CalledProcessError):  # Python lies where no other user may go
        return {"preexec_fn": _drop_privileges}
    return nobody


def _drop_privileges():
    """Give up root's right to read and write whatever the permissions say."""
    drop_from_bounding_set = 24
    for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)


@pytest.fixture
def open_words(words, new_project):
    """Give the same as `words` in a folder that every user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="tablehost-test-") as name:
        path = Path(name)
        for source in words.path.iterdir():
            shutil.copy(source, path)
        path.chmod(0o777)
        yield new_project(path)
