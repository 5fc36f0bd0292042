"""The host alone: trivial items through run.map with its ledger."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import measure, show, tablehost

BUILDER = Path(__file__).parent / "squares.py"


def main() -> None:
    few, many = 10_000, int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"trivial items through run.map, with ledger, {few} and {many}")
    with tempfile.TemporaryDirectory() as folder:
        empty = measure(_run(folder, 0, "none"))
        small = measure(_run(folder, few, "few"))
        large = measure(_run(folder, many, "many"))
        again = measure(_run(folder, many, "many"))
    show("no items: start-up and commit", empty)
    show(f"{few} items", small)
    show(f"{many} items", large)
    show(f"{many} items, finished before", again)
    print(f"  items/s, without start-up: {many / (large.seconds - empty.seconds):.0f}")
    print(f"  memory for the further items: {(large.peak - small.peak) / 1e6:.0f} MB")


def _run(folder: str, count: int, name: str) -> list[object]:
    out = Path(folder) / f"{name}.parquet"
    return tablehost("run", BUILDER, "--count", count, "--out", out, "--quiet")


if __name__ == "__main__":
    main()
