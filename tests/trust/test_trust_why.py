import shlex
import sys

import pytest

WORDS = '''
from attrs import frozen
from tablehost import InputDir, InputFile, Secret, Tool, hookimpl

@frozen
class Options:
    """Count words."""
    text: InputFile
    """Text."""
    folder: InputDir | None = None
    """Folder."""
    tool: Tool | None = None
    """Tool."""
    token: Secret[str | None] = None
    """Secret."""
    names: tuple[str, ...] = ()
    """Names."""
    number: float = 1.0
    """Number."""
    switch: bool = True
    """Switch."""

@hookimpl
def build_table(options: Options, run):
    import pyarrow as pa
    return pa.table({"words": [len(options.text.read_text().split())]})
'''

PARTS = '''
from pathlib import Path
from attrs import frozen
from tablehost import InputDir, ItemFailed, hookimpl

@frozen
class Options:
    """Measure the first files of a folder."""
    folder: InputDir
    """Folder."""
    limit: int = 1
    """How many."""

@frozen
class Part:
    size: int

def measure(path: Path, settings: None) -> Part:
    if not path.stat().st_size:
        raise ItemFailed("empty", path.name)
    return Part(path.stat().st_size)

@hookimpl
def build_table(options: Options, run):
    import pyarrow as pa
    paths = sorted(options.folder.iterdir())[: options.limit]
    found = run.map(measure, paths, key=lambda path: path.name, input=lambda path: path)
    return pa.table({"size": [part.size for part in found]})
'''


COUNT = ("./words.py", "--text", "w.txt", "--out", "w.parquet", "--overwrite")
RICH = ("enrich", "--features-parquet", "t.parquet", "--metadata-jsonl", "m.jsonl")
OVER = ("--out", "rich.parquet", "--overwrite")


def ask(tables, path="rich.parquet"):
    """Ask about one table, and see to it that the exit code fits the verdict."""
    ended = tables.tablehost("why", path, "--json")
    (answer,) = ended.json["tables"]
    assert ended.code == (0 if answer["verdict"] == "current" else 1)
    return answer


def kinds(tables, path="rich.parquet"):
    answer = ask(tables, path)
    return answer["verdict"], [reason["kind"] for reason in answer["reasons"]]


def refresh(tables, path="rich.parquet"):
    """Give the commands that `why` gives."""
    for name, *tokens in ask(tables, path)["refresh"]["commands"]:
        ended = tables.tablehost(*tokens)
        assert (name, ended.code) == ("tablehost", 0), ended.err


def as_if(tables, change, name="rich.parquet"):
    """Let a manifest tell of another time."""
    told = tables.manifest(name)
    change(told["run_provenance"])
    tables.tell(told, name)


@pytest.fixture
def builder(tables, monkeypatch):
    """Give what writes a builder that this process has not imported."""

    def write(name, text):
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tables.path / f"{name}.py").write_text(text)

    return write


@pytest.fixture
def words(tables, builder):
    """Give a table `w` of a builder with options of every kind."""
    builder("words", WORDS)
    (tables.path / "w.txt").write_text("a b c")
    tables.run(*COUNT)
    return tables


def test_a_table_whose_surroundings_are_as_they_were_is_current(tables):
    told = tables.tablehost("why", "rich.parquet")
    assert (told.code, told.out) == (0, "current  rich.parquet\n")


def test_an_input_that_changed_makes_a_table_stale_and_the_command_refreshes_it(tables):
    (tables.path / "m.jsonl").write_text('{"filename": "clip1", "chug_name": "other"}\n')
    told = tables.tablehost("why", "rich.parquet")
    assert told.code == 1
    assert told.out.splitlines() == [
        "stale    rich.parquet",
        "    inputs-changed   --metadata-jsonl m.jsonl: other content",
        f"    to refresh       tablehost run {shlex.join(RICH)} --out rich.parquet --overwrite",
    ]
    refresh(tables)
    assert kinds(tables) == ("current", [])


def test_an_input_that_is_gone_leaves_the_answer_unknown_and_has_to_come_back_first(tables):
    (tables.path / "m.jsonl").unlink()
    told = tables.tablehost("why", "rich.parquet")
    assert (told.code, told.out.splitlines()) == (
        1,
        [
            "unknown  rich.parquet",
            "    inputs-missing   --metadata-jsonl m.jsonl is not there",
            "    note             to refresh it, bring back first: --metadata-jsonl m.jsonl",
        ],
    )
    assert ask(tables)["refresh"]["commands"] == []


