"""The distributions install by themselves, from their folders and as wheels."""

from __future__ import annotations

import ast
import email
import json
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parent.parent
INSTALL = ("install", "--no-compile")  # what pip compiles here is imported once or never
BROUGHT = {"dask", "distributed"}  # one extra, `dask[distributed]`, brings both
FOLDERS = ["core", "plugins/extract_k150k", "plugins/combine", "plugins/enrich"]


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the interpreter of a new environment with what the README says to install."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip(python, *INSTALL, "-c", REPOSITORY / "constraints.txt", "./core", "./plugins/combine")
    return python


def pip(python: Path, *arguments: object) -> None:
    quiet = ["-m", "pip", "--python", python, "--disable-pip-version-check", "-q"]
    ended = subprocess.run(
        [sys.executable, *quiet, *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def installed(python: Path, folder: Path) -> dict[str, str]:
    command = [python, "-m", "tablehost", "plugins", "--json"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return {one["name"]: one["status"] for one in json.loads(ended.stdout)}


@pytest.mark.long
def test_core_and_one_plugin_install_from_their_folders(python: Path, tmp_path: Path) -> None:
    assert installed(python, tmp_path) == {"combine": "ready"}


@pytest.mark.long
def test_wheels_install_away_from_the_repository(python: Path, built: Path, tmp_path: Path) -> None:
    # the one requirement that nothing installed so far has
    pip(python, "download", "-d", tmp_path, "-c", REPOSITORY / "constraints.txt", "msgspec")
    pip(python, "uninstall", "-y", "tablehost", "tablehost-combine")
    names = ["tablehost", "tablehost-combine", "tablehost-enrich"]
    found = ("--only-binary", ":all:", "--find-links", built, "--find-links", tmp_path)
    pip(python, *INSTALL, "--no-index", *found, *names)
    assert installed(python, tmp_path) == {"combine": "ready", "enrich": "ready"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution and the wheel of every distribution."""
    dist = tmp_path_factory.mktemp("dist")
    for folder in FOLDERS:
        command = [sys.executable, "-m", "hatchling", "build", "-d", dist]
        subprocess.run(command, cwd=REPOSITORY / folder, check=True, capture_output=True)
    return dist


def wheel_files(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as wheel:
        return {Path(name).name: wheel.read(name).decode() for name in wheel.namelist()}


def sdist_files(path: Path) -> dict[str, str]:
    found = {}
    with tarfile.open(path) as sdist:
        for member in sdist.getmembers():
            if file := sdist.extractfile(member):
                found[Path(member.name).name] = file.read().decode()
    return found


def test_what_is_built_has_the_licence_and_the_readme(built: Path) -> None:
    licence = (REPOSITORY / "LICENSE").read_text()
    for folder in FOLDERS:
        name = project(folder)["name"].replace("-", "_")
        readme = (REPOSITORY / folder / "README.md").read_text()
        (wheel,), (sdist,) = built.glob(f"{name}-*.whl"), built.glob(f"{name}-*.tar.gz")
        for metadata, files in (
            ("METADATA", wheel_files(wheel)),
            ("PKG-INFO", sdist_files(sdist)),
        ):
            assert files["LICENSE"] == licence
            said = email.message_from_string(files[metadata])
            assert said["License-Expression"] == "MIT"
            assert said["Description-Content-Type"] == "text/markdown"
            assert said.get_payload().strip() == readme.strip()


def project(folder: str) -> dict[str, Any]:
    found = tomllib.loads((REPOSITORY / folder / "pyproject.toml").read_text())
    return found["project"]


def imported(folder: str) -> Iterator[str]:
    """Name the top-level modules that a distribution imports, wherever in its modules."""
    for path in (REPOSITORY / folder / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.module
                yield node.module.partition(".")[0]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_distribution_requires_exactly_what_it_imports(folder: str) -> None:
    owners = packages_distributions()
    names = set(imported(folder)) - sys.stdlib_module_names
    own = project(folder)["name"]
    needed = {canonicalize_name(owners.get(name, [name])[0]) for name in names} - {own}
    extras = project(folder).get("optional-dependencies", {})
    texts = [*project(folder)["dependencies"], *(one for some in extras.values() for one in some)]
    assert {Requirement(text).name for text in texts} | BROUGHT == needed | BROUGHT


def test_every_distribution_is_typed_and_all_have_one_version() -> None:
    versions = {
        tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["towncrier"]["version"]
    }
    for folder in FOLDERS:
        assert list((REPOSITORY / folder / "src").glob("*/py.typed"))
        versions.add(project(folder)["version"])
    assert len(versions) == 1
