"""Verifying tables beside the plainest way to read them: sha256sum, and pyarrow."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from measure import Figures, measure, show, tablehost

HERE = Path(__file__).parent
READ = """
import sys, pyarrow.parquet as pq
for batch in pq.ParquetFile(sys.argv[1], pre_buffer=False, buffer_size=1 << 18).iter_batches():
    pass
"""


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 17_000_000
    files = int(sys.argv[2]) if len(sys.argv) > 2 else 150_000
    with tempfile.TemporaryDirectory() as folder:
        one_large_table(Path(folder), rows)
        many_small_tables(Path(folder) / "many", 1000)
        many_input_files(Path(folder), files)


def one_large_table(folder: Path, rows: int) -> None:
    table, small = folder / "large.parquet", folder / "small.parquet"
    build("numbers_table.py", "--rows", rows, out=table)
    build("numbers_table.py", "--rows", 1, out=small)
    print(f"a table of {table.stat().st_size / 1e9:.2f} GB")
    summed = best(["sha256sum", table])
    show("sha256sum", summed)
    show("verify", best(tablehost("verify", table)), summed)
    show("verify of a table of one row: start-up", best(tablehost("verify", small)))
    read = best([sys.executable, "-c", READ, table])
    show("pyarrow, reading the rows", read)
    show("verify --full", best(tablehost("verify", table, "--full")), read)
    show("verify --fast", best(tablehost("verify", table, "--fast")))
    table.unlink()


def many_small_tables(folder: Path, count: int) -> None:
    folder.mkdir()
    build("numbers_table.py", "--rows", 1000, out=folder / "0.parquet")
    for number in range(1, count):
        for suffix in ("", ".manifest.json"):
            copy = folder / f"{number}.parquet{suffix}"
            copy.write_bytes((folder / f"0.parquet{suffix}").read_bytes())
    print(f"a folder of {count} tables of {(folder / '0.parquet').stat().st_size / 1e3:.0f} kB")
    for question in ((), ("--full",), ("--fast",)):
        show(" ".join(("verify", *question)), best(tablehost("verify", folder, *question)))


def many_input_files(folder: Path, count: int) -> None:
    files, table = folder / "files", folder / "of-files.parquet"
    for number in range(count):
        path = files / f"{number // 1000:03d}" / f"{number:06d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(number.to_bytes(8, "big") * 16)
    time.sleep(2.5)  # a file touched less than two seconds ago is not cached
    own = {"TABLEHOST_CACHE_DIR": f"{folder}/cache"}
    build("listing.py", "--files", files, out=table, environment=own)
    print(f"a table made of a folder of {count} files")
    for depth in ("none", "stat", "sample", "full"):
        command = tablehost("verify", table, "--inputs", depth)
        show(f"verify --inputs {depth}", best(command, environment=own))


def build(builder: str, *given: object, out: Path, **kwargs: dict[str, str]) -> None:
    """Build a table with a builder of this folder."""
    measure(tablehost("run", HERE / builder, *given, "--out", out, "--quiet"), **kwargs)


def best(command: list[object], **kwargs: dict[str, str]) -> Figures:
    """Run a command three times, its files in memory, and return the quickest."""
    return min((measure(command, **kwargs) for _ in range(3)), key=lambda one: one.seconds)


if __name__ == "__main__":
    main()
