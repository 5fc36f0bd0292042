"""A table and its metadata in a folder of their own, and the command line inside this process."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attrs import frozen
from command_line import CommandLine


@frozen
class Bench(CommandLine):
    """A folder with a table and metadata, in which `tablehost run enrich` runs."""

    def table(self, **columns):
        """Write a table; of the clips a, b and c unless other names are given."""
        table = pa.table({"clip_name": ["a", "b", "c"]} | columns)
        pq.write_table(table, self.path / "t.parquet")
        return self.path / "t.parquet"

    def lines(self, *rows, name="m.jsonl"):
        """Write metadata, one row or one raw line each."""
        raw = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
        (self.path / name).write_bytes(b"\n".join(raw))
        return name

    def enrich(self, *tokens, metadata="m.jsonl", out="out.parquet"):
        given = ("--features-parquet", "t.parquet", "--metadata-jsonl", metadata, "--out", out)
        return self.tablehost("run", "enrich", *given, *tokens)

    def refused(self, *tokens, **kwargs):
        """Enrich what must be refused, and see to it that nothing is left of it."""
        ended = self.enrich(*tokens, **kwargs)
        assert ended.code == 2, ended.err
        assert not (self.path / "out.parquet").exists()
        return ended.err

    def result(self, out="out.parquet"):
        return pq.read_table(self.path / out)

    def column(self, name):
        return self.result()[name].to_pylist()

    def manifest(self, out="out.parquet"):
        return json.loads((self.path / f"{out}.manifest.json").read_text())


@pytest.fixture
def bench(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(tmp_path / ".cache"))
    return Bench(tmp_path, capsys)
