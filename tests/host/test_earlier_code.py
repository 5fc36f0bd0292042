"""What becomes of finished items when the code that made them is edited, and what `why` says."""

import os
import sqlite3
from contextlib import closing

import pyarrow.parquet as pq
import pytest

from tablehost.items.ledger_format import UNKNOWN_CODE, checksum
from tablehost.provenance import code, sources
from tablehost.trust.evidence import builder
from tablehost.trust.evidence import code as evidence

SCALED = '''
from pathlib import Path
from attrs import frozen
from tablehost import InputDir, Run, hookimpl
from factors import FACTOR

@frozen
class Options:
    """Scale the lengths of files."""
    folder: InputDir
    """Folder of files."""

@frozen
class Scaled:
    name: str
    length: int

def scale(path: Path, settings: None) -> Scaled:
    """Scale one."""
    return Scaled(path.name, FACTOR * len(path.read_text()))

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    import table
    files = sorted(options.folder.glob("*.txt"))
    found = list(run.map(scale, files, key=lambda p: p.name, input=lambda p: p))
    return pa.table({table.NAME: [f.length for f in found]})
'''
ROW = "recipe, key, identity, inputs, code, result"
RUN = "run ./scaled.py --folder folder --out t.parquet --workers 0".split()


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


def lengths(project):
    return pq.read_table(project.path / "t.parquet")["length"].to_pylist()


def why(project):
    (answer,) = project.run("why", "t.parquet", "--json").json["tables"]
    return answer["verdict"], [one["kind"] for one in answer["reasons"]], answer


def items(project):
    return project.manifest("t.parquet")["run"]["items"]


def refresh(project):
    """Run the command that `why` prints, after which the table is current."""
    (command,) = why(project)[2]["refresh"]["commands"]
    ended = project.run(*command[1:])
    assert ended.code == 0, ended.err
    assert why(project)[0] == "current"
    return command


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
    assert (ended.code, "nothing to do" in ended.err) == (0, True)
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
    assert (ended.code, "nothing to do" in ended.err) == (0, True), ended.err
    assert why(scaled)[:2] == ("current", ["code-changed"])


def test_a_module_that_the_items_do_not_import_redoes_none_of_them(scaled):
    scaled.write("deep/other.py", "OTHER = 3\n")
    assert why(scaled)[:2] == ("stale", ["code-changed"])
    assert "--redo-items" not in refresh(scaled)
    assert items(scaled)["done_before"] == 3


def test_run_and_why_agree_where_the_same_bytes_come_of_other_code(scaled):
    scaled.write("deep/other.py", "OTHER = 3\n")
    ended = scaled.run(*RUN)
    assert "nothing to do" not in ended.err
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


EDITED = """
import os, signal, time
from pathlib import Path
from attrs import frozen
from tablehost import Run, Tuning, hookimpl
import factors

@frozen
class Options:
    '''Multiply numbers; the first one edits a module, and ends its worker.'''
    edit: Tuning[bool] = False
    '''Edit it.'''

@frozen
class Row:
    number: int
    product: int

def work(number: int, settings: Options) -> Row:
    IMPORT
    if settings.edit and number == 1:
        Path("factors.py").write_text("FACTOR = 3\\n")
        Path("later.py").write_text("FACTOR = 3\\n")
        KILL
    return Row(number, factors.FACTOR * number)

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    found = MAPS
    return pa.table({"product": [one.product for one in found]})
"""
MAP = "[*run.map(work, [0, 1, 2], key=str, settings=options)]"
KILL = "os.kill(os.getpid(), signal.SIGKILL)"
LATER = "if number == 2: from later import FACTOR; return Row(number, FACTOR * number)"
TWO_MAPS = f"{MAP}; found = {MAP.replace('[0, 1, 2]', '[3]')}"


