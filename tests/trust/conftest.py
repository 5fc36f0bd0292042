"""Small real tables in a folder of their own, and the command line inside this process."""

import json
import shutil
from contextlib import chdir
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attrs import frozen
from command_line import CommandLine, forget_builders
from table_makers import COPY, COUNT, LENGTHS, MEASURE, RICH, WORDS

from tablehost.cli import execute

ROWS = 6
QUESTIONS = [(), ("--fast",), ("--full",), ("--inputs", "stat"), ("--inputs", "full", "--parents")]
UPSTREAM = sorted((Path(__file__).parents[1] / "manifest/stored/upstream").glob("*.manifest.json"))


@frozen
class Tables(CommandLine):
    """A folder of tables."""

    def run(self, *tokens):
        """Run a builder, which must come to its end."""
        ended = self.tablehost("run", *tokens, "--quiet")
        assert ended.code == 0, ended.err

    def verify(self, *tokens):
        """Return what `verify` found of each table, which must fit the exit code."""
        ended = self.tablehost("verify", *tokens, "--json")
        found = ended.json["tables"]
        assert ended.code == (0 if all(one["verdict"] == "intact" for one in found) else 1)
        return found

    def intact(self, *tokens):
        """Return whether `verify` found every table to be intact."""
        return {one["verdict"] for one in self.verify(*tokens)} == {"intact"}

    def verdicts(self, *tokens):
        """Return the verdict of `verify` on each table, by the name of its file."""
        return {Path(one["table"]).name: one["verdict"] for one in self.verify(*tokens)}

    def findings(self, verdicts, *tokens):
        """Return what `verify` found of the first table: these verdicts and no others."""
        found, *_ = self.verify(*tokens)
        assert [one["verdict"] for one in found["findings"]] == verdicts.split()
        assert found["verdict"] == verdicts.split()[0]
        return found["findings"]

    def why(self, name="rich.parquet"):
        """Return what `why` answered of a table, which must fit the exit code."""
        ended = self.tablehost("why", name, "--json")
        (answer,) = ended.json["tables"]
        assert ended.code == (0 if answer["verdict"] == "current" else 1)
        return answer

    def reasons(self, name="rich.parquet"):
        """Return the verdict of `why` on a table and of what kinds its reasons are."""
        answer = self.why(name)
        return answer["verdict"], [reason["kind"] for reason in answer["reasons"]]

    def refresh(self, name="rich.parquet"):
        """Give the commands that `why` gives."""
        for program, *tokens in self.why(name)["refresh"]["commands"]:
            ended = self.tablehost(*tokens)
            assert (program, ended.code) == ("tablehost", 0), ended.err

    def diff(self, *tokens):
        """Return both forms of the answer of `diff`, which must fit the exit code."""
        shown, recorded = self.tablehost("diff", *tokens), self.tablehost("diff", *tokens, "--json")
        assert shown.code == recorded.code == (0 if recorded.json["verdict"] == "same" else 1)
        return shown.out, recorded.json

    def read(self, name="t.parquet"):
        """Read a table, without what a library added to its schema for itself."""
        return pq.read_table(self.path / name).replace_schema_metadata()

    def write(self, table, name="t.parquet", **kwargs):
        """Write a table as pyarrow does, without a manifest."""
        pq.write_table(table, self.path / name, **kwargs)

    def rename(self, name, new):
        """Give a table another name, and its manifest too."""
        for suffix in ("", ".manifest.json"):
            (self.path / f"{name}{suffix}").rename(self.path / f"{new}{suffix}")

    def manifest(self, name="t.parquet"):
        """Read a table's manifest."""
        return json.loads((self.path / f"{name}.manifest.json").read_text())

    def write_manifest(self, manifest, name="t.parquet"):
        """Write a table's manifest anew."""
        (self.path / f"{name}.manifest.json").write_text(json.dumps(manifest))

    def edit(self, change, name="t.parquet"):
        """Change a table's manifest."""
        manifest = self.manifest(name)
        change(manifest)
        self.write_manifest(manifest, name)


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


def make(folder, runs):
    """Make tables by several runs, and return the folder that they were moved to."""
    with pytest.MonkeyPatch.context() as patch, chdir(folder):
        patch.setenv("TABLEHOST_CACHE_DIR", str(folder / ".cache"))
        for out, *given in runs:
            forget_builders(folder)
            assert execute(["run", *given, "--out", out, "--quiet"]) == 0
    shutil.rmtree(folder / ".cache")
    moved = folder.with_name(f"{folder.name}-moved")  # a manifest finds nothing where it was
    return folder.rename(moved)


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
    runs = (
        ("t.parquet", "./copy_table.py", "--source", "raw.parquet"),
        ("other.parquet", "./copy_table.py", "--source", "raw2.parquet"),
        ("gaps.parquet", "./copy_table.py", "--source", "raw3.parquet"),
        ("lengths.parquet", "./lengths_of.py", "--clips", "clips", "--workers", "1"),
        ("rich.parquet", *RICH),
        ("all.parquet", "combine", "--input", "A=rich.parquet", "--input", "B=other.parquet"),
    )
    return make(folder, runs)


@pytest.fixture
def copied(tmp_path, capsys, monkeypatch):
    """Give what copies tables into the folder of the test."""
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(tmp_path / ".cache"))

    def copied(folder):
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
        return Tables(tmp_path, capsys)

    return copied


@pytest.fixture
def tables(made, copied):
    """Give a folder with `t`, `other`, `gaps`, `lengths`, `rich` of `t`, and `all` of `rich`."""
    return copied(made)


@pytest.fixture
def words(tables):
    """Give a table `w` of a builder with options of every kind."""
    (tables.path / "words.py").write_text(WORDS)
    (tables.path / "w.txt").write_text("a b c")
    tables.run(*COUNT)
    return tables


@pytest.fixture(scope="session")
def measured(tmp_path_factory):
    """Make two tables of numbers in texts once."""
    folder = tmp_path_factory.mktemp("measured")
    (folder / "measure.py").write_text(MEASURE)
    (folder / "x.txt").write_text("1\n2\n3\n")
    (folder / "y.txt").write_text("1\n5\n3\n4\n")
    runs = (
        ("a.parquet", "./measure.py", "--text", "T=x.txt"),
        ("b.parquet", "./measure.py", "--text", "T=y.txt", "--scale", "2"),
    )
    return make(folder, runs)


@pytest.fixture
def pair(measured, copied):
    """Give a folder with `a`, the numbers of a text, and `b`, twice those of another."""
    return copied(measured)


@pytest.fixture(params=UPSTREAM, ids=lambda path: path.name.partition(".")[0])
def upstream(request):
    """Give each manifest that a script of upstream wrote."""
    return json.loads(request.param.read_text())


@pytest.fixture(params=QUESTIONS)
def question(request):
    """Give each way to ask `verify`."""
    return request.param
