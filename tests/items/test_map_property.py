"""A map makes the rows of a plain loop, after any history of failures and interruptions."""

import contextlib
import shutil
import subprocess

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

few = settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a run is too long to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NUMBERS = st.sets(st.integers(0, 19), max_size=4)
SITTING = st.fixed_dictionaries(
    {
        "fail": NUMBERS,
        "kill": st.sets(st.integers(0, 19), max_size=2),
        "skip": NUMBERS,
        "backwards": st.booleans(),
        "workers": st.integers(1, 3),
        "stop_after": st.none() | st.floats(0.3, 1.2),
    }
)


def tokens_of(sitting):
    for name in ("fail", "kill", "skip"):
        yield from (f"--{name}={number}" for number in sorted(sitting[name]))
    yield f"--workers={sitting['workers']}"
    if sitting["backwards"]:
        yield "--backwards"


@pytest.mark.outcome("The same rows after failures, kills, any order and interruptions.")
@few
@given(st.lists(SITTING, min_size=1, max_size=3))
def test_a_map_equals_a_plain_loop_after_any_history(squares, sittings):
    for path in squares.path.glob("*t.parquet*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = set()
    for sitting in sittings:
        command = ("run", "./squares.py", "--out", "t.parquet", "--count", 20)
        process = squares.start(*command, *tokens_of(sitting))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=sitting["stop_after"])
        process.kill()
        process.communicate()
        if process.returncode not in (0, 1):
            continue
        asked = set(range(20)) - sitting["skip"]
        found = squares.manifest("t.parquet")["run"]
        rows = pq.read_table(squares.path / "t.parquet").to_pylist()
        failed = {int(one["key"]) for one in found["failures"]}
        assert failed <= sitting["fail"] | sitting["kill"]
        assert rows == [{"number": n, "square": n * n} for n in sorted(asked - failed)]
        assert done & asked <= asked - failed
        done |= asked - failed
    squares.run("clean", "t.parquet", "--yes")
