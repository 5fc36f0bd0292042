"""The distributions install by themselves, from their folders and as wheels."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
FOLDERS = ["core", "plugins/extract_k150k", "plugins/combine", "plugins/enrich"]


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the interpreter of a new environment with what the README says to install."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    pip(python, "install", "-c", REPOSITORY / "constraints.txt", "./core", "./plugins/combine")
    return python


def pip(python: Path, *arguments: object) -> None:
    ended = subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "-q", *map(str, arguments)],
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


def test_core_and_one_plugin_install_from_their_folders(python: Path, tmp_path: Path) -> None:
    assert installed(python, tmp_path) == {"combine": "ready"}


def test_wheels_install_away_from_the_repository(python: Path, tmp_path: Path) -> None:
    for folder in FOLDERS:
        wheel = [sys.executable, "-m", "pip", "-q", "wheel", "--no-deps", "--no-build-isolation"]
        subprocess.run([*wheel, "-w", tmp_path, f"./{folder}"], cwd=REPOSITORY, check=True)
    # the one requirement that nothing installed so far has
    pip(python, "download", "-d", tmp_path, "-c", REPOSITORY / "constraints.txt", "msgspec")
    pip(python, "uninstall", "-y", "tablehost", "tablehost-combine")
    names = ["tablehost", "tablehost-combine", "tablehost-enrich"]
    pip(python, "install", "--no-index", "--find-links", tmp_path, *names)
    assert installed(python, tmp_path) == {"combine": "ready", "enrich": "ready"}


def test_every_distribution_is_typed_and_of_one_version(tmp_path: Path) -> None:
    for folder in FOLDERS:
        assert list((REPOSITORY / folder / "src").glob("*/py.typed"))
        assert 'version = "1.0.0"' in (REPOSITORY / folder / "pyproject.toml").read_text()
