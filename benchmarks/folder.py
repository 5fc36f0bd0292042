"""The provenance of a folder of many small files, cold and warm."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path

from measure import Figures, measure, show, tablehost

BUILDER = Path(__file__).parent / "listing.py"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 150_000
    print(f"the provenance of a folder of {count} small files")
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        for number in range(count):
            path = files / f"{number // 1000:03d}" / f"{number:06d}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(number.to_bytes(8, "big") * 16)
        time.sleep(2.5)  # a file touched less than two seconds ago is not cached
        (Path(folder) / "none").mkdir()
        own = {"TABLEHOST_CACHE_DIR": f"{folder}/cache"}
        empty = _least(_run(folder, "none"), own)
        cold = measure(_run(folder, "files"), environment=own)
        warm = _least(_run(folder, "files"), own)
    show("an empty folder: start-up and commit", empty)
    show("cold: every file is read", cold)
    show("warm: every file is looked at", warm)
    seconds, cpu = warm.seconds - empty.seconds, warm.cpu - empty.cpu
    print(f"  warm, without start-up: {seconds:.2f} s, {cpu:.2f} s cpu")


def _least(command: list[object], environment: Mapping[str, str]) -> Figures:
    """Measure a command three times; others' work on the machine only ever adds to it."""
    taken = [measure(command, environment=environment) for _ in range(3)]
    return min(taken, key=attrgetter("seconds"))


def _run(folder: str, name: str) -> list[object]:
    out, files = Path(folder) / "out.parquet", Path(folder) / name
    return tablehost("run", BUILDER, "--files", files, "--out", out, "--overwrite", "--quiet")


if __name__ == "__main__":
    main()
