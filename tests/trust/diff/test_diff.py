"""`tablehost diff`: what differs between two tables, as a user asks for it."""

import shutil

import pandas as pd
import pyarrow as pa

MEASURE_X = ("./measure.py", "--text", "T=x.txt")


def test_a_table_built_twice_is_the_same_in_any_order_and_at_any_speed(pair):
    (pair.path / "x.txt").rename(pair.path / "moved.txt")
    given = ("./measure.py", "--text", "T=moved.txt", "--threads", 2, "--workers", 1)
    pair.run(*given, "--out", "c.parquet")
    shown, ended = pair.diff("a.parquet", "c.parquet.manifest.json")
    assert shown == "the same     a.parquet  c.parquet\n"
    assert (ended["rows"]["key"], ended["rows"]["compared"]) == (["name"], 3)


def test_options_inputs_and_rows_that_differ_are_shown(pair):
    shown, ended = pair.diff("a.parquet", "b.parquet")
    blocks = [pair.manifest(name)["table"] for name in ("a.parquet", "b.parquet")]
    before, now = (block["sha256"][:12] for block in blocks)
    first, second = (block["columns"][1] for block in blocks)
    shift = (second["mean"] - first["mean"]) / first["std"]
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
    value  2 -> 6.5  {shift:+.1f} sd
  rows, by name
    + 1: name="T3"
    3 of 3 changed
    value: 3 changed, by up to 8; at name="T1": 2 -> 10
