"""Fill metadata into a table of K150K's size, beside a loop over rows and tools that only join.

With `memory` as its argument it measures longer and longer tables instead.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measure import Figures, measure, show, tablehost

from tablehost_enrich.keys import ROW_KEYS

ROWS = 152_265
FEATURES = 26
PART = 5
MILLIONS = (2, 10, 50)
BARE = Path(__file__).parent / "bare.py"

LOOP = """
import json, sys
import pandas as pd
table, metadata, out, rows, *keys = sys.argv[1:]
known = {}
for line in open(metadata):
    row = json.loads(line)
    known[row["src"].rpartition("/")[2]] = row
frame = pd.read_parquet(table)
for key in keys:
    frame[key] = pd.Series([None] * len(frame), dtype=object)
for at in frame.index[: int(rows)]:
    row = known.get(frame.at[at, "clip_name"], {})
    for key in keys:
        if key in row and pd.isna(frame.at[at, key]):
            frame.at[at, key] = row[key]
frame.to_parquet(out, index=False)
"""
PANDAS = """
import sys
import pandas as pd
table, metadata, out = sys.argv[1:]
known = pd.read_json(metadata, lines=True)
known["clip_name"] = known.pop("src").str.rpartition("/")[2]
pd.read_parquet(table).merge(known, "left", "clip_name").to_parquet(out, index=False)
"""
POLARS = """
import sys
import polars as pl
table, metadata, out = sys.argv[1:]
known = pl.read_ndjson(metadata).with_columns(clip_name=pl.col("src").str.split("/").list.last())
pl.read_parquet(table).join(known.drop("src"), "clip_name", "left").write_parquet(out)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        names = [f"orig_{number:06d}_540_5s.mp4" for number in range(ROWS)]
        metadata = write_metadata(Path(folder) / "m.jsonl", names)
        if sys.argv[1:] == ["memory"]:
            longer_tables(Path(folder), metadata, names)
        else:
            side_by_side(write_table(Path(folder) / "t.parquet", names), metadata)


def side_by_side(table: Path, metadata: Path) -> None:
    print(f"enrich {ROWS} rows x {7 + 2 * FEATURES} columns with as many lines of metadata")
    files = (table, metadata, table.with_name("peer.parquet"))
    options = ours(table, metadata)
    commands = {
        "ours": tablehost(*options),
        "bare": [sys.executable, BARE, *options],
        "pandas": [sys.executable, "-c", PANDAS, *files],
        "polars": [sys.executable, "-c", POLARS, *files],
        "no row": [sys.executable, "-c", LOOP, *files, 0, *ROW_KEYS],
        "part": [sys.executable, "-c", LOOP, *files, ROWS // PART, *ROW_KEYS],
    }
    rounds = [{name: once(command) for name, command in commands.items()} for _ in range(3)]
    best = {name: min((one[name] for one in rounds), key=_seconds) for name in commands}
    mine, bare = best["ours"], best["bare"]
    show("tablehost run enrich, with the whole provenance", mine)
    show("the same without digests and statistics", bare)
    share = 1 - bare.seconds / mine.seconds, 1 - bare.cpu / mine.cpu
    print(f"    the provenance is {share[0]:.0%} of the time and {share[1]:.0%} of the cpu's")
    for name, what in (("pandas", "merge"), ("polars", "join")):
        show(f"{name}: read, {what}, write", best[name])
        print(f"    ours takes {mine.seconds / best[name].seconds:.2f} of it")
    show(f"pandas, row by row, of 1/{PART} of the rows", best["part"])
    loop = best["no row"].seconds + PART * (best["part"].seconds - best["no row"].seconds)
    times = loop / mine.seconds
    print(f"    of all rows it would take {loop:.0f} s, {times:.0f} times as long as ours")


def _seconds(figures: Figures) -> float:
    return figures.seconds


def longer_tables(folder: Path, metadata: Path, names: list[str]) -> None:
    print(f"enrich longer and longer tables with {len(names)} lines of metadata")
    for millions in MILLIONS:
        table = write_frames(folder / "long.parquet", names, millions)
        show(f"{millions} million rows x 3 columns", once(tablehost(*ours(table, metadata))))


def once(command: list[object]) -> Figures:
    """Measure a command, to which no file is known from before."""
    with tempfile.TemporaryDirectory() as cache:
        return measure(command, environment={"TABLEHOST_CACHE_DIR": cache})


def ours(table: Path, metadata: Path) -> list[object]:
    given = ["--features-parquet", table, "--metadata-jsonl", metadata]
    out = table.with_name("ours.parquet")
    return ["run", "enrich", *given, "--out", out, "--overwrite", "--quiet"]


def write_table(path: Path, names: list[str]) -> Path:
    """Write a table like that of extract_k150k, of random features."""
    random, rows = np.random.default_rng(0), len(names)
    columns = {"clip_name": names, "mos": random.uniform(1, 5, rows)}
    columns |= {"width": np.full(rows, 960), "height": np.full(rows, 540)}
    columns |= {"fps": random.choice([24, 25, 29.97, 30], rows), "is_hdr": np.zeros(rows, bool)}
    columns["motion_fps_weight"] = np.ones(rows)
    for number in range(FEATURES):
        columns[f"f{number}_mean"] = random.normal(size=rows)
        columns[f"f{number}_std"] = random.random(rows)
    pq.write_table(pa.table(columns), path)
    return path


def write_metadata(path: Path, names: list[str]) -> Path:
    """Write a line for every clip, in another order than the table's."""
    with path.open("w") as file:
        for at in np.random.default_rng(1).permutation(len(names)).tolist():
            height, width = [(640, 360), (1080, 1920), (1920, 1080)][at % 3]
            row = {
                "src": f"k150ka/{names[at]}",
                "mos_raw_0_100": at % 1000 / 10,
                "chug_video_id": f"id-{at}",
                "chug_ref": at % 7 == 0,
                "chug_name": f"clip #{at}",
                "chug_bitladder": ("360p_0.2M", "1080p_3M", "ref")[at % 3],
                "chug_resolution": ("360p", "1080p", "ref")[at % 3],
                "chug_bitrate_label": ("0.2M", "3M", "ref")[at % 3],
                "chug_orientation": ("Portrait", "Landscape")[at % 2],
                "chug_framerate_manifest": 23.93 + at % 50,
                "chug_content_name": f"content-{at // 7}",
                "chug_height_manifest": height,
                "chug_width_manifest": width,
                "chug_bit_depth": 10,
            }
            file.write(json.dumps(row) + "\n")
    return path


def write_frames(path: Path, names: list[str], millions: int) -> Path:
    """Write a table of frames, a million rows at a time."""
    random = np.random.default_rng(2)
    clips = pa.array(names)
    schema = pa.schema({"clip_name": pa.string(), "frame_index": pa.int64(), "vmaf": pa.float64()})
    with pq.ParquetWriter(path, schema) as writer:
        for at in range(millions):
            frame = np.arange(at * 1_000_000, (at + 1) * 1_000_000)
            clip = clips.take(pa.array(frame // 150 % len(names)))
            table = [clip, pa.array(frame % 150), pa.array(random.random(len(frame)))]
            writer.write_table(pa.table(table, schema=schema))
    return path


if __name__ == "__main__":
    main()
