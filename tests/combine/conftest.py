"""Shards in a folder of their own, and the command line inside this process."""

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attrs import frozen
from command_line import CommandLine


@frozen
class Bench(CommandLine):
    """A folder with shards, in which `tablehost run combine` runs."""

    def shard(self, name="a.parquet", rows=3, drop=(), **columns):
        """Write a shard: `vmaf`, what is given, and one distinct row a frame."""
        table = columns if "vmaf" in drop else {"vmaf": [float(at) for at in range(rows)]} | columns
        arrays = {key: value for key, value in table.items() if key not in drop}
        pq.write_table(pa.table(arrays), self.path / name)
        return self.path / name

    def combine(self, *tokens, out="out.parquet"):
        return self.tablehost("run", "combine", *tokens, "--out", out)

    def refused(self, *tokens, code=2):
        """Combine what must be refused, and see to it that nothing is left of it."""
        ended = self.combine(*tokens)
        assert ended.code == code, ended.err
        assert not (self.path / "out.parquet").exists()
        return ended.err

    def frame(self) -> pd.DataFrame:
        return pq.read_table(self.path / "out.parquet").to_pandas()

    def column(self, name):
        return pq.read_table(self.path / "out.parquet")[name].to_pylist()

    def manifest(self):
        return json.loads((self.path / "out.parquet.manifest.json").read_text())


@pytest.fixture
def bench(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(tmp_path / ".cache"))
    return Bench(tmp_path, capsys)