"""
    )
    assert ended["options"] == [
        {"what": "scale", "kind": "changed", "a": 1.0, "b": 2.0, "note": "default -> flag"}
    ]
    (statistics,) = ended["statistics"]
    names = ("min", "max", "mean", "std")
    assert statistics["a"] == {name: first[name] for name in names}
    assert (statistics["b"], statistics["shift"]) == ({name: second[name] for name in names}, shift)
    assert ended["rows"]["columns"]["value"]["example"]["where"] == {"name": "T1"}


# ------------------------------------------------------------------------------------------- inputs


def test_a_folder_differs_by_file(pair):
    texts = pair.path / "texts"
    texts.mkdir()
    for name in ("gone.txt", "other.txt", "same.txt"):
        (texts / name).write_text(name)
    pair.run("./measure.py", "--folder", "texts", "--workers", 1, "--out", "c.parquet")
    shutil.copytree(texts, pair.path / "later")
    (pair.path / "later" / "gone.txt").rename(pair.path / "later" / "new.txt")
    (pair.path / "later" / "other.txt").write_text("else")
    pair.run("./measure.py", "--folder", "later", "--workers", 1, "--out", "d.parquet")
    shown, ended = pair.diff("c.parquet", "d.parquet")
    heads = "--folder texts -> later: other content", "  + new.txt", "  - gone.txt", "  ~ other.txt"
    assert "  inputs\n" + "".join(f"    {line}\n" for line in heads) in shown
    (found,) = ended["inputs"]
    assert [found[kind] for kind in ("added", "removed", "changed")] == [
        ["new.txt"],
        ["gone.txt"],
        ["other.txt"],
    ]
    shutil.rmtree(pair.path / "d.parquet.history")
    shown, _ = pair.diff("c.parquet", "d.parquet")
    assert "texts -> later: other content; without a listing the files cannot be named\n" in shown


def test_inputs_are_reported_apart_by_label_and_order(pair):
    for name, texts in ("c", "T=x.txt T=y.txt U=x.txt"), ("d", "T=y.txt T=x.txt V=x.txt"):
        given = [f"--text={text}" for text in texts.split()]
        pair.run("./measure.py", *given, "--out", f"{name}.parquet")
    shown, _ = pair.diff("c.parquet", "d.parquet")
    lines = "--text T: in another order", "- --text U x.txt", "+ --text V x.txt"
    assert "  inputs\n" + "".join(f"    {line}\n" for line in lines) in shown


# --------------------------------------------------------------------------------------------- code


def test_code_that_differs_is_named_by_its_kind(pair):
    source = (pair.path / "measure.py").read_text()
    (pair.path / "measure.py").write_text(f"# only a comment\n{source}")
    pair.run(*MEASURE_X, "--out", "c.parquet")
    _, ended = pair.diff("a.parquet", "c.parquet")
    assert [(one["what"], one["note"]) for one in ended["code"]] == [
        ("module measure.py", "cosmetic")
    ]
    (pair.path / "measure.py").write_text(source.replace("options.scale", "1.0"))
    pair.run(*MEASURE_X, "--out", "d.parquet")
    assert pair.diff("a.parquet", "d.parquet")[1]["code"][0]["note"] == "semantic"
    python = {"python": "CPython 3.9.1"}
    pair.edit(lambda ended: ended["run_provenance"]["environment"].update(python), "d.parquet")
    assert pair.diff("a.parquet", "d.parquet")[1]["code"][0]["note"] == "semantic"


def test_code_that_two_pythons_parsed_for_tablehost_1_0_0_differs_in_an_unknown_way(pair):
    def by_1_0_0(ended):
        (module,) = ended["run_provenance"]["code"]["plugin"]["modules"].values()
        module["syntax_sha256"] = module.pop("code_sha256")

    source = (pair.path / "measure.py").read_text()
    (pair.path / "measure.py").write_text(source.replace("options.scale", "1.0"))
    pair.run(*MEASURE_X, "--out", "d.parquet")
    pair.edit(by_1_0_0, "d.parquet")
    assert pair.diff("a.parquet", "d.parquet")[1]["code"][0]["note"] == "unknown"
    pair.edit(by_1_0_0, "a.parquet")
    assert pair.diff("a.parquet", "d.parquet")[1]["code"][0]["note"] == "semantic"
    python = {"python": "CPython 3.9.1"}
    pair.edit(lambda ended: ended["run_provenance"]["environment"].update(python), "d.parquet")
    assert pair.diff("a.parquet", "d.parquet")[1]["code"][0]["note"] == "unknown"


def test_another_builder_is_one_line(pair):
    (pair.path / "gauge.py").write_text((pair.path / "measure.py").read_text())
    pair.run("./gauge.py", "--text", "T=x.txt", "--out", "c.parquet")
    shown, _ = pair.diff("a.parquet", "c.parquet")
    assert shown.endswith('  code\n    another builder: "measure" -> "gauge"\n')


def test_packages_host_tools_and_machine_are_compared(pair):
    def change(ended):
        block = ended["run_provenance"]
        block["code"]["packages"] |= {"numpy": "0.1", "new": "1"}
        block["code"]["packages"].pop("attrs")
        block["code"]["host"]["version"] = "0.9.0"
        block["code"]["tools"]["ffmpeg"] = {"path": "/opt/ffmpeg", "sha256": "0" * 64}
        block["environment"]["cpu"] = "abacus"

    pair.edit(change, "b.parquet")
    shown, ended = pair.diff("a.parquet", "b.parquet")
    kinds = {one["what"]: one["kind"] for one in ended["code"]}
    assert kinds == {
        "tablehost version": "changed",
        "package attrs": "removed",
        "package numpy": "changed",
        "package new": "added",
        "tool ffmpeg": "added",
        "cpu": "changed",
    }
    assert "    + tool ffmpeg: 000000000000\n" in shown


# --------------------------------------------------------------------------------- columns and rows


def test_columns_added_removed_retyped_and_reordered_are_named(pair):
    frame = pd.read_parquet(pair.path / "a.parquet")
    frame["value"] = frame["value"].astype("int32")
    frame["new"] = 1.5
    frame["name2"] = frame["name"]
    frame[["name2", "value", "name", "new"]].to_parquet(pair.path / "c.parquet")
    frame.drop(columns="new").to_parquet(pair.path / "d.parquet")
    _, ended = pair.diff("a.parquet", "c.parquet")
    assert [(one["what"], one["kind"], one["a"], one["b"]) for one in ended["columns"]] == [
        ("value", "changed", "float64", "int32"),
        ("name2", "added", None, "string"),
        ("new", "added", None, "float64"),
        ("their order", "changed", ["name", "value"], ["value", "name"]),
    ]
    assert ended["rows"]["columns"] == {}
    shown, _ = pair.diff("c.parquet", "d.parquet")
    assert '  columns\n    - new: "float64"\n' in shown


def test_changes_within_tolerance_are_reported_as_such(pair):
    pair.run(*MEASURE_X, "--scale", 1.125, "--out", "c.parquet")
    shown, _ = pair.diff("a.parquet", "c.parquet")
    assert 'value: 3 changed, by up to 0.375, 2 within tolerance; at name="T2"' in shown


def test_rows_in_another_order_are_a_difference(pair):
    pair.write(pair.read("a.parquet").take([2, 0, 1]), "c.parquet")
    shown, _ = pair.diff("a.parquet", "c.parquet")
    assert "  rows, by name\n    in another order\n" in shown


def test_a_key_that_is_not_unique_is_said(pair):
    pair.write(pair.read("b.parquet").take([0, 0, 1]), "b.parquet")
    shown, _ = pair.diff("a.parquet", "b.parquet")
    assert "  rows, by position: the key is not unique in the second table\n" in shown


def test_types_that_tablehost_would_not_write_are_compared_as_far_as_they_can(pair):
    twice = pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    for name in "cd":
        pair.write(pa.table({"odd": twice, "n": [1]}), f"{name}.parquet")
    shown, ended = pair.diff("c.parquet", "d.parquet")
    assert (ended["verdict"], ended["rows"]["incomparable"]) == ("different", ["odd"])
    assert "    odd: cannot be compared\n" in shown
