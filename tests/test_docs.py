"""Every block of the documents is run, in the order in which a reader meets it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import wave
from collections.abc import Iterator
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attrs import frozen
from command_line import Ended, run_here
from object_store import MISSING, serving

REPOSITORY = Path(__file__).parent.parent
FOLDERS = [REPOSITORY / "core", *sorted(REPOSITORY.glob("plugins/*"))]
PAGES = sorted(
    [
        *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "RELEASING.md")),
        *(folder / "README.md" for folder in FOLDERS),
        *REPOSITORY.glob("docs/**/*.md"),
    ]
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
# Commands that set up a whole environment; other tests run what they run.
MAKE = re.compile(r"^make ([\w-]+)$")
NAME = re.compile(r"# ([\w.]+\.(?:py|toml))$", re.MULTILINE)  # a block that is a file says so
SHELL = set("|&;<>$`#")  # what only a shell understands
INSTALL = re.compile(r"^pip install ")
READERS = {
    "RELEASING.md": "maintainer",
    "read-inputs-from-an-object-store.md": "with_store",
}
LONG = {  # tests/objects/ and tests/cluster/ run the same in `make test`
    "read-inputs-from-an-object-store.md",
    "use-a-cluster.md",
}
# A command exits with 0 unless the page says otherwise, and prints what is shown; `...` stands for
# anything.
STEP = re.compile(r"^\$ (.+?)(?:  # exit code (\d))?\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


@frozen
class Step:
    """A command, and what the page says of it: its exit code, and what it prints, if anything."""

    command: str
    code: int
    printed: str

    def prints(self, out: str) -> bool:
        flags = ELLIPSIS | NORMALIZE_WHITESPACE
        return not self.printed or OutputChecker().check_output(self.printed, out, flags)


@frozen
class Block:
    """One fenced block of a page."""

    language: str
    text: str

    @property
    def steps(self) -> list[Step]:
        return [Step(one, int(code or 0), out) for one, code, out in STEP.findall(self.text)]


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def blocks(page: Path) -> Iterator[Block]:
    for language, text in BLOCK.findall(page.read_text()):
        yield Block(language, text)


@pytest.fixture
def reader(tmp_path: Path, short_clips: Path) -> Path:
    """Give a folder with what the pages take for granted: clips, a text, the examples."""
    shutil.copytree(short_clips, tmp_path / "clips")
    names = sorted(path.name for path in short_clips.iterdir())
    lines = ["video_name,video_score", *(f"{name},3.0" for name in names)]
    (tmp_path / "scores.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "sounds").mkdir()
    with wave.open(str(tmp_path / "sounds/tone.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\x00\x40" * 8000)
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples")
    metadata = [{"filename": name, "chug_orientation": "landscape"} for name in names]
    (tmp_path / "clips.jsonl").write_text("\n".join(map(json.dumps, metadata)) + "\n")
    (tmp_path / "corpus.txt").write_text("the quick brown fox\njumps\n")
    pq.write_table(
        pa.table({"clip_name": names, "vmaf": [95.0, 96.0]}), tmp_path / "features.parquet"
    )
    for name in ("street", "film"):
        frames = {"source": [name] * 2, "frame_index": [0, 1], "vmaf": [90.0, 91.5]}
        pq.write_table(pa.table(frames), tmp_path / f"{name}.parquet")
    return tmp_path


@pytest.fixture
def with_store(reader: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a reader with a store, and what is in it."""
    for name in ("moto", "obstore"):
        pytest.importorskip(name, reason=MISSING)
    with serving() as store:
        bucket = store.bucket("corpus")
        for path in (*sorted(reader.glob("clips/*"))[:1], reader / "scores.csv"):
            store.put(f"{bucket}/{path.relative_to(reader)}", path)
        store.put(f"{bucket}/texts/one.txt", b"a line\n")
        store.put(f"{bucket}/stop.txt", b"two.txt\n")
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        yield reader


@pytest.fixture
def maintainer(tmp_path: Path) -> Path:
    """Give a clean checkout of the repository, as a release begins with."""
    checkout = tmp_path / "checkout"
    hidden = shutil.ignore_patterns(".[!g]*", ".git", "__pycache__", "demo", "dist")
    shutil.copytree(REPOSITORY, checkout, ignore=hidden)
    for command in ("git init --quiet", "git add --all", "git commit --quiet --message start"):
        assert execute(command, checkout).code == 0
    return checkout


def execute(command: str, folder: Path) -> Ended:
    """Run a command as the shell of a reader does; `tablehost` alone, inside this process."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    who = {
        f"GIT_{role}_{fact}": "test"
        for role in ("AUTHOR", "COMMITTER")
        for fact in ("NAME", "EMAIL")
    }
    own = who | {"PATH": path, "TABLEHOST_CACHE_DIR": str(folder / ".cache")}
    if command.startswith("tablehost ") and not SHELL & set(command):
        return run_here(folder, os.environ | own, shlex.split(command)[1:])
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=name_of(page), marks=[pytest.mark.long] * (page.name in LONG))
        for page in PAGES
    ],
)
def test_every_command_of_a_page_runs(page: Path, request: pytest.FixtureRequest) -> None:
    whose = READERS.get(page.name, "reader")
    folder = request.getfixturevalue(whose)
    for block in blocks(page):
        if name := NAME.match(block.text):
            (folder / name[1]).write_text(block.text)
        for step in block.steps:
            if MAKE.match(step.command) or INSTALL.match(step.command):
                continue
            ended = execute(step.command, folder)
            shown = f"{step.command}\n{ended.out}\n{ended.err}"
            assert ended.code == step.code, shown
            assert step.prints(ended.out), shown


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_data_is_well_formed(page: Path) -> None:
    for block in blocks(page):
        assert block.language in {"console", "python", "toml", "json"}, block.text
        {"json": json.loads, "toml": tomllib.loads}.get(block.language, str)(block.text)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_python_is_a_file_or_part_of_an_example(page: Path) -> None:
    examples = [path.read_text() for path in REPOSITORY.glob("examples/*.py")]
    for block in blocks(page):
        if block.language == "python" and not NAME.match(block.text):
            assert any(block.text in example for example in examples), block.text


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_command_of_a_page_is_a_target(page: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    for block in blocks(page):
        for step in block.steps:
            if target := MAKE.match(step.command):
                assert re.search(rf"^{target[1]}:", makefile, re.MULTILINE), step.command


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_workflow_runs_the_commands_of_the_readme_on_every_supported_python() -> None:
    workflow = (REPOSITORY / ".github/workflows/ci.yml").read_text()
    assert {"make test", "make lint", "make demo"} == set(re.findall(r"- run: (.*)", workflow))
    (tested,) = re.findall(r"python: \[(.*)\]", workflow)
    for folder in FOLDERS:
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
        assert tested == ", ".join(f'"{version}"' for version in named)
        assert project["requires-python"] == f">={named[0]}"


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in (REPOSITORY / ".ci/run").read_text().splitlines()


def test_the_builder_of_the_readme_has_its_rows_and_its_fields(reader: Path) -> None:
    (code,) = [one.text for one in blocks(REPOSITORY / "README.md") if one.language == "python"]
    assert len([line for line in code.splitlines() if line.strip()]) <= 23
    (reader / "word_count.py").write_text(code)
    command = "tablehost run ./word_count.py --text corpus.txt --out words.parquet"
    assert execute(command, reader).code == 0
    manifest = json.loads((reader / "words.parquet.manifest.json").read_text())
    assert manifest["schema"] == "word-count-manifest-v1"
    assert manifest["lines"] == manifest["table"]["rows"] == 2
