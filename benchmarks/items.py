"""The host alone: trivial items through run.map with its ledger; what ten million would take."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import Figures, measure, show, tablehost

BUILDER = Path(__file__).parent / "squares.py"
TEN_MILLION = 10_000_000


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    few = many // 10
    print(f"trivial items through run.map, with ledger, {few} and {many}")
    with tempfile.TemporaryDirectory() as folder:
        empty = measure(_run(folder, 0, "none"))
        small = measure(_run(folder, few, "few"))
        small_again = measure(_run(folder, few, "few"))
        large = measure(_run(folder, many, "many"))
        again = measure(_run(folder, many, "many"))
        ledger = (Path(folder) / "many.parquet.ledger").stat().st_size
    show("no items: start-up and commit", empty)
    show(f"{few} items", small)
    show(f"{few} items, finished before", small_again)
    show(f"{many} items", large)
    show(f"{many} items, finished before", again)
    print(f"  items/s, without start-up: {many / (large.seconds - empty.seconds):.0f}")
    print(f"  memory for the further items: {(large.peak - small.peak) / 1e6:.0f} MB")
    print(f"  ledger: {ledger / many:.0f} bytes an item")
    print(f"  ten million, extrapolated from {few} and {many}:")
    _extrapolate("all of them", few, small, many, large)
    _extrapolate("finished before", few, small_again, many, again)
    print(f"    ledger: {TEN_MILLION * ledger / many / 1e9:.1f} GB")


def _extrapolate(what: str, few: int, small: Figures, many: int, large: Figures) -> None:
    """Print what ten million take if further items take what those between few and many do."""
    further = (TEN_MILLION - many) / (many - few)
    seconds = large.seconds + further * (large.seconds - small.seconds)
    peak = large.peak + further * max(0, large.peak - small.peak)
    print(f"    {what}: {seconds / 60:.0f} minutes, {peak / 1e6:.0f} MB")


def _run(folder: str, count: int, name: str) -> list[object]:
    out = Path(folder) / f"{name}.parquet"
    return tablehost("run", BUILDER, "--count", count, "--out", out, "--quiet")


if __name__ == "__main__":
    main()