@pytest.mark.outcome("Exit 2, no table; no row of other code is kept.")
@pytest.mark.parametrize(
    ("workers", "changes", "kept"),
    [
        (1, {"KILL": KILL}, [0]),
        (1, {"IMPORT": LATER}, [0, 1]),
        (0, {"IMPORT": LATER}, [0, 1]),
        (0, {"MAPS": TWO_MAPS}, [0, 1, 2]),
        (1, {"MAPS": TWO_MAPS}, [0, 1, 2]),
    ],
    ids=["killed", "imports later", "imports later here", "maps again here", "maps again"],
)
def test_no_row_of_code_that_was_edited_meanwhile_enters_the_ledger(
    project, workers, changes, kept
):
    source = EDITED
    for name, usual in {"MAPS": MAP, "KILL": "pass", "IMPORT": "pass"}.items():
        source = source.replace(name, changes.get(name, usual))
    project.write("edited.py", source)
    project.write("factors.py", "FACTOR = 2\n")
    project.write("later.py", "FACTOR = 2\n")
    run = ("run", "./edited.py", "--out", "t.parquet", "--workers", workers)
    ended = project.run(*run, "--edit")
    assert ended.code == 2, ended.err
    assert "its code changed while the table was built" in ended.err.splitlines()[-1]
    assert "py has changed" in ended.err.splitlines()[-1]
    assert not (project.path / "t.parquet").exists()
    with closing(sqlite3.connect(project.path / "t.parquet.ledger")) as db:
        assert [int(key) for (key,) in db.execute("SELECT key FROM items ORDER BY key")] == kept
    assert project.run(*run).code == 2  # what there is, is of earlier code
    assert project.run(*run, "--redo-items").code == 0
    products = pq.read_table(project.path / "t.parquet")["product"].to_pylist()
    assert products == ([9] if "MAPS" in changes else [0, 3, 6])


@pytest.mark.outcome("Exit 2: the module has other code; `why` says so.")
def test_a_module_that_a_star_import_brings_in_is_code_of_the_items(scaled):
    scaled.write("scaled.py", SCALED.replace("from factors", "from deep import *\nfrom factors"))
    scaled.write("deep/__init__.py", "__all__ = ['other']\n")
    assert scaled.run(*RUN, "--redo-items").code == 0
    scaled.write("deep/other.py", "OTHER = 3\n")
    assert scaled.run(*RUN).code == 2
    assert "--redo-items" in refresh(scaled)


HELPING = """
from attrs import frozen

@frozen
class Row:
    value: int

def work(item, settings) -> Row:
    return Row(item.value)
"""
JOBS = """
from pathlib import Path
from attrs import frozen
from tablehost import Build, Run, hookimpl
from helping import work
import others

@frozen
class Options:
    '''Ask items for their values.'''

@frozen
class Part:
    number: int

    @property
    def value(self):
        return 2 * self.number

@frozen
class Job:
    name: str
    part: object

    @property
    def value(self):
        return self.part.value

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    found = [*run.map(work, ITEMS, key=lambda job: job.name)]
    return Build(pa.table({"length": [one.value for one in found]}), inputs="none")
"""
OTHERS = """
from attrs import frozen

@frozen
class Part:
    number: int

    @property
    def value(self):
        return 3 * self.number
"""
LISTED = "[Job('a', Part(1)), Job('b', others.Part(1))]"
JOBS_RUN = "run ./jobs.py --out t.parquet --workers 0".split()


@pytest.mark.parametrize(
    ("edited", "before", "after", "lengths_after"),
    [("jobs", "2 *", "4 *", [4, 3]), ("others", "3 *", "5 *", [2, 5])],
)
def test_the_classes_of_items_are_code_of_theirs(project, edited, before, after, lengths_after):
    sources = {"jobs": JOBS.replace("ITEMS", LISTED), "others": OTHERS}
    project.write("helping.py", HELPING)
    for name, source in sources.items():
        project.write(f"{name}.py", source)
    assert project.run(*JOBS_RUN).code == 0
    assert lengths(project) == [2, 3]
    project.write(f"{edited}.py", sources[edited].replace(before, after))
    ended = project.run(*JOBS_RUN)
    assert (ended.code, f"({edited}.py has other code)" in ended.err) == (2, True), ended.err
    assert "--redo-items" in refresh(project)
    assert lengths(project) == lengths_after


@pytest.mark.outcome("Exit 3, naming both modules and the remedy.")
def test_an_iterator_cannot_list_items_of_code_that_is_not_known_from_its_start(project):
    project.write("helping.py", HELPING)
    project.write("others.py", OTHERS)
    listed = "iter([others.Part(1), Job('b', Part(1))])"
    source = JOBS.replace("ITEMS", listed).replace("job.name", "str(hash(job))")
    project.write("jobs.py", source)
    ended = project.run(*JOBS_RUN)
    assert ended.code == 3
    assert "an item of jobs is listed after items of other modules, and helping" in ended.err
    project.write("jobs.py", source.replace(listed, f"[*{listed}]"))
    assert project.run(*JOBS_RUN, "--redo-items").code == 0


