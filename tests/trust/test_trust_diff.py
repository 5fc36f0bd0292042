"""`tablehost diff`: what differs between two tables, as a user asks for it."""

import json
import shutil
import sys
from contextlib import chdir
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attrs import frozen

from tablehost.cli import execute
from tablehost.output import Output

BUILDER = '''
from attrs import frozen
from tablehost import Build, InputDir, InputFile, Labelled, Run, Tuning, hookimpl

@frozen
class Options:
    """Measure texts."""
    folder: InputDir | None = None
    """Folder of texts, of which nothing but the names is used."""
    text: tuple[Labelled[InputFile], ...] = ()
    """Texts, one number a line."""
    scale: float = 1.0
    """What the numbers are multiplied with."""
    ints: bool = False
    """Round the numbers."""
    threads: Tuning[int] = 1
    """How fast."""

@frozen
class Length:
    name: str
    length: int

def measure(path, settings: None) -> Length:
    return Length(path.name, len(path.read_text()))

@hookimpl
def build_table(options: Options, run: Run) -> Build:
    import pyarrow as pa
    if options.folder:
        files = sorted(options.folder.iterdir())
        found = list(run.map(measure, files, key=lambda path: path.name, input=lambda path: path))
        data = {"name": [one.name for one in found], "value": [one.length for one in found]}
        return Build(pa.table(data), key=("name",))
    kind = int if options.ints else float
    lines = [f"{one.label}{at} {line}" for one in options.text
             for at, line in enumerate(one.value.read_text().split())]
    values = [kind(float(line.split()[1]) * options.scale) for line in lines]
    data = {"name": [line.split()[0] for line in lines], "value": values}
    return Build(pa.table(data), key=("name",), tolerance={"value": 0.25})
'''


@frozen
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@frozen
class Bench:
    """A folder in which tables are built and compared, inside this process."""

    path: Path
    capsys: pytest.CaptureFixture

    def run(self, *tokens):
        with chdir(self.path):
            code = execute([*map(str, tokens)])
        said = self.capsys.readouterr()
        return Ended(code, said.out, said.err)

    def build(self, name, *tokens):
        ended = self.run("run", "./measure.py", *tokens, "--out", f"{name}.parquet", "--quiet")
        sys.modules.pop("measure")  # the next one is imported afresh
        assert ended.code == 0, ended.err

    def differ(self, *tokens):
        """Tell both forms of an answer, which agree on the exit code."""
        shown, told = self.run("diff", *tokens), self.run("diff", *tokens, "--json")
        assert shown.code == told.code == (0 if told.json["verdict"] == "same" else 1)
        return shown.out, told.json

    def edit(self, name, change):
        place = self.path / f"{name}.parquet.manifest.json"
        told = json.loads(place.read_text())
        change(told)
        place.write_text(json.dumps(told))


@pytest.fixture
def bench(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(tmp_path / ".cache"))
    (tmp_path / "measure.py").write_text(BUILDER)
    (tmp_path / "x.txt").write_text("1\n2\n3\n")
    (tmp_path / "y.txt").write_text("1\n5\n3\n4\n")
    return Bench(tmp_path, capsys)


@pytest.fixture
def pair(bench):
    bench.build("a", "--text", "T=x.txt")
    bench.build("b", "--text", "T=y.txt", "--scale", 2)
    return bench


def test_a_table_built_twice_is_the_same_whatever_ran_when_and_how_fast(bench):
    bench.build("a", "--text", "T=x.txt")
    (bench.path / "x.txt").rename(bench.path / "moved.txt")
    bench.build("b", "--text", "T=moved.txt", "--threads", 2, "--workers", 1)
    shown, told = bench.differ("a.parquet", "b.parquet.manifest.json")
    assert shown == "the same     a.parquet  b.parquet\n"
    assert (told["rows"]["key"], told["rows"]["compared"]) == (["name"], 3)


