"""A question reads the table and its manifest once: nothing is digested or parsed again."""

import json

import pyarrow.parquet as pq
import pytest

COUNT = """
import json, os, sys
from collections import Counter

opened = Counter()

def count(event, arguments):
    if event == "open" and isinstance(arguments[0], str | bytes) and "r" in (arguments[1] or "r"):
        opened[os.path.relpath(os.fsdecode(arguments[0]))] += 1

import pyarrow.parquet as pq

class Counted(pq.ParquetFile):
    def __init__(self, source, *args, **kwargs):
        if isinstance(source, str | os.PathLike):
            opened[f"Arrow {os.path.relpath(source)}"] += 1
        super().__init__(source, *args, **kwargs)

pq.ParquetFile = Counted  # Arrow opens files itself, which Python does not see

from tablehost.cli import execute

sys.addaudithook(count)
code = execute(sys.argv[1:])
print(json.dumps([code, opened]))
"""


@pytest.fixture(scope="module")
def tables(tmp_path_factory, new_project, word_count):
    """Make a table, a copy of it with the same rows in other bytes, and one of other rows."""
    project = new_project(tmp_path_factory.mktemp("once"))
    project.write("words.py", word_count)
    project.write("t.txt", "1 2\n3")
    for name in ("t", "u"):
        run = ("run", "./words.py", "--text", "t.txt", "--out", f"{name}.parquet")
        assert project.run(*run).code == 0
    pq.write_table(pq.read_table(project.path / "u.parquet"), project.path / "u.parquet")
    return project


@pytest.fixture
def opened(tables):
    """Run a command, and return how often it opened each table and manifest."""

    def opened(code, *tokens):
        ended = tables.python(COUNT, *tokens, env=tables.without_pandas)
        found, counts = json.loads(ended.out.splitlines()[-1])
        assert found == code, ended.out + ended.err
        names = ("t.parquet", "t.parquet.manifest.json", "u.parquet", "u.parquet.manifest.json")
        return [(counts.get(name, 0), counts.get(f"Arrow {name}", 0)) for name in names]

    return opened


NOT = (0, 0)
ONCE = (1, 0)
BY_ARROW = (0, 1)
BOTH = (1, 1)
"""Bytes are digested once; where they are not proof enough, Arrow reads the rows once."""


@pytest.mark.parametrize(
    ("tokens", "code", "counts"),
    [
        (("verify", "t.parquet"), 0, [ONCE, ONCE, NOT, NOT]),
        (("verify", "t.parquet", "--fast"), 0, [BY_ARROW, ONCE, NOT, NOT]),
        (("verify", "t.parquet", "--full"), 0, [BOTH, ONCE, NOT, NOT]),
        (("verify", "t.parquet", "--inputs", "full", "--parents"), 0, [ONCE, ONCE, NOT, NOT]),
        # what was found is compared with the manifest as it is afterwards
        (("verify", "u.parquet"), 1, [NOT, NOT, BOTH, (2, 0)]),
        (("why", "t.parquet"), 0, [BOTH, ONCE, NOT, NOT]),
        (("lineage", "t.parquet"), 0, [NOT, ONCE, NOT, ONCE]),
        (("replay", "t.parquet", "--trust"), 0, [ONCE, ONCE, NOT, NOT]),
        (("replay", "u.parquet", "--trust"), 0, [NOT, NOT, BOTH, ONCE]),
        (("diff", "t.parquet", "u.parquet"), 0, [BY_ARROW, ONCE, BY_ARROW, ONCE]),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_a_table_and_its_manifest_are_read_once(opened, tokens, code, counts):
    assert opened(code, *tokens) == counts
