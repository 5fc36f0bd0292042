"""The provenance of a folder of many small files, cold and warm."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from measure import measure, show, tablehost

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
        time.sleep(2.5)  # what was touched a moment ago is not trusted to a cache
        (Path(folder) / "none").mkdir()
        own = {"TABLEHOST_CACHE_DIR": f"{folder}/cache"}
        empty = measure(_run(folder, "none"), environment=own)
        cold = measure(_run(folder, "files"), environment=own)
        warm = measure(_run(folder, "files"), environment=own)
    show("an empty folder: start-up and commit", empty)
    show("cold: every file is read", cold)
    show("warm: every file is looked at", warm)
    print(f"  warm, start-up told apart: {warm.seconds - empty.seconds:.2f} s")


def _run(folder: str, name: str) -> list[object]:
    out, files = Path(folder) / "out.parquet", Path(folder) / name
    return tablehost("run", BUILDER, "--files", files, "--out", out, "--overwrite", "--quiet")


if __name__ == "__main__":
    main()
