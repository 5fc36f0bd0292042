"""Clips of an object store on a cluster that loses two workers and its scheduler."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from threading import Thread

import imageio_ffmpeg
import pytest
from object_store import MISSING, serving

pytest.importorskip(
    "distributed", reason="the tests of --scheduler are left out: pip install 'tablehost[dask]'"
)
for name in ("moto", "obstore"):
    pytest.importorskip(name, reason=MISSING)
pytestmark = pytest.mark.long

PIECES = 24


def finished(ledger) -> int:
    """Count the finished items; there is no ledger at first, and no table in it."""
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db,
    ):
        return int(db.execute("SELECT count(*) FROM items").fetchone()[0])
    return 0


def once(reached: Callable[[], bool], action: Callable[[], object]) -> Thread:
    """Do something on a thread of its own as soon as a state is reached."""

    def wait() -> None:
        until = time.monotonic() + 120
        while not reached() and time.monotonic() < until:
            time.sleep(0.05)
        action()

    thread = Thread(target=wait)
    thread.start()
    return thread


@pytest.mark.outcome("The bytes of the table are those of a plain local run.")
def test_clips_of_a_store_on_a_cluster_that_loses_workers_and_its_scheduler(
    project, clips, monkeypatch, new_cluster
):
    lines = ["video_name,video_score"]
    for number in range(PIECES):
        piece = project.path / f"clips/{number:02d}.mp4"
        piece.parent.mkdir(exist_ok=True)
        cut = ["-frames:v", "24", "-vf", "scale=320:240", "-ss", f"0.{number:02d}", "-an"]
        ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-nostdin"]
        subprocess.run([*ffmpeg, "-i", clips / "bikes.mp4", *cut, piece], check=True)
        lines.append(f"{piece.name},3.{number}")
    project.write("scores.csv", "\n".join(lines) + "\n")
    local = ("run", "extract_k150k", "--scores", "scores.csv", "--audit-clips", 0)
    done = project.run(*local, "--clips-dir", "clips", "--out", "local.parquet")
    assert done.code == 0, done.err
    with serving() as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        bucket = store.bucket("corpus")
        for piece in sorted(project.path.glob("clips/*")):
            store.put(f"{bucket}/{piece.name}", piece)
        run = (*local, "--clips-dir", bucket, "--out", "t.parquet", "--scheduler")
        ledger = project.path / "t.parquet.ledger"
        cluster = new_cluster()
        cluster.worker()
        for count in (3, 6):
            worker = cluster.worker()
            once(lambda count=count: finished(ledger) >= count, worker.kill)
        once(lambda: finished(ledger) >= 10, cluster.scheduler.kill)
        lost = project.run(*run, cluster.address)
        assert lost.code == 2, lost.err
        assert "the scheduler was lost" in lost.err
        assert 10 <= finished(ledger) < PIECES
        another = new_cluster()
        another.worker()
        done = project.run(*run, another.address)
        assert done.code == 0, done.err
    assert project.digest("t.parquet") == project.digest("local.parquet")
    assert project.manifest("t.parquet")["run"]["items"]["failed"] == 0
