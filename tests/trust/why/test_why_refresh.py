"""The commands that `why` gives to make a table again."""

import shlex

from table_makers import COUNT, OVER, RICH

EDIT_IN_PLACE = ("enrich", "--features-parquet", "rich.parquet", *RICH[3:], *OVER)
ODD = {"names": ["-x", "a b", "", "é'\"", "--out", "a=b"], "number": -1.5e-07, "switch": False}


def test_a_table_that_is_gone_is_made_again(tables):
    (tables.path / "rich.parquet").unlink()
    assert tables.reasons("rich.parquet.manifest.json") == ("stale", ["table-missing"])
    tables.refresh("rich.parquet.manifest.json")
    assert tables.reasons() == ("current", [])


def test_the_command_says_every_option_as_it_was(words):
    names = [f"--names={name}" for name in ODD["names"]]
    words.run(*COUNT, *names, "--number", "-1.5e-7", "--no-switch")
    args = words.manifest("w.parquet")["run_provenance"]["args"]
    assert args.items() >= ODD.items()
    (words.path / "w.txt").write_text("other")
    words.refresh("w.parquet")
    assert words.manifest("w.parquet")["run_provenance"]["args"] == args


def test_a_secret_is_not_in_the_command_and_origins_are_noted(words, monkeypatch):
    monkeypatch.setenv("TABLEHOST_WORDS_TOKEN", "hunter2")
    (words.path / "tablehost.toml").write_text("[words]\nnumber = 2.0\n")
    words.run(*COUNT)
    (words.path / "w.txt").write_text("other")
    found = words.why("w.parquet")["refresh"]
    assert "--number 2.0 --text w.txt --token '<redacted>'" in shlex.join(found["commands"][0])
    assert found["remarks"] == [
        "--token is secret and not in the manifest: put it in for <redacted>",
        "--token came from the environment then",
        "--number came from a configuration file then",
    ]


def test_a_manifest_that_lies_elsewhere_is_put_there_again(tables):
    tables.run(*RICH, "--out", "u.parquet", "--manifest-out", "proof.manifest.json")
    (tables.path / "m.jsonl").write_text("{}\n")
    (command,) = tables.why("proof.manifest.json")["refresh"]["commands"]
    assert command[-3:] == ["--manifest-out", "proof.manifest.json", "--overwrite"]


def test_what_was_moved_together_is_as_it_was_and_the_command_names_the_new_paths(words):
    moved = words.path / "moved"
    moved.mkdir()
    for path in [*words.path.glob("w.*"), words.path / "words.py"]:
        path.rename(moved / path.name)
    assert words.reasons("moved/w.parquet") == ("current", [])
    (moved / "w.txt").write_text("other")
    (command,) = words.why("moved/w.parquet")["refresh"]["commands"]
    assert command[2:5] == ["moved/words.py", "--text", "moved/w.txt"]


# ---------------------------------------------------------------------------------- edited in place


def test_a_table_that_was_edited_in_place_is_refreshed_by_all_its_commands(tables):
    given = ("--features-parquet", "all.parquet", "--metadata-jsonl", "m.jsonl")
    tables.run("enrich", *given, "--key", "source", "--out", "all.parquet", "--overwrite")
    assert tables.reasons("all.parquet") == ("current", [])
    tables.write(tables.read("raw2.parquet"), "rich.parquet")
    answer = tables.why("all.parquet")
    texts = [reason["text"] for reason in answer["reasons"]]
    assert texts == ["combine: --input A=rich.parquet: other content"]
    assert [command[2] for command in answer["refresh"]["commands"]] == ["combine", "enrich"]


def test_the_commands_of_an_edit_in_place_refresh_the_table(tables):
    tables.run(*RICH, *OVER, "--metadata-keys", "split")
    tables.run(*EDIT_IN_PLACE)
    (tables.path / "m.jsonl").write_text('{"filename": "clip1", "chug_name": "other"}\n')
    tables.refresh()
    assert tables.reasons() == ("current", [])
    assert tables.read("rich.parquet")["chug_name"].to_pylist()[1] == "other"


def test_without_its_history_a_table_that_was_edited_in_place_is_unknown(tables):
    tables.run(*EDIT_IN_PLACE)
    for path in (tables.path / "rich.parquet.history").iterdir():
        path.unlink()
    assert tables.reasons() == ("unknown", ["unverifiable"])
