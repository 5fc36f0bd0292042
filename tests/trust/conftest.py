"""Small real tables in a folder of their own, and the command line inside this process."""

import json
import shutil
import sys
from contextlib import chdir
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attrs import frozen

from tablehost.cli import execute

COPY = '''
from attrs import frozen
from tablehost import Build, InputFile, Run, hookimpl

@frozen
class Options:
    """Copy a table."""
    source: InputFile
    """The table."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow.parquet as pq
    return Build(pq.read_table(options.source), key=("clip_name", "frame_index"))
'''

LENGTHS = '''
from pathlib import Path
from attrs import frozen
from tablehost import InputDir, Run, hookimpl

@frozen
class Options:
    """Measure the files of a folder."""
    clips: InputDir
    """The folder."""
    glob: str = "**/*"
    """Which files."""

@frozen
class Length:
    name: str
    length: int

def measure(path: Path, settings: None) -> Length:
    return Length(path.name, len(path.read_bytes()))

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    files = sorted(options.clips.glob(options.glob))
    found = list(run.map(measure, files, key=lambda path: path.name, input=lambda path: path))
    return pa.table({"name": [f.name for f in found], "length": [f.length for f in found]})
'''

ROWS = 6


@frozen
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@frozen
class Tables:
    """A folder of tables, in which the command line runs inside this process."""

    path: Path
    capsys: pytest.CaptureFixture

    def tablehost(self, *tokens):
        """Run `tablehost` with some arguments."""
        self.capsys.readouterr()
        with chdir(self.path):
            code = execute([str(token) for token in tokens])
        return Ended(code, *self.capsys.readouterr())

    def run(self, *tokens):
        """Run a builder, which must come to its end."""
        forget_builders()
        ended = self.tablehost("run", *tokens, "--quiet")
        assert ended.code == 0, ended.err

    def verify(self, *tokens):
        """Return the exit code of `verify` and what it found of the first table."""
        ended = self.tablehost("verify", *tokens, "--json")
        return ended.code, ended.json["tables"][0]

    def read(self, name="t.parquet"):
        """Read a table, without what a library added to its schema for itself."""
        return pq.read_table(self.path / name).replace_schema_metadata()

    def write(self, table, name="t.parquet", **kwargs):
        """Write a table over one that is there, as pyarrow does."""
        pq.write_table(table, self.path / name, **kwargs)

    def manifest(self, name="t.parquet"):
        """Read a table's manifest."""
        return json.loads((self.path / f"{name}.manifest.json").read_text())

    def tell(self, manifest, name="t.parquet"):
        """Write a table's manifest anew."""
        (self.path / f"{name}.manifest.json").write_text(json.dumps(manifest))


def forget_builders():
    """Let builders of one file be loaded from another folder."""
    for name in ("copy_table", "lengths_of"):
        sys.modules.pop(name, None)


def frames(first, **columns):
    """Make a table of a few frames, with values that no other `first` gives."""
    at = range(first, first + ROWS)
    own = {
        "clip_name": [f"clip{n}" for n in at],
        "frame_index": list(at),
        "vmaf": [n + 0.25 for n in at],
        "adm2": [1 / (n + 3) for n in at],
    }
    return pa.table(own | columns)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Make the tables once: two copies, one with gaps, one of a folder, one enriched, all of it."""
    folder = tmp_path_factory.mktemp("made")
    gaps = pa.array([1.5, None, float("nan"), 2.5, None, 3.5])
    pq.write_table(frames(0), folder / "raw.parquet")
    pq.write_table(frames(100), folder / "raw2.parquet")
    pq.write_table(frames(0, adm2=gaps), folder / "raw3.parquet")
    (folder / "copy_table.py").write_text(COPY)
    (folder / "lengths_of.py").write_text(LENGTHS)
    (folder / "clips").mkdir()
    for name in ("a", "b", "c"):
        (folder / "clips" / f"{name}.mp4").write_text(f"clip {name}")
    (folder / "m.jsonl").write_text('{"filename": "clip1", "chug_name": "n"}\n')
    with pytest.MonkeyPatch.context() as patch, chdir(folder):
        patch.setenv("TABLEHOST_CACHE_DIR", str(folder / ".cache"))
        for out, *given in (
            ("t.parquet", "./copy_table.py", "--source", "raw.parquet"),
            ("other.parquet", "./copy_table.py", "--source", "raw2.parquet"),
            ("gaps.parquet", "./copy_table.py", "--source", "raw3.parquet"),
            ("lengths.parquet", "./lengths_of.py", "--clips", "clips", "--workers", "1"),
            ("rich.parquet", *ENRICH, "t.parquet"),
            ("all.parquet", "combine", "--input", "A=rich.parquet", "--input", "B=other.parquet"),
        ):
            forget_builders()
            assert execute(["run", *given, "--out", out, "--quiet"]) == 0
    shutil.rmtree(folder / ".cache")
    return folder.rename(folder.with_name("moved"))  # a manifest finds nothing where it was


ENRICH = ("enrich", "--metadata-jsonl", "m.jsonl", "--features-parquet")


@pytest.fixture
def tables(made, tmp_path, capsys, monkeypatch):
    """Give a folder with `t`, `other`, `gaps`, `lengths`, `rich` of `t`, and `all` of `rich`."""
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(tmp_path / ".cache"))
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Tables(tmp_path, capsys)
