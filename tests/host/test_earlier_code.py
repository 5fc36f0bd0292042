"""What becomes of finished items when the code that made them is edited, and what `why` says."""

import sqlite3
from contextlib import closing

import pytest
from scaling import RUN, SCALED, lengths, refresh, why

from tablehost.items.ledger_format import UNKNOWN_CODE, checksum

ROW = "recipe, key, identity, inputs, code, result"


@pytest.fixture
def scaled(project):
    """Give the table of a builder of one file that imports a module beside it."""
    project.write("scaled.py", SCALED)
    project.write("factors.py", "from deep.base import BASE\nFACTOR = BASE\n")
    project.write("deep/__init__.py", "")
    project.write("deep/base.py", "BASE = 2\n")
    project.write("deep/other.py", "OTHER = 2\n")
    project.write("table.py", "NAME = 'length'\n")
    for name in "abc":
        project.write(f"folder/{name}.txt", name)
    assert project.run(*RUN).code == 0
    return project


def items(project):
    return project.manifest("t.parquet")["run"]["items"]


def edit(project):
    """Edit what a module does that the item function imports from a module that it imports."""
    project.write("deep/base.py", "BASE = 3\n")


@pytest.mark.outcome("Exit 2 before the first item: how many, since when, what changed.")
def test_a_run_stops_where_other_code_has_made_finished_items(scaled):
    before = scaled.digest("t.parquet")
    edit(scaled)
    scaled.write("folder/d.txt", "d")
    ended = scaled.run(*RUN)
    since = items(scaled)["by_code"][0]["since"]
    assert ended.code == 2
    assert ended.err.splitlines()[-1].endswith(
        f"other code has made 3 finished items, the first of {since} (deep/base.py has other "
        "code): --keep-items keeps them, --redo-items makes them again, --fresh makes every item "
        "again"
    )
    planned = scaled.run(*RUN, "--dry-run").out
    assert f"finished other code has made 3 finished items, the first of {since}" in planned
    assert "which items are to do is not known before the builder has listed them" in planned
    assert scaled.digest("t.parquet") == before
    assert not (scaled.path / "t.parquet.failed.json").exists()
    kinds = ["inputs-changed", "rows-of-earlier-code", "code-changed"]
    assert why(scaled)[:2] == ("stale", kinds)
    assert "--redo-items" in refresh(scaled)
    assert lengths(scaled) == [3, 3, 3, 3]


@pytest.mark.outcome("Kept once and for all, said in each run; `why` stays stale until redone.")
def test_items_of_other_code_are_kept_on_request_and_counted(scaled):
    edit(scaled)
    scaled.write("folder/d.txt", "d")
    assert scaled.run(*RUN, "--keep-items").code == 0
    assert lengths(scaled) == [2, 2, 2, 3]
    assert [one["count"] for one in items(scaled)["by_code"]] == [3, 1]
    ended = scaled.run(*RUN)
    assert (ended.code, "up to date" in ended.err) == (0, True)
    assert "other code has made 3 finished items" in ended.err
    assert why(scaled)[:2] == ("stale", ["rows-of-earlier-code"])
    assert "--redo-items" in refresh(scaled)
    assert lengths(scaled) == [3, 3, 3, 3]
    assert [one["count"] for one in items(scaled)["by_code"]] == [4]
    edit(scaled)
    scaled.write("deep/base.py", "BASE = 4\n")
    assert scaled.run(*RUN).code == 2  # what was kept under other code is asked for again


@pytest.mark.outcome("What is not listed now is made again when it is; nothing is asked twice.")
def test_items_to_redo_that_are_not_listed_are_never_taken_later(scaled):
    edit(scaled)
    kept = (scaled.path / "folder/c.txt").rename(scaled.path / "c.txt")
    assert scaled.run(*RUN, "--redo-items").code == 0
    assert lengths(scaled) == [3, 3]
    kept.rename(scaled.path / "folder/c.txt")
    assert scaled.run(*RUN).code == 0
    assert lengths(scaled) == [3, 3, 3]


def test_a_raised_item_version_makes_items_again_without_asking(scaled):
    edit(scaled)
    scaled.write("scaled.py", f"ITEM_VERSION = 2\n{SCALED}")
    ended = scaled.run(*RUN)
    assert ended.code == 0, ended.err
    assert lengths(scaled) == [3, 3, 3]
    assert why(scaled)[0] == "current"
    scaled.write("scaled.py", SCALED)
    assert scaled.run(*RUN).code == 2  # a lower one is another recipe