def test_a_parent_that_was_rebuilt_is_told_with_both_runs(tables):
    before = tables.manifest("rich.parquet")["run_provenance"]["run_id"]
    tables.run(*RICH, *OVER, "--metadata-keys", "split")
    after = tables.manifest("rich.parquet")["run_provenance"]["run_id"]
    (reason,) = ask(tables, "all.parquet")["reasons"]
    assert (reason["kind"], reason["weight"]) == ("parents-rebuilt", "stale")
    assert reason["text"] == f"--input A=rich.parquet was rebuilt: run {before} then, {after} now"
    refresh(tables, "all.parquet")
    assert kinds(tables, "all.parquet") == ("current", [])


def test_a_parent_that_was_rebuilt_to_the_same_bytes_makes_nothing_stale(tables):
    tables.run(*RICH, *OVER)
    answer = ask(tables, "all.parquet")
    assert (answer["verdict"], answer["refresh"]) == ("current", None)
    assert answer["reasons"][0]["kind"] == "parents-rebuilt"


def test_a_parent_that_somebody_edited_was_not_rebuilt(tables):
    tables.write(tables.read("other.parquet"), "rich.parquet")
    assert kinds(tables, "all.parquet") == ("stale", ["inputs-changed"])


def test_a_parent_of_another_name_is_found_and_the_command_names_it(tables):
    for suffix in ("", ".manifest.json"):
        (tables.path / f"t.parquet{suffix}").rename(tables.path / f"u.parquet{suffix}")
    told = tables.tablehost("why", "rich.parquet")
    moved = "    inputs-moved     --features-parquet t.parquet was found as u.parquet"
    assert (told.code, told.out.splitlines()) == (0, ["current  rich.parquet", moved])
    (tables.path / "m.jsonl").write_text('{"filename": "clip1", "chug_name": "other"}\n')
    refresh(tables)
    assert kinds(tables) == ("current", [])


def test_a_parent_that_is_stale_itself_is_told_and_makes_nothing_stale(tables):
    tables.write(tables.read("raw2.parquet"), "raw.parquet")
    told = tables.tablehost("why", "all.parquet")
    text = "t.parquet, which it was made of, is stale itself: ask why t.parquet"
    assert (told.code, told.out.splitlines()) == (
        0,
        ["current  all.parquet", f"    parents-stale    {text}"],
    )
    assert kinds(tables, "t.parquet") == ("stale", ["inputs-changed"])


def test_the_files_of_a_folder_that_changed_came_or_went_are_named(tables):
    clips = tables.path / "clips"
    (clips / "a.mp4").write_text("other")
    (clips / "b.mp4").unlink()
    (clips / "new.mp4").write_text("new")
    (reason,) = ask(tables, "lengths.parquet")["reasons"]
    assert reason["text"] == "--clips clips: 1 changed, 1 new, 1 gone"
    assert reason["details"] == ["changed a.mp4", "new new.mp4", "gone b.mp4"]


def test_beside_a_selection_only_a_file_that_came_later_is_new(tables, builder):
    builder("parts", PARTS)
    tables.run("./parts.py", "--folder", "clips", "--out", "p.parquet")
    assert kinds(tables, "p.parquet") == ("current", [])
    (tables.path / "clips" / "0.mp4").write_text("0")
    assert ask(tables, "p.parquet")["reasons"][0]["details"] == ["new 0.mp4"]
    refresh(tables, "p.parquet")
    assert kinds(tables, "p.parquet") == ("current", [])


def test_items_that_failed_are_a_reason_and_the_command_mends_them(tables, builder):
    builder("parts", PARTS)
    (tables.path / "clips" / "a.mp4").write_text("")
    tables.tablehost("run", "./parts.py", "--folder", "clips", "--limit", 2, "--out", "p.parquet")
    (reason,) = ask(tables, "p.parquet")["reasons"]
    assert reason["text"] == "1 item failed (1 empty); a run tries again"
    (tables.path / "clips" / "a.mp4").write_text("a")
    refresh(tables, "p.parquet")
    assert kinds(tables, "p.parquet") == ("current", [])


def test_other_code_makes_a_table_stale(words, builder):
    builder("words", WORDS.replace("len(", "1 + len("))
    (reason,) = ask(words, "w.parquet")["reasons"]
    assert (reason["kind"], reason["text"]) == ("code-changed", "semantic: 1 module")
    assert reason["details"] == ["words.py has other code"]


