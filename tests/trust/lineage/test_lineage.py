import json
import re
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
from table_makers import RICH

IN_PLACE = (*RICH, "--out", "t.parquet", "--overwrite")
UNKNOWN = r"\(unknown: no manifest with this digest found, [0-9a-f]{12}\)$"


def bare(tree):
    """Return the lines of a tree without what stands in parentheses."""
    return [re.sub(r" \(.*", "", line) for line in tree.splitlines()]


def made_by(builder):
    return f"{builder} {version(f'tablehost-{builder}')}"


def line_of(tree, start):
    """Return the one line that has this after its branch."""
    (line,) = [line for line in tree.splitlines() if line.lstrip("│├└─ ").startswith(start)]
    return line


def test_a_lineage_goes_through_combine_and_enrich_up_to_the_raw_inputs(tables):
    ended = tables.tablehost("lineage", "all.parquet")
    assert ended.code == 0
    assert bare(ended.out) == [
        "all.parquet",
        "├── input: A=rich.parquet",
        "│   ├── features_parquet: t.parquet",
        "│   │   └── source: raw.parquet",
        "│   └── metadata_jsonl: m.jsonl",
        "└── input: B=other.parquet",
        "    └── source: raw2.parquet",
    ]


def test_a_line_says_what_made_a_table_its_rows_when_and_its_digest(tables):
    tree = tables.tablehost("lineage", "all.parquet").out
    digest = tables.manifest("all.parquet")["table"]["sha256"]
    facts = rf"\({made_by('combine')}, 12 rows, 20\S+Z, {digest[:12]}\)$"
    assert re.search(facts, line_of(tree, "all.parquet"))
    assert re.search(r"\(\d+ bytes, [0-9a-f]{12}\)$", line_of(tree, "source: raw2.parquet"))


def test_a_folder_among_the_inputs_is_reported_with_its_files(tables):
    tree = tables.tablehost("lineage", "lengths.parquet").out
    assert "(3 files, 18 bytes, " in line_of(tree, "clips: clips")


def test_the_tables_in_a_folder_of_parts_are_followed(tables):
    parts = tables.path / "parts"
    parts.mkdir()
    for name in ("t", "other"):
        for path in tables.path.glob(f"{name}.parquet*"):
            path.rename(parts / path.name)
    shutil.copy(tables.path / "raw.parquet", parts)
    tables.run("combine", "--input", "A=parts/*.parquet", "--out", "new.parquet")
    ended = tables.tablehost("lineage", "new.parquet")
    assert ended.code == 0
    assert bare(ended.out) == [
        "new.parquet",
        "└── input: A=parts",
        "    ├── input: parts/other.parquet",
        "    │   └── source: parts/raw2.parquet",
        "    └── input: parts/t.parquet",
        "        └── source: parts/raw.parquet",
    ]


def test_tables_that_were_moved_keep_their_ancestry(tables):
    for name in ("t", "rich", "all", "other"):
        folder = tables.path / "elsewhere" / name
        folder.mkdir(parents=True)
        for path in tables.path.glob(f"{name}.parquet*"):
            path.rename(folder / path.name)
    ended = tables.tablehost("lineage", "elsewhere")
    assert ended.code == 0
    assert f"({made_by('enrich')}, " in line_of(ended.out, "input: A=elsewhere/rich/rich.parquet")
    assert "(copy_table, " in line_of(ended.out, "input: B=elsewhere/other/other.parquet")


def test_edits_in_place_show_through_the_history(tables):
    for key in ("chug_name", "split"):
        tables.run(*IN_PLACE, "--metadata-keys", key)
    ended = tables.tablehost("lineage", "t.parquet")
    assert ended.code == 0
    assert [line for line in bare(ended.out) if "metadata" not in line] == [
        "t.parquet",
        "├── features_parquet: t.parquet",
        "│   ├── features_parquet: t.parquet",
        "│   │   └── source: raw.parquet",
    ]
    assert ended.out.count(", replaced since)") == 2


