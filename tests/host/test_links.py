"""Folders of links, as corpora and caches of downloads are."""

import hashlib
import subprocess

import pytest

LISTED = '''
from attrs import frozen
from tablehost import Build, InputDir, InputFiles, Run, hookimpl, parts_of

@frozen
class Options:
    """Read the texts of a folder."""
    texts: InputDir | None = None
    """The folder."""
    parts: InputFiles | None = None
    """Texts."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    paths = parts_of(options.parts or options.texts).files
    return pa.table({"text": [path.read_text() for path in paths if path.exists()]})
'''
DIR_HASH1 = (
    "find -L . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum -- | sha256sum"
)


@pytest.fixture
def cached(project):
    """Give a folder whose files are links into another, as a cache of downloads has them."""
    project.write("listed.py", LISTED)
    for text in ("one", "two"):
        blob = hashlib.sha256(text.encode()).hexdigest()
        project.write(f"blobs/{blob}", text)
        (project.path / "snapshot/sub").mkdir(parents=True, exist_ok=True)
        (project.path / f"snapshot/sub/{text}.txt").symlink_to(f"../../blobs/{blob}")
    (project.path / "snapshot/again").symlink_to("sub")
    (project.path / "snapshot/sub/loop").symlink_to("..")
    return project


@pytest.mark.parametrize("option", ["--texts", "--parts"])
def test_a_folder_of_links_is_a_folder_of_files(cached, option):
    run = ("run", "./listed.py", option, "snapshot", "--out", "t.parquet")
    assert cached.run(*run).code == 0
    described = cached.manifest("t.parquet")["run_provenance"]["inputs"][option[2:]]
    found = subprocess.run(
        ["sh", "-c", DIR_HASH1], cwd=cached.path / "snapshot", capture_output=True, check=False
    )
    assert (described["files"], described["dir_hash1"]) == (4, found.stdout[:64].decode())
    assert cached.run("why", "t.parquet").out.startswith("current")
    (cached.path / "snapshot/sub/two.txt").resolve().write_text("other")
    ended = cached.run("why", "t.parquet")
    assert ended.out.startswith("stale")
    assert "changed again/two.txt" in ended.out


@pytest.mark.outcome("Exit 2: the link, and what it points to.")
@pytest.mark.parametrize("option", ["--texts", "--parts"])
def test_a_link_to_nothing_in_a_folder_of_inputs_ends_the_run(cached, option):
    (cached.path / "snapshot/gone.txt").symlink_to("nowhere")
    ended = cached.run("run", "./listed.py", option, "snapshot", "--out", "t.parquet")
    assert ended.code == 2
    assert f"{option}: snapshot/gone.txt is a symbolic link to nowhere, which is not" in ended.err
    assert not (cached.path / "t.parquet").exists()


@pytest.mark.parametrize("option", ["--texts", "--parts"])
def test_a_table_whose_folder_has_got_a_link_to_nothing_is_stale(cached, option):
    run = ("run", "./listed.py", option, "snapshot", "--out", "t.parquet")
    assert cached.run(*run).code == 0
    (cached.path / "snapshot/gone.txt").symlink_to("nowhere")
    ended = cached.run("why", "t.parquet")
    assert ended.out.startswith("stale")
    assert "gone.txt" in ended.out


def test_a_run_names_the_files_that_it_does_not_take_for_parts(cached):
    for name in ("_SUCCESS", ".hidden", "old/_x/part"):
        cached.write(f"snapshot/{name}", "")
    run = ("run", "./listed.py", "--parts", "snapshot", "--out", "t.parquet")
    assert "4 files, 3 left out" in cached.run(*run, "--dry-run").out
    ended = cached.run(*run)
    assert ended.code == 0
    said = "--parts: of snapshot, 3 files are not taken for parts: .hidden, _SUCCESS, old/_x/part"
    assert said in ended.err
