"""Small tables, and `tablehost replay` inside this process."""

import importlib
import json
import shutil
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attrs import frozen
from command_line import CommandLine

from tablehost.provenance.code import _versions
from tablehost.trust.evidence import builder as made_by
from tablehost.trust.evidence import code

LENGTHS = '''
import os
from pathlib import Path
from attrs import frozen
from tablehost import Build, Gate, InputDir, InputFile, ItemFailed, Run, Secret, Tuning, hookimpl

@frozen
class Options:
    """Measure the length of files."""
    folder: InputDir
    """Folder of the files."""
    limit: int | None = None
    """Take only so many, the first by name."""
    noise: Tuning[float] = 0.0
    """Chance has so much part in it."""
    tolerance: float = 0.0
    """So much of it is no difference."""
    token: Secret[str | None] = None
    """The length of it is added."""
    broken: Gate[bool] = False
    """Fail unless the environment has WORKS."""

@frozen
class Length:
    name: str
    length: float

def measure(path: Path, settings: None) -> Length:
    if path.read_text() == "bad":
        raise ItemFailed("bad", "it is bad")
    return Length(path.name, float(len(path.read_text())))

def name(path: Path) -> str:
    return path.name

@hookimpl
def build_table(options: Options, run: Run) -> Build:
    import pyarrow as pa
    files = sorted(options.folder.iterdir())[: options.limit]
    found = run.map(measure, files, key=name, input=Path)
    if options.broken and "WORKS" not in os.environ:
        raise RuntimeError("broken on purpose")
    more = len(options.token or "")
    chance = [int.from_bytes(os.urandom(2), "big") / 65536 + 0.1 for _ in found]
    lengths = [one.length + more + options.noise * part for one, part in zip(found, chance)]
    data = pa.table({"name": [one.name for one in found], "length": lengths})
    return Build(data, key=("name",), tolerance={"length": options.tolerance})
'''


@frozen
class Bench(CommandLine):
    """A folder of tables that are replayed."""

    def replay(self, *tokens, cwd="."):
        ended = self.tablehost("replay", *tokens, "--trust", "--workers", 1, "--json", cwd=cwd)
        assert ended.out, ended.err
        answer = ended.json
        assert ended.code == (0 if answer["verdict"].startswith(("reproduced", "within")) else 1)
        return answer

    def build(self, *tokens, code=0):
        ended = self.tablehost("run", *tokens, "--workers", 1)
        assert ended.code == code, ended

    def lengths(self, *tokens, code=1):
        """Build the table of lengths anew, with other options."""
        fixed = ("./lengths.py", "--folder", "in", "--out", "t.parquet", "--overwrite")
        self.build(*fixed, *tokens, code=code)

    def install(self, monkeypatch, name, source):
        """Install a builder, or another version of it, and forget the one that there was."""
        site = self.path / "site"
        info = site / f"{name}_builder-1.0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (site / f"{name}.py").write_text(source)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-b\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[tablehost.builders]\n{name} = {name}\n")
        if str(site) not in sys.path:
            monkeypatch.syspath_prepend(site)
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, name, raising=False)
        shutil.rmtree(site / "__pycache__", ignore_errors=True)
        for cached in (made_by._load, code._installed_code, _versions):
            cached.cache_clear()

    def edit(self, change):
        """Change the provenance in the table's manifest."""
        place = self.path / "t.parquet.manifest.json"
        recorded = json.loads(place.read_text())
        change(recorded["run_provenance"])
        place.write_text(json.dumps(recorded))


@pytest.fixture
def bench(tmp_path, capsys, monkeypatch):
    """Give a folder, and see to it that no replay leaves anything, there or among the temporary."""
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(tmp_path / ".cache"))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    yield Bench(tmp_path, capsys)
    assert not list(temporary.iterdir())
    left = [path for path in tmp_path.rglob("*") if path.suffix in (".tmp", ".lock", ".scratch")]
    assert not [path for path in left if ".cache" not in path.parts]


@pytest.fixture
def words(bench, word_count):
    """Give the table of a builder of one file; the text lies in another folder."""
    (bench.path / "words.py").write_text(word_count)
    (bench.path / "in").mkdir()
    (bench.path / "in/t.txt").write_text("a b\nc\n")
    bench.build("./words.py", "--text", "in/t.txt", "--out", "t.parquet")
    return bench


@pytest.fixture
def installed_words(words, word_count, monkeypatch):
    """Give the table of a builder that is installed, and what installs another version of it."""

    def install(source):
        words.install(monkeypatch, "words", source)

    install(word_count)
    (words.path / "words.py").unlink()
    words.build("words", "--text", "in/t.txt", "--out", "t.parquet", "--overwrite")
    return words, install


@pytest.fixture
def installed_lengths(lengths, monkeypatch):
    """Give the table of lengths by an installed builder, and what installs another version."""

    def install(source):
        lengths.install(monkeypatch, "lengths", source)

    install(LENGTHS)
    (lengths.path / "lengths.py").unlink()
    lengths.build("lengths", "--folder", "in", "--out", "t.parquet", "--overwrite", code=1)
    return lengths, install


@pytest.fixture
def lengths_source():
    """Give the source of the builder that measures the length of files."""
    return LENGTHS


@pytest.fixture(scope="session")
def lengths_folder(tmp_path_factory, new_project):
    """Build a table of twenty items; one more fails."""
    project = new_project(tmp_path_factory.mktemp("lengths"))
    project.write("lengths.py", LENGTHS)
    for number in range(20):
        project.write(f"in/{number:02d}.txt", "x" * number)
    project.write("in/20.txt", "bad")
    ended = project.run("run", "./lengths.py", "--folder", "in", "--out", "t.parquet")
    assert ended.code == 1, ended.err
    return project.path


@pytest.fixture
def lengths(bench, lengths_folder):
    """Give a copy of that table with all that belongs to it."""
    shutil.copytree(lengths_folder, bench.path, dirs_exist_ok=True)
    return bench


@pytest.fixture(scope="module")
def tables(tmp_path_factory, new_project, short_clips):
    """Build one table with each builder that is installed, out of the folder `raw`."""
    project = new_project(tmp_path_factory.mktemp("tables"))
    shutil.copytree(short_clips, project.path / "raw/clips")
    names = sorted(path.name for path in short_clips.iterdir())
    project.write("raw/scores.csv", "video_name,video_score\n" + "".join(f"{n},3\n" for n in names))
    project.write("raw/m.jsonl", "".join(f'{{"filename": "{n}", "split": "val"}}\n' for n in names))
    for at, name in enumerate(("a", "b")):
        pq.write_table(pa.table({"vmaf": [at + 0.5, 2.0]}), project.path / f"raw/{name}.parquet")
    clips = ("--clips-dir", "raw/clips", "--scores", "raw/scores.csv")
    shards = ("--input", "x=raw/a.parquet", "--input", "y=raw/b.parquet")
    filled = ("--features-parquet", "scored.parquet", "--metadata-jsonl", "raw/m.jsonl")
    for builder, tokens, out in (
        ("extract_k150k", clips, "scored.parquet"),
        ("enrich", filled, "filled.parquet"),
        ("combine", shards, "combined.parquet"),
    ):
        ended = project.run("run", builder, *tokens, "--out", out, "--workers", 2)
        assert ended.code == 0, ended.err
    return project.path