TEAM_BUILDER = """
from attrs import frozen
from tablehost import Build, Run, hookimpl
from teamlib.work import work

@frozen
class Options:
    '''Let a library of the team measure.'''

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    found = [*run.map(work, [1, 2], key=str)]
    return Build(pa.table({"length": [one.length for one in found]}), inputs="none")
"""
TEAM_WORK = """
from attrs import frozen
from teamlib.base import BASE
from teamutil import ONE

@frozen
class Row:
    length: int

def work(item: int, settings: None) -> Row:
    return Row(BASE * item * ONE)
"""


def install(project, name, files, points=""):
    """Install a distribution, as pip leaves it."""
    info = f"{name}-1.0.dist-info"
    for file, source in files.items():
        project.write(f"site/{file}", source)
    project.write(f"site/{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    project.write(f"site/{info}/entry_points.txt", points)
    recorded = "".join(f"{file},,\n" for file in [*files, f"{info}/METADATA"])
    project.write(f"site/{info}/RECORD", recorded)


@pytest.fixture
def team(project, monkeypatch):
    """Give a project with a place of its own for what is installed, and forget what was."""
    site = str(project.path / "site")
    path = os.pathsep.join(filter(None, [site, os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    installed = (sources._recorded, sources.distributions_of, code._versions)
    for cached in (*installed, builder._load, evidence._installed_modules):
        cached.cache_clear()
    return project


@pytest.mark.outcome("Current after the command that `why` prints.")
@pytest.mark.parametrize("installed", [True, False], ids=["installed", "one file"])
def test_items_of_a_function_of_another_distribution_are_redone_as_why_says(team, installed):
    files = {"teamlib/__init__.py": "", "teamlib/work.py": TEAM_WORK}
    files |= {"teamlib/base.py": "BASE = 2\n", "teamutil.py": "ONE = 1\n"}
    install(team, "team_lib", files)
    who = "teamwork"
    if installed:
        points = "[tablehost.builders]\nteamwork = teamwork\n"
        install(team, "teamwork", {"teamwork.py": TEAM_BUILDER}, points)
    else:
        who = "./teamwork.py"
        team.write("teamwork.py", TEAM_BUILDER)
    assert team.run("run", who, "--out", "t.parquet", "--workers", 0).code == 0
    assert why(team)[0] == "current", why(team)
    for edited in ("teamlib/base.py", "teamutil.py"):
        team.write(f"site/{edited}", files[edited].replace("= ", "= 3 * "))
    verdict, kinds, answer = why(team)
    assert (verdict, kinds) == ("stale", ["rows-of-earlier-code"])
    changed = ["teamlib/base.py has other code", "teamutil.py has other code"]
    assert answer["reasons"][0]["details"] == changed
    refresh(team)
    assert why(team)[:2] == ("current", [])


@pytest.mark.outcome("The versions are in the record, and `why` names rows made under others.")
def test_the_versions_of_what_a_builder_of_one_file_imports_are_recorded(team):
    install(team, "odd_name", {"oddly/__init__.py": ""})
    install(team, "plain", {"plain.py": ""})
    team.write("scaled.py", SCALED)
    team.write("factors.py", "import oddly\nfrom plain import *\nFACTOR = 2\n")
    team.write("table.py", "NAME = 'length'\n")
    team.write("folder/a.txt", "a")
    assert team.run(*RUN).code == 0
    packages = team.manifest("t.parquet")["run_provenance"]["code"]["packages"]
    assert (packages["odd-name"], packages["plain"]) == ("1.0", "1.0")
    team.write("site/odd_name-1.0.dist-info/METADATA", "Name: odd_name\nVersion: 1.1\n")
    code._versions.cache_clear()
    verdict, _, answer = why(team)
    assert verdict == "current"
    assert "1 item made under odd-name 1.0" in answer["notes"]
    assert "odd-name 1.0 -> 1.1" in answer["notes"]
