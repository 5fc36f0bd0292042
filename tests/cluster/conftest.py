"""A Dask cluster on this machine: a scheduler and its workers, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

DASK = [sys.executable, "-m", "dask"]
SOON_LOST = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s"}
ON_LOOPBACK = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]


class Cluster:
    """A scheduler and workers, which a test may kill.

    Args:
        folder: for their logs; they work in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", file)
        while not (file.exists() and file.read_text()):
            assert self.scheduler.poll() is None, self.log
            time.sleep(0.02)
        self.address: str = json.loads(file.read_text())["address"]

    def worker(self, *options: str, before: tuple[str, ...] = (), **environment: str):
        """Start a worker of one slot, and wait until the scheduler knows it."""
        known = self.log.count("Register worker")
        own = [self.address, "--nthreads", "1", "--no-nanny", *options]
        process = self._start("worker", *own, before=before, environment=environment)
        while self.log.count("Register worker") == known:
            assert process.poll() is None, self.log
            time.sleep(0.02)
        return process

    @property
    def log(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def _start(self, *arguments: object, before=(), environment=None):
        log = self.folder / f"{len(self.processes)}.log"
        command = [*before, *DASK, *map(str, arguments), *ON_LOOPBACK]
        with log.open("wb") as file:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=os.environ | SOON_LOST | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def stop(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give a cluster with one worker to the tests of a module."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.worker()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def new_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cluster]]:
    """Start schedulers without workers that belong to one test."""
    made: list[Cluster] = []

    def start() -> Cluster:
        made.append(Cluster(tmp_path_factory.mktemp("cluster")))
        return made[-1]

    yield start
    for one in made:
        one.stop()


@pytest.fixture
def cluster(new_cluster: Callable[[], Cluster]) -> Cluster:
    """Give a scheduler without workers that belongs to one test."""
    return new_cluster()


@pytest.fixture
def when(project) -> Iterator[Callable[..., None]]:
    """Do something on a thread of its own as soon as so many items were begun."""
    threads: list[Thread] = []

    def begin(count: int, action: Callable[[], object]) -> None:
        threads.append(Thread(target=wait, args=(count, action)))
        threads[-1].start()

    def wait(count: int, action: Callable[[], object]) -> None:
        path, until = project.path / "worked-on", time.monotonic() + 60
        while time.monotonic() < until:
            if path.exists() and len(path.read_text().split()) >= count:
                action()
                return
            time.sleep(0.01)

    yield begin
    for thread in threads:
        thread.join()
