import json
import os
import pty

import jsonschema
import pytest
from small_builders import RUN_SQUARES


def test_show_says_a_person_what_a_finished_table_is(squared):
    recorded = squared.run("show", "t.parquet")
    assert recorded.code == 0
    words = " ".join(recorded.out.split())
    for part in ("squares-manifest-v1", "table t.parquet", "rows 5", "status complete"):
        assert part in words
    assert "square int64 0 0 6 16" in words


@pytest.mark.parametrize("path", ["t.parquet", "t.parquet.manifest.json"])
def test_show_takes_the_table_or_its_manifest(squared, path):
    assert squared.run("show", path, "--json").json["manifest"]["table"]["rows"] == 5


def test_show_takes_the_short_name_that_older_tools_wrote(squared):
    (squared.path / "t.parquet.manifest.json").rename(squared.path / "t.manifest.json")
    assert squared.run("show", "t.parquet", "--json").json["manifest"]["table"]["rows"] == 5


@pytest.mark.outcome("Done, failed and pending items, and the reason.")
def test_show_says_how_far_a_failed_run_came_and_how_to_go_on(squares):
    squares.run(*RUN_SQUARES, "--broken", "--fail", 1)
    recorded = squares.run("show", "t.parquet")
    assert recorded.code == 0
    assert "4 done, 1 failed, 0 pending; last activity 20" in recorded.out
    assert "to resume, run the same command again: finished items are kept" in recorded.out
    assert "the last run failed; see t.parquet.failed.json" in recorded.out


@pytest.mark.outcome("It is shown as text.")
def test_show_prints_no_escape_of_an_item(squares):
    squares.run(*RUN_SQUARES, "--fail", 1)
    recorded = squares.run("show", "t.parquet")
    assert "failed   0001: odd: 1 \\x1b[31mis not liked" in recorded.out


@pytest.mark.outcome("Exit 2, no traceback.")
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.parquet", None, "gone.parquet does not exist"),
        ("bare.parquet", b"PAR1", "bare.parquet has no manifest"),
        ("x.manifest.json", b"", "is not JSON"),
        ("x.manifest.json", b"[]", "is not a JSON object"),
        ("x.manifest.json", b'{"a": NaN}', "NaN is not strict JSON"),
        ("x.manifest.json", b"[" * 100_000, "cannot be read: it is nested too deeply"),
        (
            "x.manifest.json",
            b'{"a": ' + b"9" * 5000 + b"}",
            "cannot be read: a number has more than 4300 digits",
        ),
        ("x.manifest.json", b"\xff\xfe\xff", "is not JSON"),
        (
            "x.manifest.json",
            b'{"run_provenance": {"schema": "ai-run-provenance-v2"}}',
            "has ai-run-provenance-v2, newer than this tablehost reads (v1); update tablehost",
        ),
    ],
)
def test_show_says_in_a_line_what_it_cannot_read(project, name, content, said):
    if content is not None:
        (project.path / name).write_bytes(content)
    recorded = project.run("show", name)
    assert recorded.code == 2
    assert said in recorded.err
    assert len(recorded.err.splitlines()) == 1


STRANGE = [
    {},
    {"run": None, "table": None, "run_provenance": None},
    {"run": [], "table": "x", "run_provenance": 3},
    {"run": {"failures": [{"key": "a"}], "items": [1]}},
    {"run_provenance": {"inputs": {"a": 3, "b": [None]}, "outputs": [], "code": "x"}},
    {"table": {"columns": [{"name": "a"}, 3]}},
    {"table": {"columns": [{"name": 1, "type": "bool", "histogram": {"bins": "1:x :"}}]}},
    {"table": {"columns": [{"texts": {"distinct": "x", "most": {"a": 1.5}}, "min": "a"}]}},
    {"table": {"rows": 1, "bytes": 2**80, "columns": [{"texts": {"most": {}}, "nulls": 7}]}},
    {"run": {"items": {"total": "many", "ok": []}, "checksums": [{"checked": None}, 7]}},
    {"unknown": {"deep": [1]}, "schema": 7, "table": {"rows": "many"}},
]


@pytest.mark.outcome("Exit 0, no traceback.")
@pytest.mark.parametrize("number", range(len(STRANGE)))
def test_show_treats_what_is_missing_in_a_manifest_as_unknown(project, number):
    project.write("t.parquet.manifest.json", json.dumps(STRANGE[number]))
    recorded = project.run("show", "t.parquet")
    assert "Traceback" not in recorded.err
    assert recorded.code == 0
    assert project.on_terminal(80, "show", "t.parquet").code == 0


def test_clean_names_what_it_removes_and_keeps_the_pair(squared):
    (squared.path / ".t.parquet.20260521T093000Z-0a1b2c3d.tmp").write_text("left by a killed run")
    ended = squared.run("clean", "t.parquet", "--yes")
    assert ended.code == 0
    assert set(ended.out.split()) == {
        "t.parquet.ledger",
        ".t.parquet.20260521T093000Z-0a1b2c3d.tmp",
    }
    assert squared.files() == {"squares.py", "t.parquet", "t.parquet.manifest.json"}
    assert squared.run("clean", "t.parquet").out == "nothing to remove beside t.parquet\n"


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 1)])
def test_clean_asks_first(squared, answer, code):
    ours, theirs = pty.openpty()
    process = squared.start("clean", "t.parquet", stdin=theirs)
    os.close(theirs)
    os.write(ours, answer.encode())
    out, _ = process.communicate()
    os.close(ours)
    assert process.returncode == code
    assert "remove these? [y/N]" in out
    assert ("t.parquet.ledger" in squared.files()) is bool(code)


@pytest.mark.outcome("Nothing is touched.")
def test_clean_removes_nothing_where_no_one_answers(squared):
    before = squared.files()
    assert squared.run("clean", "t.parquet").code == 1
    asked = squared.run("clean", "t.parquet", "--json")
    assert (asked.code, asked.json["removed"]) == (1, [])
    assert squared.files() == before
    cleaned = squared.run("clean", "t.parquet", "--json", "--yes")
    assert cleaned.json == {"found": ["t.parquet.ledger"], "removed": ["t.parquet.ledger"]}


@pytest.mark.outcome("Nothing of it is touched.")
def test_clean_leaves_a_neighbour_with_a_similar_name_alone(squared):
    names = {"t.parquet2.ledger", ".t.parquet2.x.TMP", "xt.parquet.ledger", "t.parque"}
    for name in names:
        (squared.path / name).write_text("a neighbour's")
    assert squared.run("clean", "t.parquet", "--yes").code == 0
    assert names <= squared.files()


def test_schema_prints_what_every_manifest_of_a_builder_fits(squared):
    schema = squared.run("schema", "./squares.py").json
    jsonschema.validate(squared.manifest("t.parquet"), schema)
    options = squared.run("schema", "./squares.py", "--options").json
    jsonschema.validate(squared.manifest("t.parquet")["run_provenance"]["args"], options)
    assert squared.run("schema", "./squares.py", "--options", "--manifest").code == 2