def test_an_ancestor_that_was_rebuilt_since_is_the_one_in_the_history(tables):
    tables.run(*IN_PLACE)
    ended = tables.tablehost("lineage", "rich.parquet")
    assert ended.code == 0
    line = line_of(ended.out, "features_parquet: t.parquet")
    assert re.search(r"\(copy_table, 6 rows, .*, replaced since\)$", line)


def test_an_ancestor_whose_manifest_is_gone_is_unknown(tables):
    (tables.path / "rich.parquet.manifest.json").unlink()
    ended = tables.tablehost("lineage", "all.parquet")
    assert ended.code == 1
    assert re.search(UNKNOWN, line_of(ended.out, "input: A=rich.parquet"))


def test_an_ancestor_whose_manifest_is_another_is_a_finding(tables):
    tables.edit(lambda manifest: manifest.update(note="edited"), "rich.parquet")
    ended = tables.tablehost("lineage", "all.parquet")
    assert ended.code == 1
    line = line_of(ended.out, "input: A=rich.parquet")
    assert re.search(r"\(its manifest is not the one that combine read, [0-9a-f]{12}\)$", line)
    assert tables.tablehost("lineage", "rich.parquet").code == 0
    chart = tables.tablehost("lineage", "all.parquet", "--format", "mermaid")
    assert (chart.code, "its manifest is not the one" in chart.out) == (1, True)


def test_an_ancestor_is_known_from_a_run_in_another_folder_than_the_root(tables):
    (tables.path / "sub").mkdir()
    named = ("--features-parquet", "../t.parquet", "--metadata-jsonl", "../m.jsonl")
    ended = tables.tablehost("run", "enrich", *named, "--out", "../new.parquet", cwd="sub")
    assert ended.code == 0, ended.err
    assert tables.tablehost("lineage", "new.parquet").code == 0
    (tables.path / "t.parquet.manifest.json").unlink()
    ended = tables.tablehost("lineage", "new.parquet")
    assert ended.code == 1
    assert re.search(UNKNOWN, line_of(ended.out, "features_parquet: t.parquet"))


def test_a_parent_that_is_not_among_the_inputs_is_looked_for_too(tables):
    def more(ended):
        parent = {"option": "more", "path": "gone.parquet", "manifest_sha256": "0" * 64}
        ended["run_provenance"]["parents"].append(parent)

    tables.edit(more, "rich.parquet")
    ended = tables.tablehost("lineage", "rich.parquet")
    assert ended.code == 1
    assert line_of(ended.out, "more: gone.parquet").endswith(
        "(unknown: no manifest with this digest found)"
    )


def test_an_edit_in_place_that_changed_nothing_is_not_made_of_itself(tables):
    tables.run(*IN_PLACE)
    tables.run(*IN_PLACE)
    shutil.rmtree(tables.path / "t.parquet.history")
    ended = tables.tablehost("lineage", "t.parquet")
    assert ended.code == 1
    assert re.search(UNKNOWN, line_of(ended.out, "features_parquet: t.parquet"))


def test_a_table_that_was_not_what_its_manifest_says_when_it_was_read_is_unknown(tables):
    tables.write(tables.read("other.parquet"))
    tables.run(*RICH, "--out", "new.parquet")
    ended = tables.tablehost("lineage", "new.parquet")
    assert ended.code == 1
    assert re.search(UNKNOWN, line_of(ended.out, "features_parquet: t.parquet"))


def test_a_folder_shows_all_its_tables_and_none_a_second_time(tables):
    ended = tables.tablehost("lineage", ".")
    assert ended.code == 0
    tops = [line for line in bare(ended.out) if not re.match("[│├└ ]", line)]
    assert tops == ["all.parquet", "gaps.parquet", "lengths.parquet"]


def test_what_a_table_in_two_places_was_made_of_is_drawn_once(tables):
    tables.run(*RICH, "--out", "new.parquet", "--metadata-keys", "split")
    tree = tables.tablehost("lineage", ".").out
    assert tree.count("features_parquet: t.parquet") == 2
    assert tree.count("(see above)") == tree.count("source: raw.parquet") == 1