def test_options_inputs_and_rows_that_differ_are_shown(pair):
    shown, told = pair.differ("a.parquet", "b.parquet")
    digests = [
        pair.run("show", f"{one}.parquet", "--json").json["manifest"]["table"] for one in "ab"
    ]
    before, now = (one["sha256"][:12] for one in digests)
    stds = " -> ".join(str(one["columns"][1]["std"]) for one in digests)
    assert (
        shown
        == f"""\
different    a.parquet  b.parquet
  table
    rows: 3 -> 4
    sha256: {before} -> {now}
  options
    scale: 1.0 -> 2.0 (default -> flag)
  inputs
    --text T x.txt -> y.txt: other content
  statistics
    value: min 1.0 -> 2.0, max 3.0 -> 10.0, mean 2.0 -> 6.5, std {stds}
  rows, by name
    + 1: name="T3"
    3 of 3 changed
    value: 3 changed, by up to 8; at name="T1": 2.0 -> 10.0
"""
    )
    assert told["options"] == [
        {"what": "scale", "kind": "changed", "a": 1.0, "b": 2.0, "note": "default -> flag"}
    ]
    assert told["rows"]["columns"]["value"]["example"]["where"] == {"name": "T1"}


def test_changes_within_tolerance_are_told_as_such(bench):
    bench.build("a", "--text", "T=x.txt")
    bench.build("b", "--text", "T=x.txt", "--scale", 1.125)
    shown, _ = bench.differ("a.parquet", "b.parquet")
    assert 'value: 3 changed, by up to 0.375, 2 within tolerance; at name="T2"' in shown


def test_a_folder_differs_by_file(bench):
    texts = bench.path / "texts"
    texts.mkdir()
    for name in ("gone.txt", "other.txt", "same.txt"):
        (texts / name).write_text(name)
    bench.build("a", "--folder", "texts", "--workers", 1)
    shutil.copytree(texts, bench.path / "later")
    (bench.path / "later" / "gone.txt").rename(bench.path / "later" / "new.txt")
    (bench.path / "later" / "other.txt").write_text("else")
    bench.build("b", "--folder", "later", "--workers", 1)
    shown, told = bench.differ("a.parquet", "b.parquet")
    heads = "--folder texts -> later: other content", "  + new.txt", "  - gone.txt", "  ~ other.txt"
    assert "  inputs\n" + "".join(f"    {line}\n" for line in heads) in shown
    (found,) = told["inputs"]
    assert [found[kind] for kind in ("added", "removed", "changed")] == [
        ["new.txt"],
        ["gone.txt"],
        ["other.txt"],
    ]
    shutil.rmtree(bench.path / "b.parquet.history")
    shown, _ = bench.differ("a.parquet", "b.parquet")
    assert "texts -> later: other content, and no listing to tell of which files\n" in shown


def test_inputs_are_told_apart_by_label_and_order(bench):
    bench.build("a", "--text", "T=x.txt", "--text", "T=y.txt", "--text", "U=x.txt")
    bench.build("b", "--text", "T=y.txt", "--text", "T=x.txt", "--text", "V=x.txt")
    shown, _ = bench.differ("a.parquet", "b.parquet")
    lines = "--text T: in another order", "- --text U x.txt", "+ --text V x.txt"
    assert "  inputs\n" + "".join(f"    {line}\n" for line in lines) in shown


def test_columns_added_removed_retyped_and_reordered_are_named(pair):
    frame = pd.read_parquet(pair.path / "a.parquet")
    frame["value"] = frame["value"].astype("int32")
    frame["new"] = 1.5
    frame["name2"] = frame["name"]
    frame[["name2", "value", "name", "new"]].to_parquet(pair.path / "c.parquet")
    frame.drop(columns="new").to_parquet(pair.path / "d.parquet")
    _, told = pair.differ("a.parquet", "c.parquet")
    assert [(one["what"], one["kind"], one["a"], one["b"]) for one in told["columns"]] == [
        ("value", "changed", "float64", "int32"),
        ("name2", "added", None, "string"),
        ("new", "added", None, "float64"),
        ("their order", "changed", ["name", "value"], ["value", "name"]),
    ]
    assert told["rows"]["columns"] == {}
    shown, _ = pair.differ("c.parquet", "d.parquet")
    assert '  columns\n    - new: "float64"\n' in shown


