"""A cluster on this machine: what scheduler, host and ledger can carry, with items of no cost."""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from measure import measure, tablehost
from squares import square

from tablehost.console.text import utc_now
from tablehost.contract.build import Session
from tablehost.files.names import new_run_id
from tablehost.items import batches
from tablehost.items.dask_engine import connect
from tablehost.items.finished import Code
from tablehost.items.ledger import Ledger
from tablehost.items.task import Needs, Outcome, Task, Work

BUILDER = Path(__file__).parent / "squares.py"
DASK = [sys.executable, "-m", "dask"]
ITEMS = 20_000
SECONDS = 8.0


def main() -> None:
    print("items of no cost on a Dask cluster on this machine: a scheduler, a worker of 2 slots")
    with tempfile.TemporaryDirectory() as folder, _cluster(Path(folder)) as (address, scheduler):
        for most in (1, 16, 64, 256):
            _batches_of(most, address, scheduler)
        for at_once in (1, 64):
            _ledger(Path(folder) / f"{at_once}.ledger", at_once)
        for name, options in {"2 workers here": (), "cluster": ("--scheduler", address)}.items():
            few, many = (_run(Path(folder), name, n, options) for n in (100, ITEMS))
            seconds, cpu = many.seconds - few.seconds, many.cpu - few.cpu
            print(
                f"  run.map with its ledger, {name}: {ITEMS / seconds:.0f} items/s, "
                f"{1e3 * cpu / ITEMS:.3f} ms CPU an item of the host and its own workers"
            )


def _batches_of(most: int, address: str, scheduler: psutil.Process) -> None:
    """Print how many items and batches come back a second, and the CPU of a batch."""
    batches._MOST_ITEMS = most  # noqa: SLF001  # what is varied
    pool, host = connect(address), psutil.Process()
    endless = (Task(str(number), pickle.dumps(number)) for number in range(10**9))
    sources = {BUILDER: hashlib.sha256(BUILDER.read_bytes()).hexdigest()}
    running = pool.run(Work.of(square, BUILDER, None, {}, Needs(builder=sources)), endless)
    _take(running, SECONDS / 2)  # until batches have grown
    before, began = (_cpu(scheduler), _cpu(host)), time.monotonic()
    items, sent = _take(running, SECONDS)
    seconds = time.monotonic() - began
    running.close()
    used = (1e3 * (_cpu(scheduler) - before[0]) / sent, 1e3 * (_cpu(host) - before[1]) / sent)
    print(
        f"  batches of {most}: {items / seconds:.0f} items/s, {sent / seconds:.0f} batches/s; CPU "
        f"of a batch: scheduler {used[0]:.1f} ms, host {used[1]:.1f} ms"
    )
    pool.stop()


def _take(running: Iterator[list[object]], seconds: float) -> tuple[int, int]:
    until, items, sent = time.monotonic() + seconds, 0, 0
    for some in running:
        items, sent = items + len(some), sent + bool(some)
        if time.monotonic() > until:
            break
    return items, sent


def _ledger(path: Path, at_once: int) -> None:
    """Print how many results a second the ledger alone keeps, with so many to a commit."""
    session = Session(new_run_id(), utc_now(), user="me", host="here")
    with Ledger(path, session) as ledger:
        of_map = ledger.begin_map("0" * 64, "{}", code=Code.of({}))
        tasks = [Task(f"{number:09d}", b"") for number in range(ITEMS)]
        ledger.want(of_map, tasks, {})
        began, used = time.monotonic(), _cpu(psutil.Process())
        for number, task in enumerate(tasks):
            ledger.note(of_map, Outcome(task.key, result=b"x" * 600, seconds=0.0, worker="here:1"))
            if number % at_once == 0:
                ledger.commit()
        rate, cpu = ITEMS / (time.monotonic() - began), _cpu(psutil.Process()) - used
    size = path.stat().st_size / ITEMS
    print(
        f"  ledger alone, {at_once} to a commit: {rate:.0f} items/s, {1e3 * cpu / ITEMS:.3f} ms "
        f"CPU an item, {size:.0f} bytes an item of 600 compressed"
    )


def _cpu(process: psutil.Process) -> float:
    """Return the CPU seconds of a process, without those of its children."""
    used = process.cpu_times()
    return float(used.user + used.system)


def _run(folder: Path, name: str, count: int, options: tuple[str, ...]) -> object:
    out = folder / f"{name}-{count}.parquet"
    return measure(
        tablehost("run", BUILDER, "--count", count, "--out", out, "--workers", 2, *options)
    )


@contextmanager
def _cluster(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    file = folder / "scheduler.json"
    known = ["--scheduler-file", file, "--no-dashboard", "--host", "127.0.0.1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*DASK, "scheduler", "--port", "0", *known], **quiet) as scheduler:
        while not (file.exists() and file.read_text()):
            time.sleep(0.1)
        worker = [*DASK, "worker", *known, "--nthreads", "2", "--no-nanny", "--memory-limit", "0"]
        with subprocess.Popen([str(one) for one in worker], **quiet) as working:
            yield json.loads(file.read_text())["address"], psutil.Process(scheduler.pid)
            working.kill()
        scheduler.kill()


if __name__ == "__main__":
    main()
