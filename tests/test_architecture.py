"""The rooms and their floors: `make lint` sees each way to break them."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
CORE = REPOSITORY / "core/src/tablehost"
ROOMS = sorted(path.name for path in CORE.iterdir() if (path / "__init__.py").is_file())
TOP = {"__init__.py", "__main__.py", "hookspecs.py", "py.typed", "split.py"}
HEAVY = {"pyarrow", "pandas", "numpy", "cattrs", "jsonschema", "rich"}
PLUGIN = "plugins/combine/src/tablehost_combine"
# What is added to which file: the contract that it breaks, and how that is reported.
BREACHES = {
    "an upward import": (
        "core/src/tablehost/files/names.py",
        "from tablehost.host import run",
        "A room of core imports lower floors only",
        "tablehost.files.names -> tablehost.host",
    ),
    "a builder that imports the host": (
        f"{PLUGIN}/describe.py",
        "from tablehost.host import run",
        "A builder imports the public faces of core only",
        "tablehost_combine.describe -> tablehost.host",
    ),
    "a builder that imports a module of a public face": (
        f"{PLUGIN}/options.py",
        "from tablehost.records.read import read_rows",
        "A builder imports the public faces of core only",
        "tablehost_combine.options -> tablehost.records.read",
    ),
    "core that imports a builder": (
        "core/src/tablehost/host/interrupts.py",
        "from tablehost_enrich import keys",
        "Core imports no builder",
        "tablehost.host.interrupts -> tablehost_enrich",
    ),
    "a cycle in a plugin": (
        f"{PLUGIN}/columns.py",
        "from tablehost_combine import builder",
        "No circular imports, in any room or plugin",
        "- .columns -> .builder (1 import)",
    ),
    "a builder that imports another": (
        f"{PLUGIN}/describe.py",
        "import tablehost_enrich",
        "A builder imports no other builder",
        "tablehost_combine.describe -> tablehost_enrich",
    ),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts of a copy of the repository, as `make lint` does."""
    sources = [folder / "core/src", *folder.glob("plugins/*/src")]
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, sources)), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Break every contract in a copy of the sources, and give what the linter reports."""
    folder = tmp_path_factory.mktemp("broken")
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    for sources in (REPOSITORY / "core/src", *REPOSITORY.glob("plugins/*/src")):
        shutil.copytree(sources, folder / sources.relative_to(REPOSITORY))
    for file, line, _, _ in BREACHES.values():
        with (folder / file).open("a") as source:
            source.write(f"{line}\n")
    ended = lint(folder)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return ended.stdout


def test_the_contracts_are_kept() -> None:
    ended = lint(REPOSITORY)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    contracts = {contract for _, _, contract, _ in BREACHES.values()}
    assert f"{len(contracts)} kept, 0 broken" in ended.stdout


@pytest.mark.parametrize("breach", BREACHES)
def test_the_linter_names_an_import_that_breaks_a_contract(report: str, breach: str) -> None:
    _, _, contract, named = BREACHES[breach]
    assert f"{contract} BROKEN" in report
    assert named in report


def test_no_module_of_core_is_outside_a_room() -> None:
    found = {path.name for path in CORE.iterdir() if path.name != "__pycache__"}
    assert found - {*ROOMS, *TOP} == set()
    assert {"contract", "host", "trust"} <= set(ROOMS)


def test_every_room_is_a_public_face_or_closed_to_builders() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    contracts = {one["name"]: one for one in settings["tool"]["importlinter"]["contracts"]}
    closed = contracts["A builder imports the public faces of core only"]["forbidden_modules"]
    open_rooms = {room for room in ROOMS if f"tablehost.{room}" not in closed}
    assert open_rooms == {"records", "table", "testing"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_begins_with_a_line_that_says_what_it_is_for(room: str) -> None:
    docstring = ast.get_docstring(ast.parse((CORE / room / "__init__.py").read_text()))
    assert docstring is not None
    assert re.fullmatch(r".+[.:;]", docstring.splitlines()[0])


def test_a_room_loads_nothing_heavy_when_it_is_imported() -> None:
    code = (
        "import importlib, sys\n"
        "for room in sys.argv[1:]:\n"
        "    importlib.import_module(f'tablehost.{room}')\n"
        "    print(room, *{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", code, *ROOMS]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    loaded = {
        room: names.split() for room, _, names in (x.partition(" ") for x in printed.splitlines())
    }
    assert [*loaded] == ROOMS
    assert {room: HEAVY & {*names} for room, names in loaded.items() if HEAVY & {*names}} == {}


def test_the_page_of_the_architecture_names_modules_and_rooms_that_exist() -> None:
    page = (REPOSITORY / "docs/explanation/architecture.md").read_text()
    named = re.findall(r"`([a-z_/]+(?:\.py|/))`", page)
    outside = {"core/", "plugins/", "fields.py", "describe.py", "docs/adr/"}
    assert len(named) > 50
    places = (CORE, CORE / "trust", REPOSITORY)
    missing = [one for one in {*named} - outside if not any((at / one).exists() for at in places)]
    assert missing == []
    assert not re.search(r"^(<<<<<<<|>>>>>>>)", page, re.MULTILINE)
    assert {f"{room}/" for room in ROOMS} <= {*named}