def test_code_that_differs_is_named_by_its_kind(bench):
    bench.build("a", "--text", "T=x.txt")
    source = (bench.path / "measure.py").read_text()
    (bench.path / "measure.py").write_text(f"# only a comment\n{source}")
    bench.build("b", "--text", "T=x.txt")
    _, told = bench.differ("a.parquet", "b.parquet")
    assert [(one["what"], one["note"]) for one in told["code"]] == [
        ("module measure.py", "cosmetic")
    ]
    (bench.path / "measure.py").write_text(source.replace("options.scale", "1.0"))
    bench.build("c", "--text", "T=x.txt")
    assert bench.differ("a.parquet", "c.parquet")[1]["code"][0]["note"] == "semantic"
    bench.edit(
        "c", lambda told: told["run_provenance"]["environment"].update(python="CPython 3.9.1")
    )
    assert bench.differ("a.parquet", "c.parquet")[1]["code"][0]["note"] == "unknown"


def test_another_builder_is_one_line(pair):
    pair.build("a", "--text", "T=x.txt", "--overwrite")
    (pair.path / "gauge.py").write_text((pair.path / "measure.py").read_text())
    given = ("./gauge.py", "--text", "T=x.txt", "--out", "b.parquet", "--overwrite", "--quiet")
    assert pair.run("run", *given).code == 0
    shown, _ = pair.differ("a.parquet", "b.parquet")
    assert shown.endswith('  code\n    another builder: "measure" -> "gauge"\n')


def test_packages_host_tools_and_machine_are_compared(pair):
    def change(told):
        block = told["run_provenance"]
        block["code"]["packages"] |= {"numpy": "0.1", "new": "1"}
        block["code"]["packages"].pop("attrs")
        block["code"]["host"]["version"] = "0.9.0"
        block["code"]["tools"]["ffmpeg"] = {"path": "/opt/ffmpeg", "sha256": "0" * 64}
        block["environment"]["cpu"] = "abacus"

    pair.edit("b", change)
    shown, told = pair.differ("a.parquet", "b.parquet")
    kinds = {one["what"]: one["kind"] for one in told["code"]}
    assert kinds == {
        "tablehost version": "changed",
        "package attrs": "removed",
        "package numpy": "changed",
        "package new": "added",
        "tool ffmpeg": "added",
        "cpu": "changed",
    }
    assert "    + tool ffmpeg: 000000000000\n" in shown


@pytest.mark.parametrize("gone", [("a",), ("b",), ("a", "b")])
def test_manifests_are_compared_where_a_table_is_gone(pair, gone):
    for name in gone:
        (pair.path / f"{name}.parquet").unlink()
    shown, told = pair.differ("a.parquet", "b.parquet.manifest.json")
    assert (told["rows"], told["values"]) == (None, ["name", "value"])
    assert "  columns with other values\n    name\n    value\n" in shown
    for name in gone:
        assert f"    the rows one by one: {name}.parquet is not there\n" in shown


def test_digests_tell_that_two_tables_are_the_same_where_one_is_gone(bench):
    bench.build("a", "--text", "T=x.txt")
    bench.build("b", "--text", "T=x.txt")
    (bench.path / "b.parquet").unlink()
    assert bench.differ("a.parquet", "b.parquet")[1]["verdict"] == "same"


def test_two_tables_without_manifests_are_compared_by_their_rows(pair):
    for name in "ab":
        (pair.path / f"{name}.parquet.manifest.json").unlink()
    shown, told = pair.differ("a.parquet", "b.parquet")
    assert (told["rows"]["key"], told["rows"]["changed_rows"], told["rows"]["added"]) == (
        None,
        3,
        1,
    )
    assert "  rows, by position\n    + 1: row=3\n" in shown
    assert "    the manifests: a.parquet has no manifest" in shown
    shutil.copy(pair.path / "a.parquet", pair.path / "c.parquet")
    shown, _ = pair.differ("a.parquet", "c.parquet")
    assert shown.startswith("the same rows a.parquet  c.parquet\n  not compared\n")


