"""Which code makes an item: the classes of items, and the libraries of a team."""

import os

import pytest
from scaling import RUN, SCALED, lengths, refresh, why

from tablehost.provenance import code, sources
from tablehost.trust.evidence import builder
from tablehost.trust.evidence import code as evidence

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
    for cached in (*installed, builder._load, evidence._installed_code):
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
