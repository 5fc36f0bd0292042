"""What `why` answers: whether the inputs and parents of a table are as they were."""

import shlex

import pytest
from table_makers import OVER, PARTS, RICH


def test_a_table_whose_surroundings_are_as_they_were_is_current(tables):
    ended = tables.tablehost("why", "rich.parquet")
    assert (ended.code, ended.out) == (0, "current  rich.parquet\n")


# ------------------------------------------------------------------------------------------- inputs


def test_an_input_that_changed_makes_a_table_stale_and_the_command_refreshes_it(tables):
    (tables.path / "m.jsonl").write_text('{"filename": "clip1", "chug_name": "other"}\n')
    command = f"tablehost run {shlex.join(RICH)} --out rich.parquet --overwrite"
    ended = tables.tablehost("why", "rich.parquet")
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "stale    rich.parquet",
        "    inputs-changed        --metadata-jsonl m.jsonl: other content",
        f"    to refresh            {command}",
    ]
    tables.refresh()
    assert tables.reasons() == ("current", [])


def test_an_input_that_is_gone_leaves_the_answer_unknown_and_has_to_come_back_first(tables):
    (tables.path / "m.jsonl").unlink()
    ended = tables.tablehost("why", "rich.parquet")
    assert (ended.code, ended.out.splitlines()) == (
        1,
        [
            "unknown  rich.parquet",
            "    inputs-missing        --metadata-jsonl m.jsonl is not there",
            "    note                  to refresh it, first restore --metadata-jsonl m.jsonl",
        ],
    )
    assert tables.why()["refresh"]["commands"] == []


def test_the_files_of_a_folder_that_changed_came_or_went_are_named(tables):
    clips = tables.path / "clips"
    (clips / "a.mp4").write_text("other")
    (clips / "b.mp4").unlink()
    (clips / "new.mp4").write_text("new")
    (reason,) = tables.why("lengths.parquet")["reasons"]
    assert reason["text"] == "--clips clips: 1 changed, 1 new, 1 gone"
    assert reason["details"] == ["changed a.mp4", "new new.mp4", "gone b.mp4"]


def test_what_comes_beside_the_parts_of_a_table_does_not_make_it_stale(tables):
    parts = tables.path / "parts"
    parts.mkdir()
    for name in ("t.parquet", "t.parquet.manifest.json", "other.parquet"):
        (tables.path / name).rename(parts / name)
    tables.run("combine", "--input", "A=parts", "--out", "new.parquet")
    for name in ("other.parquet.lock", "other.parquet.manifest.json", "_SUCCESS", ".crc"):
        (parts / name).write_text("{}")
    assert tables.reasons("new.parquet") == ("current", [])
    assert tables.verdicts("new.parquet", "--inputs", "full") == {"new.parquet": "intact"}
    tables.write(tables.read("parts/t.parquet"), "parts/more.parquet")
    assert tables.why("new.parquet")["reasons"][0]["details"] == ["new more.parquet"]


def test_beside_a_selection_only_a_file_that_came_later_is_new(tables):
    (tables.path / "parts.py").write_text(PARTS)
    tables.run("./parts.py", "--folder", "clips", "--out", "p.parquet")
    assert tables.reasons("p.parquet") == ("current", [])
    (tables.path / "clips" / "0.mp4").write_text("0")
    assert tables.why("p.parquet")["reasons"][0]["details"] == ["new 0.mp4"]
    tables.refresh("p.parquet")
    assert tables.reasons("p.parquet") == ("current", [])


# ------------------------------------------------------------------------------------------ parents


def test_a_parent_that_was_rebuilt_is_reported_with_both_runs(tables):
    before = tables.manifest("rich.parquet")["run_provenance"]["run_id"]
    tables.run(*RICH, *OVER, "--metadata-keys", "split")
    after = tables.manifest("rich.parquet")["run_provenance"]["run_id"]
    (reason,) = tables.why("all.parquet")["reasons"]
    assert (reason["kind"], reason["weight"]) == ("parents-rebuilt", "stale")
    assert reason["text"] == f"--input A=rich.parquet was rebuilt: run {before} then, {after} now"
    tables.refresh("all.parquet")
    assert tables.reasons("all.parquet") == ("current", [])


