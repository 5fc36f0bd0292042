"""A disk that is full, and SIGKILL at any instant, to a new table and to one in its own place."""

import json
import random
import resource
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS = 100_000


@pytest.fixture
def enriched(project):
    """Give a project with an enriched table `o.parquet`, its source and newer metadata."""
    names = [f"clip{at:06}" for at in range(ROWS)]
    noise = np.random.default_rng(0).random(ROWS)
    pq.write_table(pa.table({"clip_name": names, "vmaf": noise}), project.path / "t.parquet")
    for name, depth in (("old", 8), ("new", 10)):
        rows = [{"src": one, "chug_bit_depth": depth} for one in names[::100]]
        project.write(f"{name}.jsonl", "\n".join(map(json.dumps, rows)))
    assert project.run(*command("t.parquet", "old.jsonl")).code == 0
    return project


def command(table, metadata="new.jsonl", out="o.parquet"):
    given = ("--features-parquet", table, "--metadata-jsonl", metadata, "--out", out)
    return ("run", "enrich", *given, "--overwrite", "--overwrite-metadata")


def pair(project):
    return project.digest("o.parquet"), project.digest("o.parquet.manifest.json")


@pytest.mark.parametrize("table", ["t.parquet", "o.parquet"])
def test_a_disk_that_is_full_half_way_leaves_the_old_pair(enriched, table):
    before = pair(enriched)
    half = (enriched.path / "o.parquet").stat().st_size // 2
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (half, half))}
    ended = enriched.run(*command(table), **limit)
    assert ended.code == 2, ended.err
    assert "o.parquet could not be written: File too large" in ended.err
    assert pair(enriched) == before


@pytest.mark.parametrize("table", ["t.parquet", "o.parquet"])
@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.long)])
def test_killed_at_any_instant_it_leaves_the_old_or_the_new_and_ends_the_same(
    enriched, table, kills
):
    old = pair(enriched)[0]
    began = time.monotonic()
    assert enriched.process(*command(table, out="calm.parquet")).code == 0
    seconds = time.monotonic() - began
    new = enriched.digest("calm.parquet")
    chance = random.Random(20260522)
    for _ in range(kills):
        process = enriched.start(*command(table))
        time.sleep(chance.uniform(0.4, 1) * seconds)
        process.kill()
        process.communicate()
        assert pair(enriched)[0] in (old, new)
    assert enriched.run(*command(table)).code == 0
    assert pair(enriched)[0] == new == enriched.manifest("o.parquet")["table"]["sha256"]
    assert old != new
