"""The digests of docs/reference/digests.md: the page, its own lines and tablehost agree."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from any_arrays import column
from command_line import run_here, without_pandas

from tablehost.items.identity import identity_of
from tablehost.table.summary import rows_digest
from tablehost.table.write import digest_table

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/reference/digests.md"
STORED = sorted((TESTS / "manifest/stored/1.0.0").glob("*.manifest.json"))
BLOCK = re.compile(r"^```\w+\n(?:# ([\w.]+)\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^\$ (.+)\n((?:[^$].*\n)*)", re.MULTILINE)  # a command and what it prints

LAYOUTS = {
    "bool": [pa.bool_()],
    "uint8": [pa.uint8(), pa.dictionary(pa.int32(), pa.uint8())],
    "int64": [pa.int64()],
    "float16": [pa.float16()],
    "float32": [pa.float32()],
    "float64": [pa.float64()],
    "date": [pa.date32()],
    "timestamp[ms]": [pa.timestamp("ms")],
    "timestamp[us, UTC]": [pa.timestamp("us", "UTC")],
    "string": [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())],
    "list<int64>": [pa.list_(pa.int64()), pa.large_list(pa.int64())],
    "list<list<string>>": [pa.list_(pa.large_list(pa.string()))],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reader")


@pytest.fixture(scope="module")
def printed(folder):
    """Do what the page says; give what each command prints, and what it should."""
    found = {}
    for file, text in BLOCK.findall(PAGE.read_text()):
        if file:
            (folder / file).write_text(text)
        for command, promised in STEP.findall(text):
            found[command] = execute(command, folder), promised
    return found


def execute(command, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "TABLEHOST_CACHE_DIR": str(folder / ".cache")}
    if command.startswith("tablehost ") and "|" not in command:
        return run_here(folder, os.environ | own, command.split()[1:]).out
    own |= without_pandas()
    options = {"cwd": folder, "env": os.environ | own, "stdout": subprocess.PIPE, "text": True}
    return subprocess.run(["bash", "-c", command], check=True, **options).stdout


def test_every_command_of_the_page_prints_what_the_page_says(printed):
    promises = [(out, promised) for out, promised in printed.values() if promised]
    assert len(promises) == 8
    assert [out for out, _ in promises] == [promised for _, promised in promises]


def test_the_page_says_what_tablehost_says(folder, printed):
    manifest = json.loads((folder / "counts.parquet.manifest.json").read_text())
    texts = manifest["run_provenance"]["inputs"]["texts"]["dir_hash1"]
    rows = manifest["table"]["rows_digest"]
    recipe = manifest["run_provenance"]["recipe"]
    no_rows = pq.read_schema(folder / "counts.parquet").empty_table()
    schema = rows_digest(digest_table(no_rows)[1], 0)
    page = runpy.run_path(str(folder / "item_digest.py"))
    identity = identity_of(page["job"], (page["job"].path,), "item 'a'")
    said = [promised.split()[0] for _, promised in printed.values() if promised]
    item = recipe["item"]["counts:count"]
    assert said == [texts, texts, rows, schema, item, identity, "True", recipe["table"]]


def test_every_column_of_the_page_has_its_digest_in_every_layout(folder, printed, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    columns = runpy.run_path(folder / "columns.py")["COLUMNS"]
    assert {kind for kind, _, _ in columns} == set(LAYOUTS)
    for kind, values, digest in columns:
        for layout in LAYOUTS[kind]:
            seen = column(values, type=layout)
            assert (seen.type, seen.digest) == (kind, digest), (layout, values)


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.name.partition(".")[0])
def test_the_page_computes_the_table_recipe_of_every_stored_manifest(stored, folder, printed):
    recipe = json.loads(stored.read_text())["run_provenance"]["recipe"]
    assert execute(f"python table_recipe.py {stored}", folder).split() == [recipe["table"]]