def test_a_parent_that_was_rebuilt_to_the_same_bytes_makes_nothing_stale(tables):
    tables.run(*RICH, *OVER)
    answer = tables.why("all.parquet")
    assert (answer["verdict"], answer["refresh"]) == ("current", None)
    assert answer["reasons"][0]["kind"] == "parents-rebuilt"


def test_a_parent_that_somebody_edited_was_not_rebuilt(tables):
    tables.write(tables.read("other.parquet"), "rich.parquet")
    assert tables.reasons("all.parquet") == ("stale", ["inputs-changed", "parents-stale"])


def test_a_parent_of_another_name_is_found_and_the_command_names_it(tables):
    tables.rename("t.parquet", "u.parquet")
    ended = tables.tablehost("why", "rich.parquet")
    moved = "    inputs-moved          --features-parquet t.parquet was found as u.parquet"
    assert (ended.code, ended.out.splitlines()) == (0, ["current  rich.parquet", moved])
    (tables.path / "m.jsonl").write_text('{"filename": "clip1", "chug_name": "other"}\n')
    tables.refresh()
    assert tables.reasons() == ("current", [])


def test_a_parent_that_is_stale_itself_is_reported_and_makes_nothing_stale(tables):
    tables.write(tables.read("raw2.parquet"), "raw.parquet")
    ended = tables.tablehost("why", "all.parquet")
    text = "t.parquet, which it was made of, is itself stale; see `tablehost why t.parquet`"
    assert (ended.code, ended.out.splitlines()) == (
        0,
        ["current  all.parquet", f"    parents-stale         {text}"],
    )
    assert tables.reasons("t.parquet") == ("stale", ["inputs-changed"])


# ---------------------------------------------------------------------------- tables and manifests


def test_a_folder_is_answered_table_by_table(tables):
    ended = tables.tablehost("why", ".")
    assert ended.code == 1
    verdicts = [line.split() for line in ended.out.splitlines() if not line.startswith(" ")]
    assert ["unknown", "raw.parquet"] in verdicts
    assert ["current", "all.parquet"] in verdicts
    assert len(verdicts) == 9


def test_a_path_that_leads_nowhere_is_a_usage_error(tables):
    ended = tables.tablehost("why", "gone.parquet", "--json")
    assert (ended.code, ended.out) == (2, "")


@pytest.mark.parametrize(
    "block",
    [
        None,
        3,
        {"inputs": None, "args": 3, "args_from": []},
        {"inputs": {"a": {"path": "a.parquet"}}, "parents": 3, "outputs": [1], "cwd": 3},
        {"args": {"a": {"b": 1}}, "code": {"plugin": {"builder": "enrich"}, "tools": [3]}},
        {"code": {"plugin": {"builder": "enrich", "distribution": "x", "modules": {"a": 3}}}},
        {"code": {"packages": 3, "host": [], "tools": {"a": {"path": 3}}}, "environment": 3},
    ],
)
def test_what_a_manifest_does_not_say_is_unknown_and_never_changed(tables, block):
    tables.write_manifest(
        {"run_provenance": block, "run": {"items": {"failed": "x"}, "failures": 3}}
    )
    found = {reason["kind"] for reason in tables.why("t.parquet")["reasons"]}
    assert "unverifiable" in found
    assert not found & {"inputs-changed", "parents-rebuilt", "engine-changed"}


# -------------------------------------------------------------------------------------------- table


def test_another_table_in_its_place_is_stale_and_the_command_replaces_it(tables):
    tables.write(tables.read("other.parquet"), "rich.parquet")
    answer = tables.why()
    assert answer["verdict"] == "stale"
    assert [one["kind"] for one in answer["reasons"]] == ["table-changed"]
    assert "which has other sha256, bytes; `tablehost verify rich.parquet`" in str(answer)
    tables.refresh()
    assert tables.reasons() == ("current", [])
    assert tables.intact("rich.parquet")


@pytest.mark.parametrize("rows", [10**99, 7])
def test_a_number_of_rows_that_the_table_does_not_have_is_stale(tables, rows):
    tables.edit(lambda manifest: manifest["table"].update(rows=rows), "rich.parquet")
    (reason,) = tables.why()["reasons"]
    assert (reason["kind"], reason["weight"]) == ("table-changed", "stale")
    assert "which has other rows; " in reason["text"]
    tables.refresh()
    assert tables.reasons() == ("current", [])
