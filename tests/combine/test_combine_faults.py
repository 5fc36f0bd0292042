"""A disk that is full half-way, and SIGKILL at random instants."""

import random
import resource
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS = 200_000


@pytest.fixture
def combined(project):
    """Give a project with two shards, and the first alone as the table `o.parquet`."""
    for name in ("a", "b"):
        noise = np.random.default_rng(ord(name)).random(ROWS)
        frames = np.arange(ROWS)
        table = pa.table({"source": [name] * ROWS, "frame_index": frames, "vmaf": noise})
        pq.write_table(table, project.path / f"{name}.parquet")
    assert project.run(*command("a")).code == 0
    return project


def command(*shards, out="o.parquet"):
    inputs = [token for name in shards for token in ("--input", f"{name}={name}.parquet")]
    return ("run", "combine", *inputs, "--out", out, "--overwrite")


def pair(project):
    return project.digest("o.parquet"), project.digest("o.parquet.manifest.json")


@pytest.mark.parametrize(
    ("size", "what"), [(1_000_000, "a file could"), (3_500_000, "o.parquet could")]
)
def test_a_disk_that_is_full_half_way_leaves_the_old_pair(combined, size, what):
    before = pair(combined)
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}
    ended = combined.run(*command("a", "b"), **limit)
    assert ended.code == 2, ended.err
    assert f"{what} not be written" in ended.err
    assert ": File too large" in ended.err
    assert pair(combined) == before


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.long)])
def test_killed_at_any_instant_it_leaves_the_old_or_the_new_and_ends_the_same(combined, kills):
    old = pair(combined)[0]
    began = time.monotonic()
    assert combined.process(*command("a", "b", out="calm.parquet")).code == 0
    seconds = time.monotonic() - began
    new = combined.digest("calm.parquet")
    chance = random.Random(20260523)
    for _ in range(kills):
        process = combined.start(*command("a", "b"))
        time.sleep(chance.uniform(0.4, 1) * seconds)
        process.kill()
        process.communicate()
        assert pair(combined)[0] in (old, new)
    assert combined.run(*command("a", "b")).code == 0
    assert pair(combined)[0] == new == combined.manifest("o.parquet")["table"]["sha256"]
    assert old != new
