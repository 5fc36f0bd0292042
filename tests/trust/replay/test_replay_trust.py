"""What only a manifest names is run with `--trust` alone, and only if it is what it was."""

import hashlib
import json
import os
import py_compile
import subprocess

import pytest

from tablehost.console.text import shell_line

RAN = "\nopen('ran', 'w').close()\n"
HELPED = "import helper\n"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def cannot(bench, *tokens, verdict="cannot"):
    """Replay, which must come to this verdict, and give what it says."""
    ended = bench.tablehost("replay", "t.parquet", *tokens)
    first, *why = ended.out.splitlines()
    assert (ended.code, first) == (1, f"{verdict}  t.parquet"), ended
    assert not (bench.path / "ran").exists()
    return [line.strip() for line in why]


def test_the_file_of_a_builder_is_not_run_without_trust(words, word_count):
    (words.path / "words.py").write_text(word_count + RAN)
    words.build("./words.py", "--text", "in/t.txt", "--out", "t.parquet", "--overwrite")
    (words.path / "ran").unlink()
    named = f"its builder words.py (sha256 {sha256(words.path / 'words.py')})"
    advice = "which only the manifest names; if you trust it, give --trust"
    assert cannot(words) == [f"it would run {named}, {advice}"]
    ended = words.tablehost("replay", "t.parquet", "--trust")
    assert (ended.code, ended.out) == (0, "reproduced-bytes  t.parquet\n")
    assert (
        ended.err.splitlines()[0] == f"tablehost: this runs {named}, which only the manifest names"
    )
    assert (words.path / "ran").exists()


@pytest.mark.parametrize("trust", [(), ("--trust",)])
@pytest.mark.parametrize("more", ["# a comment\n", RAN])
def test_another_file_in_the_place_of_the_builder_is_never_run(words, more, trust):
    with (words.path / "words.py").open("a") as file:
        file.write(more)
    (why,) = cannot(words, *trust, verdict="code-changed")
    assert why.startswith("words.py ")
    assert why.endswith("so that it is not run")


def test_a_builder_whose_digest_was_not_recorded_is_never_run(words):
    words.edit(lambda block: block["code"]["plugin"].update(modules={"words.py": {}}))
    (why,) = cannot(words, "--trust")
    assert why.startswith("the digest of its builder words.py ")
    assert why.endswith(" was not recorded, so that it is not run")


@pytest.fixture
def helped(bench, word_count, monkeypatch):
    """Give the table of a builder of one file that imports a neighbour, and that a package."""
    monkeypatch.syspath_prepend(bench.path)
    (bench.path / "words.py").write_text(HELPED + word_count)
    (bench.path / "helper.py").write_text("from package.part import NUMBER\n")
    (bench.path / "package").mkdir()
    (bench.path / "package/__init__.py").write_text("")
    (bench.path / "package/part.py").write_text("NUMBER = 1\n")
    (bench.path / "t.txt").write_text("a b\nc\n")
    yield bench
    forget()


def forget():
    import sys

    for name in ("words", "helper", "package", "package.part"):
        sys.modules.pop(name, None)


def build(bench):
    forget()
    bench.build("./words.py", "--text", "t.txt", "--out", "t.parquet", "--overwrite")
    forget()


def test_the_neighbours_that_a_builder_imports_are_recorded_and_listed(helped):
    build(helped)
    manifest = json.loads((helped.path / "t.parquet.manifest.json").read_text())
    names = ["words.py", "helper.py", "package/__init__.py", "package/part.py"]
    assert set(manifest["run_provenance"]["code"]["plugin"]["modules"]) == set(names)
    said = cannot(helped)
    assert [name for line in said for name in names if f" {name} (sha256 " in line] == names
    assert helped.replay("t.parquet")["verdict"] == "reproduced-bytes"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("helper.py", "from package.part import NUMBER" + RAN),
        ("package/part.py", "NUMBER = 1" + RAN),
        ("package/new.py", RAN),
        ("attrs.py", RAN),
    ],
)
def test_a_neighbour_that_is_another_or_new_stops_the_replay(helped, name, source):
    build(helped)
    (helped.path / name).write_text(source)
    try:
        verdict = helped.replay("t.parquet")
    finally:
        forget()
    assert verdict["verdict"] in ("code-changed", "cannot")
    assert name in verdict["why"][0]
    assert not (helped.path / "ran").exists()