def test_types_that_tablehost_would_not_write_are_compared_as_far_as_they_can(pair):
    twice = pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    for name in "cd":
        pq.write_table(pa.table({"odd": twice, "n": [1]}), pair.path / f"{name}.parquet")
    shown, told = pair.differ("c.parquet", "d.parquet")
    assert (told["verdict"], told["rows"]["incomparable"]) == ("different", ["odd"])
    assert "    odd: cannot be compared\n" in shown


def test_a_key_that_is_not_unique_is_said(pair):
    table = pq.read_table(pair.path / "b.parquet")
    pq.write_table(table.take([0, 0, 1]), pair.path / "b.parquet")
    shown, _ = pair.differ("a.parquet", "b.parquet")
    assert "  rows, by position: the key is not unique in the second table\n" in shown


def test_rows_in_another_order_are_a_difference(pair):
    table = pq.read_table(pair.path / "a.parquet")
    pq.write_table(table.take([2, 0, 1]), pair.path / "c.parquet")
    shown, _ = pair.differ("a.parquet", "c.parquet")
    assert "  rows, by name\n    in another order\n" in shown


def test_what_a_manifest_does_not_tell_is_unknown_and_no_difference(bench):
    bench.build("a", "--text", "T=x.txt")
    bench.build("b", "--text", "T=x.txt")
    bench.edit("b", lambda told: (told.pop("table"), told["run_provenance"].pop("code")))
    shown, told = bench.differ("a.parquet", "b.parquet")
    assert told["verdict"] == "same"
    assert "    the code: b.parquet.manifest.json does not tell\n" in shown
    (bench.path / "a.parquet").unlink()
    assert bench.differ("a.parquet", "b.parquet")[1]["verdict"] == "unverifiable"


def test_a_commit_that_did_not_finish_is_said(pair):
    place = Output.at(pair.path / "b.parquet").intents[0]
    place.write_text(json.dumps({"run_id": "r", "moves": [], "remove": None}))
    shown, _ = pair.differ("a.parquet", "b.parquet")
    assert "    the commit on b.parquet did not finish; the next run on it finishes it\n" in shown


UPSTREAM = sorted((Path(__file__).parent / "manifests" / "upstream").glob("*.manifest.json"))


@pytest.mark.parametrize("stored", UPSTREAM, ids=lambda path: path.name.partition(".")[0])
def test_a_manifest_of_upstream_is_compared_as_far_as_it_tells(pair, stored):
    told = json.loads(stored.read_text())
    told["run_provenance"]["args"]["split_seed"] = "other"
    (pair.path / "u.manifest.json").write_text(stored.read_text())
    (pair.path / "v.manifest.json").write_text(json.dumps(told))
    _, same = pair.differ("u.manifest.json", "u.manifest.json")
    assert same["verdict"] == "unverifiable"
    _, other = pair.differ("u.manifest.json", "v.manifest.json")
    assert [one["what"] for one in other["options"]] == ["split_seed"]
    assert not other["inputs"] + other["code"] + other["columns"]


@pytest.mark.parametrize("value", [None, "x", [[1]], {"x": {"y": [1]}}])
def test_any_value_may_stand_anywhere_in_a_manifest(pair, value):
    told = json.loads((pair.path / "b.parquet.manifest.json").read_text())
    for block in (told, told["table"], told["run_provenance"], told["run_provenance"]["code"]):
        for name, kept in list(block.items()):
            block[name] = value
            (pair.path / "b.parquet.manifest.json").write_text(json.dumps(told))
            assert pair.run("diff", "a.parquet", "b.parquet").code == 1
            block[name] = kept


@pytest.mark.parametrize("path", ["gone.parquet", ".", "x.txt"])
def test_what_is_no_table_is_refused_in_one_line(pair, path):
    ended = pair.run("diff", "a.parquet", path)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert path in ended.err


def test_nothing_of_a_manifest_escapes_to_the_terminal(pair):
    pair.edit("b", lambda told: told["run_provenance"]["args"].update({"scale\x1b[31m": "\x1b[2J"}))
    shown, _ = pair.differ("a.parquet", "b.parquet")
    assert "\x1b" not in shown
    assert "+ scale\\x1b[31m" in shown