def test_other_comments_are_cosmetic_and_told(words, builder):
    builder("words", WORDS + "# the end\n")
    told = words.tablehost("why", "w.parquet")
    assert told.code == 0
    assert told.out.splitlines() == [
        "current  w.parquet",
        "    code-changed     cosmetic: 1 module",
        "        words.py differs in comments or layout only",
    ]


def test_other_code_that_another_python_parsed_is_unknown(words, builder):
    def by_another_python(block):
        block["environment"]["python"] = "CPython 3.2.1"
        block["code"]["plugin"]["modules"]["words.py"]["syntax_sha256"] = "0" * 64

    as_if(words, by_another_python, "w.parquet")
    assert kinds(words, "w.parquet") == ("current", [])
    builder("words", WORDS + "# the end\n")
    answer = ask(words, "w.parquet")
    assert (answer["verdict"], answer["reasons"][0]["text"]) == ("unknown", "unknown: 1 module")
    assert "it was parsed by CPython 3.2.1, and this is" in answer["reasons"][0]["details"][0]


def test_a_builder_that_is_a_file_is_not_run(words, builder):
    builder("words", 'open("ran", "w")\n')
    assert kinds(words, "w.parquet") == ("stale", ["code-changed"])
    assert not (words.path / "ran").exists()


def test_a_tool_is_compared_by_its_content(words):
    tool = words.path / "tool"
    tool.write_text("1")
    words.run(*COUNT, "--tool", "tool")
    assert kinds(words, "w.parquet") == ("current", [])
    tool.write_text("2")
    assert kinds(words, "w.parquet") == ("stale", ["engine-changed"])
    refresh(words, "w.parquet")
    assert kinds(words, "w.parquet") == ("current", [])
    tool.unlink()
    assert ask(words, "w.parquet")["reasons"][0]["text"] == "tool tool: tool is gone"


def test_other_defaults_and_another_version_are_reasons(tables):
    def by_an_older_version(block):
        block["args"] |= {"split_seed": "older", "dropped": 3}
        del block["args"]["key"]
        block["code"]["plugin"]["version"] = "0.9.0"

    as_if(tables, by_an_older_version)
    answer = ask(tables)
    assert answer["verdict"] == "stale"
    assert [reason["text"] for reason in answer["reasons"]] == [
        "--dropped is gone; it was 3",
        '--split-seed: "older" -> "chug-hdr-v1"',
        '--key is new: "clip_name"',
        "tablehost-enrich 0.9.0 -> tablehost-enrich 1.0.0",
    ]


def test_a_default_that_was_overruled_is_no_reason_and_is_overruled_again(tables):
    tables.run(*RICH, *OVER, "--split-seed", "mine")
    assert kinds(tables) == ("current", [])
    (tables.path / "m.jsonl").write_text("{}\n")
    assert "--split-seed mine" in shlex.join(ask(tables)["refresh"]["commands"][0])


def test_a_table_that_was_edited_in_place_is_refreshed_by_all_its_commands(tables):
    given = ("--features-parquet", "all.parquet", "--metadata-jsonl", "m.jsonl")
    tables.run("enrich", *given, "--key", "source", "--out", "all.parquet", "--overwrite")
    assert kinds(tables, "all.parquet") == ("current", [])
    tables.write(tables.read("raw2.parquet"), "rich.parquet")
    answer = ask(tables, "all.parquet")
    texts = [reason["text"] for reason in answer["reasons"]]
    assert texts == ["combine: --input A=rich.parquet: other content"]
    assert [command[2] for command in answer["refresh"]["commands"]] == ["combine", "enrich"]


def test_the_commands_of_an_edit_in_place_refresh_the_table(tables):
    tables.run(*RICH, *OVER, "--metadata-keys", "split")
    tables.run("enrich", "--features-parquet", "rich.parquet", *RICH[3:], *OVER)
    (tables.path / "m.jsonl").write_text('{"filename": "clip1", "chug_name": "other"}\n')
    refresh(tables)
    assert kinds(tables) == ("current", [])
    assert tables.read("rich.parquet")["chug_name"].to_pylist()[1] == "other"


def test_without_its_history_a_table_that_was_edited_in_place_is_unknown(tables):
    tables.run("enrich", "--features-parquet", "rich.parquet", *RICH[3:], *OVER)
    for path in (tables.path / "rich.parquet.history").iterdir():
        path.unlink()
    assert kinds(tables) == ("unknown", ["not-told"])


