"""What `why` answers of the builder: its code, version, options and tools, and failed items."""

import shlex
from importlib.metadata import version

from table_makers import COUNT, OVER, PARTS, RICH, WORDS

# --------------------------------------------------------------------------------------------- code


def test_other_code_makes_a_table_stale(words):
    (words.path / "words.py").write_text(WORDS.replace("len(", "1 + len("))
    (reason,) = words.why("w.parquet")["reasons"]
    assert (reason["kind"], reason["text"]) == ("code-changed", "semantic: 1 module")
    assert reason["details"] == ["words.py has other code"]


def test_other_comments_are_cosmetic_and_reported(words):
    (words.path / "words.py").write_text(WORDS + "# the end\n")
    ended = words.tablehost("why", "w.parquet")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "current  w.parquet",
        "    code-changed          cosmetic: 1 module",
        "        words.py differs in comments or layout only",
    ]


def test_code_that_another_python_parsed_is_compared_all_the_same(words):
    python = {"python": "CPython 3.2.1"}
    words.edit(lambda ended: ended["run_provenance"]["environment"].update(python), "w.parquet")
    assert words.reasons("w.parquet") == ("current", [])
    (words.path / "words.py").write_text(WORDS + "# the end\n")
    assert words.why("w.parquet")["reasons"][0]["text"] == "cosmetic: 1 module"
    (words.path / "words.py").write_text(WORDS.replace("len(", "1 + len("))
    assert words.why("w.parquet")["reasons"][0]["text"] == "semantic: 1 module"


def test_the_code_of_a_table_of_tablehost_1_0_0_is_compared_by_its_bytes(words):
    def by_1_0_0(ended):
        module = ended["run_provenance"]["code"]["plugin"]["modules"]["words.py"]
        module["syntax_sha256"] = module.pop("code_sha256")

    words.edit(by_1_0_0, "w.parquet")
    assert words.reasons("w.parquet") == ("current", [])
    (words.path / "words.py").write_text(WORDS + "# the end\n")
    answer = words.why("w.parquet")
    assert (answer["verdict"], answer["reasons"][0]["text"]) == ("unknown", "unknown: 1 module")
    (detail,) = answer["reasons"][0]["details"]
    assert detail.endswith("whether in more than comments and layout was not recorded")


def test_a_builder_that_is_a_file_is_not_run(words):
    (words.path / "words.py").write_text('open("ran", "w")\n')
    assert words.reasons("w.parquet") == ("stale", ["code-changed"])
    assert not (words.path / "ran").exists()


def test_without_its_builder_the_inputs_are_compared_all_the_same(tables):
    def by_another_builder(ended):
        ended["run_provenance"]["code"]["plugin"]["builder"] = "gone"

    tables.edit(by_another_builder, "rich.parquet")
    (tables.path / "m.jsonl").write_text("{}\n")
    inputs, builder = tables.why()["reasons"]
    assert (inputs["kind"], builder["kind"]) == ("inputs-changed", "unverifiable")
    assert "there is no builder gone" in builder["text"]
    assert "its version, defaults and code were not compared" in builder["text"]


# -------------------------------------------------------------------------------- options and tools


def test_a_tool_is_compared_by_its_content(words):
    tool = words.path / "tool"
    tool.write_text("1")
    words.run(*COUNT, "--tool", "tool")
    assert words.reasons("w.parquet") == ("current", [])
    tool.write_text("2")
    assert words.reasons("w.parquet") == ("stale", ["engine-changed"])
    words.refresh("w.parquet")
    assert words.reasons("w.parquet") == ("current", [])
    tool.unlink()
    assert words.why("w.parquet")["reasons"][0]["text"] == "tool tool: tool is gone"


def test_other_defaults_and_another_version_are_reasons(tables):
    def by_an_older_version(ended):
        block = ended["run_provenance"]
        block["args"] |= {"split_seed": "older", "dropped": 3}
        del block["args"]["key"]
        block["code"]["plugin"]["version"] = "0.9.0"

    tables.edit(by_an_older_version, "rich.parquet")
    answer = tables.why()
    assert answer["verdict"] == "stale"
    assert [reason["text"] for reason in answer["reasons"]] == [
        "--dropped is gone; it was 3",
        '--split-seed: "older" -> "chug-hdr-v1"',
        '--key is new: "clip_name"',
        f"tablehost-enrich 0.9.0 -> tablehost-enrich {version('tablehost-enrich')}",
    ]


def test_an_option_that_came_to_a_builder_without_any_is_a_reason(tables):
    without = {"args": {}, "args_from": {}}
    tables.edit(lambda ended: ended["run_provenance"].update(without), "rich.parquet")
    assert "--key is new" in " ".join(reason["text"] for reason in tables.why()["reasons"])


def test_a_default_that_was_overruled_is_no_reason_and_is_overruled_again(tables):
    tables.run(*RICH, *OVER, "--split-seed", "mine")
    assert tables.reasons() == ("current", [])
    (tables.path / "m.jsonl").write_text("{}\n")
    assert "--split-seed mine" in shlex.join(tables.why()["refresh"]["commands"][0])


# -------------------------------------------------------------------------------------------- items


def test_items_that_failed_are_a_reason_and_the_command_mends_them(tables):
    (tables.path / "parts.py").write_text(PARTS)
    (tables.path / "clips" / "a.mp4").write_text("")
    tables.tablehost("run", "./parts.py", "--folder", "clips", "--limit", 2, "--out", "p.parquet")
    (reason,) = tables.why("p.parquet")["reasons"]
    assert reason["text"] == "1 item failed (1 empty); a run tries again"
    (tables.path / "clips" / "a.mp4").write_text("a")
    tables.refresh("p.parquet")
    assert tables.reasons("p.parquet") == ("current", [])
