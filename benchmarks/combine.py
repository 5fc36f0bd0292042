"""Combine labelled shards, beside tools that only read, union and write them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measure import measure, show, tablehost

BARE = Path(__file__).parent / "bare.py"
LABELS = ("netflix", "konvid", "bvi", "ugc")
FRAMES = 150  # a clip
FEATURES = (
    *("adm2", "adm_scale0", "adm_scale1", "adm_scale2", "adm_scale3"),
    *("vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3"),
    *("motion", "motion2", "motion3", "psnr_y", "psnr_cb", "psnr_cr"),
    *("float_ssim", "float_ms_ssim", "cambi", "ciede2000", "psnr_hvs"),
    *("speed_temporal", "vmaf"),
)

PANDAS = """
import sys
import pandas as pd
out, *shards = sys.argv[1:]
frames = []
for shard in shards:
    label, path = shard.split("=")
    frame = pd.read_parquet(path)
    frame.insert(0, "corpus", label)
    frames.append(frame)
pd.concat(frames, ignore_index=True).to_parquet(out, index=False)
"""
DUCKDB = """
import sys
import duckdb
out, *shards = sys.argv[1:]
parts = [shard.split("=") for shard in shards]
union = " UNION ALL ".join(f"SELECT '{label}' AS corpus, * FROM '{path}'" for label, path in parts)
duckdb.sql(f"COPY ({union}) TO '{out}' (FORMAT parquet)")
"""
POLARS = """
import sys
import polars as pl
out, *shards = sys.argv[1:]
parts = [shard.split("=") for shard in shards]
frames = [pl.scan_parquet(path).with_columns(corpus=pl.lit(label)) for label, path in parts]
pl.concat(frames).sink_parquet(out)
"""
PEERS = {"pandas": PANDAS, "DuckDB": DUCKDB, "polars": POLARS}


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        figures = {name: [] for name in ("ours", "twice", "bare", *PEERS)}
        shards = write_shards(Path(folder), rows)
        print(f"combine {len(shards)} shards of {rows} rows x {len(FEATURES) + 3} columns")
        more = write_shards(Path(folder) / "more", 2 * rows)
        for _ in range(3):
            with tempfile.TemporaryDirectory() as cache:  # a new one: every input is hashed
                own = {"TABLEHOST_CACHE_DIR": cache}
                figures["ours"].append(measure(tablehost(*ours(folder, shards)), environment=own))
                figures["twice"].append(measure(tablehost(*ours(folder, more)), environment=own))
            bare = [sys.executable, BARE, *ours(folder, shards)]
            figures["bare"].append(measure(bare))
            for name, code in PEERS.items():
                command = [sys.executable, "-c", code, f"{folder}/peer.parquet", *shards]
                figures[name].append(measure(command))
    best = {name: min(taken, key=lambda one: one.seconds) for name, taken in figures.items()}
    show("tablehost run combine, with the whole provenance", best["ours"])
    for name in PEERS:
        show(f"{name}: read, union, write", best[name])
        print(f"    ours takes {best['ours'].seconds / best[name].seconds:.2f} of it")
    show("without digests and statistics", best["bare"])
    show("twice the rows", best["twice"])


def ours(folder: str, shards: list[str]) -> list[object]:
    inputs = [token for shard in shards for token in ("--input", shard)]
    out = Path(folder) / "ours.parquet"
    return ["run", "combine", *inputs, "--out", out, "--overwrite", "--quiet"]


def write_shards(folder: Path, rows: int) -> list[str]:
    """Write shards of random features, of six digits as the engine's logs have them."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    for label in LABELS:
        clip = np.arange(rows) // FRAMES
        columns = {
            "source": pa.array(np.char.add(f"{label}_", clip.astype("U"))),
            "frame_index": pa.array(np.arange(rows) % FRAMES),
            "codec": pa.array(["x264"] * rows),
        }
        for name in FEATURES:
            columns[name] = pa.array(random.random(rows).round(6))
        pq.write_table(pa.table(columns), folder / f"{label}.parquet")
    return [f"{label}={folder / label}.parquet" for label in LABELS]


if __name__ == "__main__":
    main()