@pytest.mark.parametrize("name", ["words.py", "helper.py"])
def test_what_stands_in_pycache_is_not_run_in_the_place_of_a_file(helped, name):
    build(helped)
    source = helped.path / name
    kept = source.read_text()
    source.write_text(kept + RAN)
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), invalidation_mode=unchecked)
    source.write_text(kept)
    assert helped.replay("t.parquet")["verdict"] == "reproduced-bytes"
    assert not (helped.path / "ran").exists()


@pytest.mark.parametrize("distribution", ["x-words", None])
@pytest.mark.parametrize("name", ["./evil.py", "evil.py", "/evil"])
@pytest.mark.parametrize("command", ["replay", "why", "verify", "show", "lineage"])
def test_a_path_in_the_place_of_an_installed_builder_is_not_run(words, command, name, distribution):
    def evil(block):
        block["code"]["plugin"].update(builder=name, distribution=distribution)
        block["entrypoint"].pop("path")

    (words.path / "evil.py").write_text(RAN)
    words.edit(evil)
    more = ("--trust",) if command == "replay" else ()
    ended = words.tablehost(command, "t.parquet", *more)
    assert "Traceback" not in ended.err
    assert not (words.path / "ran").exists()
    if command in ("replay", "why"):
        assert f"records the builder {name!r}, which is not a builder's name" in ended.out


def test_a_tool_by_path_of_an_installed_builder_is_not_run_without_trust(bench, monkeypatch):
    source = """
from attrs import frozen
from tablehost import Tool, hookimpl

@frozen
class Options:
    \"\"\"Run a tool.\"\"\"
    tool: Tool
    \"\"\"The tool.\"\"\"

@hookimpl
def build_table(options: Options, run):
    import subprocess
    import pyarrow as pa
    return pa.table({"said": [subprocess.check_output([str(options.tool.absolute())], text=True)]})
"""
    bench.install(monkeypatch, "asks", source)
    tool = bench.path / "tool"
    tool.write_text("#!/bin/sh\necho fine\n")
    tool.chmod(0o755)
    bench.build("asks", "--tool", "tool", "--out", "t.parquet")
    (why,) = cannot(bench)
    assert why.startswith(f"it would run tool tool tool (sha256 {sha256(tool)}), which only")
    assert bench.replay("t.parquet")["verdict"] == "reproduced-bytes"
    tool.write_text("#!/bin/sh\ntouch ran\n")
    (why,) = cannot(bench, "--trust", verdict="environment-changed")
    assert why.endswith("is not the recorded one, so that it is not run")
    bench.edit(lambda block: block["code"].update(tools={}))
    (why,) = cannot(bench, "--trust")
    assert why == "the digest of tool tool tool was not recorded, so that it is not run"


ODD = ["a b", "it's", "\x1b[31mred", "new\nline", "\u202eright", "\\\x07", "\udcff", "\x9b1m"]


@pytest.mark.parametrize("odd", ODD)
def test_a_shell_reads_a_quoted_word_as_it_was(odd):
    line = shell_line(["printf", "%s", odd])
    assert line.isprintable()
    assert subprocess.check_output(["bash", "-c", line]) == os.fsencode(odd)


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_script_has_no_control_characters(words, flags):
    odd = "".join(ODD)
    words.edit(lambda block: block["args"].update(text=odd))
    ended = words.tablehost("replay", "t.parquet", "--script", *flags)
    assert ended.code == 0
    assert all(line.isprintable() for line in ended.out.splitlines())
    assert words.tablehost("why", "t.parquet").out.replace("\n", "").isprintable()
