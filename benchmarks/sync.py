"""What it costs to sync the ledger within a second: the time inside the sync calls of a run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import tablehost

from tablehost.cli import main as tablehost_main
from tablehost.items.ledger_sync import Syncing

BUILDER = Path(__file__).parent / "squares.py"
MOST = 0.05


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"the ledger's sync, {count} trivial items", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        _, _, *run = tablehost("run", BUILDER, "--count", count, "--out", f"{folder}/t.parquet")
        command = [sys.executable, __file__, *map(str, run[1:]), "--quiet"]
        subprocess.run(command, check=True, env=os.environ | {"MEASURED_RUN": "1"})


def measured_run() -> None:
    """Run tablehost in this process, and print the time that its sync calls have taken."""
    calls: list[tuple[float, float]] = []
    sync, began = Syncing._sync, time.perf_counter()  # noqa: SLF001  # what is measured

    def timed(self: Syncing) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        sync(self)
        calls.append((time.perf_counter() - wall, time.thread_time() - cpu))

    Syncing._sync = timed  # type: ignore[method-assign]  # noqa: SLF001
    try:
        tablehost_main()
    finally:
        whole, times = time.perf_counter() - began, os.times()
        cpu = sum(times[:4])
        in_wall, in_cpu = (sum(column) for column in zip(*calls, strict=True))
        print(f"  a run of {whole:.1f} s, {cpu:.1f} s cpu; {len(calls)} sync calls")
        print(f"  inside them: {in_wall:.3f} s of the clock, {in_wall / whole:.2%} of the run")
        print(f"               {in_cpu:.3f} s cpu, {in_cpu / cpu:.2%} of the run's", flush=True)
        if in_wall > MOST * whole:
            sys.exit(f"more than {MOST:.0%}")


if __name__ == "__main__":
    measured_run() if "MEASURED_RUN" in os.environ else main()
