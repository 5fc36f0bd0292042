"""A run of clips that is killed and begun again, as often as it takes."""

import contextlib
import random
import shutil
import sqlite3
import time

import pytest

COMMAND = (
    *("run", "extract_k150k", "--clips-dir", "clips", "--scores", "scores.csv"),
    *("--out", "t.parquet", "--ffmpeg", "engine", "--audit-clips", "0"),
)
ENGINE = """#!/bin/sh
printf '%s\\n' "$@" | sed -n 's#^file:.*/clips/##p' >> "{here}/measured"
exec "{real}" "$@"
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, new_project, real_clips, run_ffmpeg, label):
    """Give a project with ten clips and one that is broken."""
    project = new_project(tmp_path_factory.mktemp("corpus"))
    clips = project.path / "clips"
    clips.mkdir()
    cut = ("-frames:v", 8, "-an", "-vf", "scale=320:240")
    run_ffmpeg("-i", real_clips / "bikes.mp4", *cut, clips / "0.mp4")
    for number in range(1, 10):
        shutil.copy(clips / "0.mp4", clips / f"{number}.mp4")
    (clips / "broken.mp4").write_bytes((clips / "0.mp4").read_bytes()[:2000])
    label(project)
    return project


@pytest.fixture(scope="module")
def noted(ffmpeg):
    """Give a project an engine that notes each clip which it is asked to measure."""

    def note(project):
        engine = project.path / "engine"
        engine.write_text(ENGINE.format(here=project.path, real=ffmpeg))
        engine.chmod(0o755)
        return project

    return note


@pytest.fixture(scope="module")
def calm(tmp_path_factory, new_project, corpus, noted):
    """Give the digest of the table that an undisturbed run with one worker makes."""
    project = new_project(tmp_path_factory.mktemp("calm"))
    shutil.copytree(corpus.path, project.path, dirs_exist_ok=True)
    assert noted(project).run(*COMMAND, "--workers", 1).code == 1
    return project.digest("t.parquet")


def measured(project):
    path = project.path / "measured"
    return path.read_text().split() if path.exists() else []


def finished(project):
    """Name the clips that the ledger has a row of."""
    path = project.path / "t.parquet.ledger"
    if not path.exists():
        return set()
    with contextlib.closing(sqlite3.connect(path)) as db:
        return {row[0] for row in db.execute("SELECT key FROM items")}


@pytest.mark.long
@pytest.mark.outcome("The same bytes as undisturbed; no clip of the ledger is measured again.")
def test_a_run_that_is_killed_four_times_and_continued(project, corpus, noted, calm):
    shutil.copytree(corpus.path, project.path, dirs_exist_ok=True)
    noted(project)
    chance = random.Random(20261123)
    for _ in range(4):
        before, done = measured(project), finished(project)
        process = project.start(*COMMAND, "--workers", 2)
        deadline = time.monotonic() + 60
        while len(measured(project)) == len(before) and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.communicate()
        assert not done & set(measured(project)[len(before) :])
        table, manifest = project.path / "t.parquet", project.path / "t.parquet.manifest.json"
        assert manifest.exists() or not table.exists()
    before, done = measured(project), finished(project)
    assert project.run(*COMMAND).code == 1
    assert not done & set(measured(project)[len(before) :])
    assert project.digest("t.parquet") == calm
    assert project.manifest("t.parquet")["stats"]["parquet_rows"] == 10


@pytest.mark.outcome("The same bytes.")
def test_one_worker_or_two_and_clips_one_by_one_or_at_once(project, corpus, noted, calm):
    shutil.copytree(corpus.path, project.path, dirs_exist_ok=True)
    noted(project)
    assert project.run(*COMMAND, "--limit", 3, "--workers", 2).code == 0
    assert project.run(*COMMAND, "--workers", 2, "--threads", 2).code == 1
    assert project.digest("t.parquet") == calm
    once = sorted(name for name in measured(project) if name != "broken.mp4")
    assert once == [f"{number}.mp4" for number in range(10)]