@pytest.mark.outcome("Nothing to do, and current.")
@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("scaled.py", f"# a comment\n{SCALED.replace('Scale one.', 'Scale it.')}"),
        ("scaled.py", SCALED.replace("Folder of files", "The folder")),
        ("deep/base.py", "'A docstring.'\nBASE = (\n    2\n)\n"),
    ],
)
def test_comments_layout_docstrings_and_help_texts_change_nothing(scaled, name, source):
    scaled.write(name, source)
    ended = scaled.run(*RUN)
    assert (ended.code, "up to date" in ended.err) == (0, True), ended.err
    assert why(scaled)[:2] == ("current", ["code-changed"])


def test_a_module_that_the_items_do_not_import_redoes_none_of_them(scaled):
    scaled.write("deep/other.py", "OTHER = 3\n")
    assert why(scaled)[:2] == ("stale", ["code-changed"])
    assert "--redo-items" not in refresh(scaled)
    assert items(scaled)["done_before"] == 3


def test_run_and_why_agree_where_the_same_bytes_come_of_other_code(scaled):
    scaled.write("deep/other.py", "OTHER = 3\n")
    ended = scaled.run(*RUN)
    assert "up to date" not in ended.err
    assert why(scaled)[0] == "current"


def test_the_modules_beside_a_builder_are_recorded_and_come_after_all_others(scaled):
    modules = scaled.manifest("t.parquet")["run_provenance"]["code"]["plugin"]["modules"]
    names = {"scaled.py", "factors.py", "table.py"}
    names |= {"deep/__init__.py", "deep/base.py", "deep/other.py"}
    assert set(modules) == names
    (code,) = items(scaled)["by_code"]
    assert set(code["modules"]) == names - {"deep/other.py"}
    scaled.write("json.py", "raise SystemExit('the wrong one')\n")
    assert scaled.run(*RUN, "--overwrite").code == 0


@pytest.mark.outcome("Exit 2 once; adopted as of unknown code, which `why` says.")
def test_items_of_unknown_code_stop_the_first_run_and_are_adopted_on_request(scaled):
    with closing(sqlite3.connect(scaled.path / "t.parquet.ledger")) as db, db:
        for row in db.execute(f"SELECT {ROW} FROM items").fetchall():
            recipe, key, identity, inputs, _, result = row
            right = checksum((recipe, key, identity, inputs, UNKNOWN_CODE, result))
            db.execute("UPDATE items SET code = 0, checksum = ? WHERE key = ?", (right, key))
    ended = scaled.run(*RUN)
    assert (ended.code, "whose code was not recorded" in ended.err) == (2, True), ended.err
    assert scaled.run(*RUN, "--keep-items").code == 0
    assert items(scaled)["by_code"][0]["digest"] is None
    assert why(scaled)[:2] == ("unknown", ["rows-of-earlier-code"])
    assert scaled.run(*RUN).code == 0
    refresh(scaled)


def test_to_keep_and_to_redo_at_once_is_refused(scaled):
    ended = scaled.run(*RUN, "--keep-items", "--redo-items")
    assert (ended.code, "exclude each other" in ended.err) == (2, True), ended.err


@pytest.mark.outcome("Exit 2, no table; finished items are kept.")
def test_code_that_changes_while_a_table_is_built_is_noticed(scaled):
    before = "    import table\n"
    changing = f"{before}    Path('table.py').write_text('NAME = 1')\n"
    scaled.write("scaled.py", SCALED.replace(before, changing))
    ended = scaled.run(*RUN, "--keep-items")
    assert (ended.code, "its code changed while the table was built" in ended.err) == (2, True)


def test_why_names_items_that_were_made_under_other_packages(scaled):
    with closing(sqlite3.connect(scaled.path / "t.parquet.ledger")) as db, db:
        db.execute('UPDATE sessions SET packages = \'{"attrs": "1.0"}\'')
    scaled.write("folder/d.txt", "d")
    assert scaled.run(*RUN).code == 0
    assert "3 items made under attrs 1.0" in why(scaled)[2]["notes"]


@pytest.mark.outcome("Exit 2: the module has other code; `why` says so.")
def test_a_module_that_a_star_import_brings_in_is_code_of_the_items(scaled):
    scaled.write("scaled.py", SCALED.replace("from factors", "from deep import *\nfrom factors"))
    scaled.write("deep/__init__.py", "__all__ = ['other']\n")
    assert scaled.run(*RUN, "--redo-items").code == 0
    scaled.write("deep/other.py", "OTHER = 3\n")
    assert scaled.run(*RUN).code == 2
    assert "--redo-items" in refresh(scaled)