ODD = {"names": ["-x", "a b", "", "é'\"", "--out", "a=b"], "number": -1.5e-07, "switch": False}


def test_the_command_says_every_option_as_it_was(words):
    names = [f"--names={name}" for name in ODD["names"]]
    words.run(*COUNT, *names, "--number", "-1.5e-7", "--no-switch")
    args = words.manifest("w.parquet")["run_provenance"]["args"]
    assert args.items() >= ODD.items()
    (words.path / "w.txt").write_text("other")
    refresh(words, "w.parquet")
    assert words.manifest("w.parquet")["run_provenance"]["args"] == args


def test_a_secret_is_not_in_the_command_and_origins_are_noted(words, monkeypatch):
    monkeypatch.setenv("TABLEHOST_WORDS_TOKEN", "hunter2")
    (words.path / "tablehost.toml").write_text("[words]\nnumber = 2.0\n")
    words.run(*COUNT)
    (words.path / "w.txt").write_text("other")
    found = ask(words, "w.parquet")["refresh"]
    assert "--number 2.0 --text w.txt --token '<redacted>'" in shlex.join(found["commands"][0])
    assert found["remarks"] == [
        "--token is secret and not in the manifest: put it in for <redacted>",
        "--token came from the environment then",
        "--number came from a configuration file then",
    ]


def test_a_manifest_that_lies_elsewhere_is_put_there_again(tables):
    tables.run(*RICH, "--out", "u.parquet", "--manifest-out", "proof.manifest.json")
    (tables.path / "m.jsonl").write_text("{}\n")
    (command,) = ask(tables, "proof.manifest.json")["refresh"]["commands"]
    assert command[-3:] == ["--manifest-out", "proof.manifest.json", "--overwrite"]


def test_what_was_moved_together_is_as_it_was_and_the_command_names_the_new_paths(words):
    moved = words.path / "moved"
    moved.mkdir()
    for path in [*words.path.glob("w.*"), words.path / "words.py"]:
        path.rename(moved / path.name)
    assert kinds(words, "moved/w.parquet") == ("current", [])
    (moved / "w.txt").write_text("other")
    (command,) = ask(words, "moved/w.parquet")["refresh"]["commands"]
    assert command[2:5] == ["moved/words.py", "--text", "moved/w.txt"]


def test_without_its_builder_the_inputs_are_compared_all_the_same(tables):
    as_if(tables, lambda block: block["code"]["plugin"].update(builder="gone"))
    (tables.path / "m.jsonl").write_text("{}\n")
    inputs, builder = ask(tables)["reasons"]
    assert (inputs["kind"], builder["kind"]) == ("inputs-changed", "not-told")
    assert "there is no builder gone" in builder["text"]
    assert "its version, defaults and code were not compared" in builder["text"]


def test_a_table_that_is_gone_is_made_again(tables):
    (tables.path / "rich.parquet").unlink()
    assert kinds(tables, "rich.parquet.manifest.json") == ("stale", ["table-missing"])
    refresh(tables, "rich.parquet.manifest.json")
    assert kinds(tables) == ("current", [])


def test_a_folder_is_answered_table_by_table(tables):
    told = tables.tablehost("why", ".")
    assert told.code == 1
    verdicts = [line.split() for line in told.out.splitlines() if not line.startswith(" ")]
    assert ["unknown", "raw.parquet"] in verdicts
    assert ["current", "all.parquet"] in verdicts
    assert len(verdicts) == 9


def test_a_path_that_leads_nowhere_is_a_usage_error(tables):
    told = tables.tablehost("why", "gone.parquet", "--json")
    assert (told.code, told.out) == (2, "")


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
def test_what_a_manifest_does_not_tell_is_unknown_and_never_changed(tables, block):
    tables.tell({"run_provenance": block, "run": {"items": {"failed": "x"}, "failures": 3}})
    found = {reason["kind"] for reason in ask(tables, "t.parquet")["reasons"]}
    assert "not-told" in found
    assert not found & {"inputs-changed", "parents-rebuilt", "engine-changed"}


def test_an_option_that_came_to_a_builder_without_any_is_a_reason(tables):
    as_if(tables, lambda block: block.update(args={}, args_from={}))
    assert "--key is new" in " ".join(reason["text"] for reason in ask(tables)["reasons"])
