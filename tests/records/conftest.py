"""A table of two clips, made by extract without metadata, in which both builders read a file."""

import json
import re
import shutil
import subprocess

import imageio_ffmpeg
import pyarrow.parquet as pq
import pytest
from attrs import frozen
from command_line import CommandLine

CLIPS = ("a.mp4", "b.mp4")
SAME = ("--clips-dir", "clips", "--scores", "scores.csv", "--audit-clips", 0)


@frozen
class Reading:
    """What a builder made of a metadata file.

    Args:
        code: its exit code.
        problems: what it said of the file, without its own name.
        columns: of the metadata in its table, with their types; None where it made no table.
        counted: lines, names and malformed lines, by its manifest; None where it made no table.
    """

    code: int
    problems: list
    columns: dict | None
    counted: tuple | None


@frozen
class Both(CommandLine):
    """A folder in which extract and enrich read the same metadata file."""

    def write(self, name, content):
        data = content if isinstance(content, bytes) else content.encode()
        (self.path / name).write_bytes(data)

    def extract(self, name):
        ended = self.tablehost("run", "extract_k150k", *SAME, *given(name, "features.parquet"))
        metadata = self._metadata("features.parquet", ended.code)
        return self._reading(ended, name, "features.parquet", metadata and metadata["clips"])

    def enrich(self, name):
        table = ("--features-parquet", "plain.parquet", "--overwrite")
        ended = self.tablehost("run", "enrich", *table, *given(name, "enriched.parquet"))
        made = ended.code == 0
        rows = made and self._manifest("enriched.parquet")["stats"]["metadata_rows"]
        return self._reading(ended, name, "enriched.parquet", rows)

    def _manifest(self, table):
        return json.loads((self.path / f"{table}.manifest.json").read_text())

    def _metadata(self, table, code):
        return self._manifest(table)["metadata"] if code == 0 else None

    def _reading(self, ended, name, table, names):
        before = re.compile(rf".*(?:{re.escape(name)}|--metadata-jsonl): ")
        lines = ended.err.splitlines()
        problems = [before.sub("", line) for line in lines if before.match(line)]
        if ended.code:
            return Reading(ended.code, problems, None, None)
        read = pq.read_table(self.path / table)
        plain = pq.read_schema(self.path / "plain.parquet").names
        columns = {
            key: (str(read.field(key).type), read[key].to_pylist())
            for key in read.column_names
            if key not in plain
        }
        metadata = self._manifest(table)["metadata"]
        return Reading(0, problems, columns, (metadata["lines"], names, metadata["malformed"]))


def given(name, out):
    return ("--metadata-jsonl", name, "--out", out)


@pytest.fixture(scope="module")
def measured(tmp_path_factory, new_project, clips):
    """Give a folder in which two frames of two clips are measured, once."""
    project = new_project(tmp_path_factory.mktemp("measured"))
    (project.path / "clips").mkdir()
    cut = ("-frames:v", "2", "-vf", "scale=320:240", "-an", project.path / "clips" / CLIPS[0])
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", clips / "bikes.mp4"]
    subprocess.run([*command, *cut], check=True, stdin=subprocess.DEVNULL)
    shutil.copy(project.path / "clips" / CLIPS[0], project.path / "clips" / CLIPS[1])
    project.write("scores.csv", "video_name,video_score\na,1\nb,2\n")
    ended = project.run("run", "extract_k150k", *SAME, "--out", "features.parquet")
    assert ended.code == 0, ended.err
    shutil.copy(project.path / "features.parquet", project.path / "plain.parquet")
    return project.path


@pytest.fixture
def both(measured, capsys, monkeypatch):
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(measured / ".cache"))
    return Both(measured, capsys)