@pytest.mark.parametrize("flags", [["--json"], ["--format", "json"]])
def test_json_is_a_graph_in_which_a_shared_ancestor_stands_once(tables, flags):
    tables.run(*RICH, "--out", "new.parquet", "--metadata-keys", "split")
    ended = tables.tablehost("lineage", ".", *flags).json
    names = {node["id"]: Path(node["path"]).name for node in ended["nodes"]}
    assert len(names) == len(set(names.values())) == len(ended["nodes"])
    edges = [(names[edge["child"]], names[edge["parent"]]) for edge in ended["edges"]]
    assert edges.count(("rich.parquet", "t.parquet")) == 1
    assert edges.count(("new.parquet", "t.parquet")) == 1
    assert edges.count(("t.parquet", "raw.parquet")) == 1
    assert len(ended["tables"]) == 7


def test_manifests_that_name_each_other_are_not_followed_for_ever(tables):
    for name, other in ("ab", "ba"):
        inputs = {"of": {"path": f"{other}.parquet", "sha256": other}}
        tables.write_manifest(
            {"table": {"sha256": name}, "run_provenance": {"inputs": inputs}}, f"{name}.parquet"
        )
    ended = tables.tablehost("lineage", "a.parquet")
    assert ended.code == 0
    assert bare(ended.out) == ["a.parquet", "└── of: b.parquet", "    └── of: a.parquet"]


NODE = r'    n\d+(\["[^"]*"\]|\(\["[^"]*"\]\)|\{\{"[^"]*"\}\})'
EDGE = r'    n\d+ -->\|"[^"]*"\| n\d+'


def test_a_mermaid_flowchart_has_a_line_a_node_and_a_line_an_edge(tables):
    ended = tables.tablehost("lineage", "all.parquet", "--format", "mermaid")
    head, *lines = ended.out.splitlines()
    assert (ended.code, head) == (0, "flowchart TD")
    assert sum(bool(re.fullmatch(NODE, line)) for line in lines) == 7
    assert sum(bool(re.fullmatch(EDGE, line)) for line in lines) == 6
    assert len(lines) == 13


def test_a_name_cannot_break_out_of_its_node(tables):
    name = 'a"] --> b\n<script>#x`.jsonl'
    (tables.path / "m.jsonl").rename(tables.path / name)
    tables.run(*RICH[:-1], name, "--out", "new.parquet")
    _, *lines = tables.tablehost("lineage", "new.parquet", "--format", "mermaid").out.splitlines()
    assert all(re.fullmatch(f"{NODE}|{EDGE}", line) for line in lines)
    assert "a#34;] --#62; b#10;#60;script#62;#35;x#96;.jsonl" in "\n".join(lines)


def test_a_name_cannot_break_out_of_its_line(tables):
    tables.write_manifest(
        {"run_provenance": {"inputs": {"a\n\x1b[1m": {"path": "b\n", "sha256": "c"}}}}
    )
    _, line = tables.tablehost("lineage", "t.parquet").out.splitlines()
    assert line.startswith("└── a\\n\\x1b[1m: b\\n (c)")


def test_a_table_without_a_manifest_is_unknown(tables):
    ended = tables.tablehost("lineage", "raw.parquet")
    assert ended.code == 1
    assert ended.out.startswith("raw.parquet (unknown: raw.parquet has no manifest; ")


def test_a_path_that_leads_nowhere_is_a_usage_error(tables):
    ended = tables.tablehost("lineage", "gone.parquet", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert "gone.parquet does not exist" in ended.err


@pytest.mark.parametrize(
    "block",
    [
        None,
        3,
        {"inputs": None},
        {"inputs": {"a": {"path": "a.parquet"}}},
        {"inputs": {"a": {"path": "a.parquet"}}, "parents": 3, "outputs": [1], "cwd": 3},
        {"inputs": {"a": [{"path": "a.parquet"}, 3]}, "parents": [None, {"path": 1}], "code": []},
    ],
)
def test_an_ancestry_that_the_manifest_does_not_say_is_unknown(tables, block):
    tables.write_manifest({"run_provenance": block, "table": {"rows": "many"}})
    ended = tables.tablehost("lineage", "t.parquet")
    assert ended.code == 1
    assert "(unknown: the manifest " in ended.out
    assert json.loads(tables.tablehost("lineage", "t.parquet", "--json").out)["edges"]
