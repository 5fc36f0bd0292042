"""What holds whatever happens: of the map, of the manifest's reader, of shown text."""

import contextlib
import json
import shutil
import subprocess

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tablehost.console.text import printable
from tablehost.contract.errors import ManifestError
from tablehost.manifest import read as manifest
from tablehost.manifest.write import to_json

few = settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a run is too long to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
many = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
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
def test_a_map_equals_a_plain_loop_whatever_happened_before(squares, sittings):
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
BLOCKS = st.dictionaries(
    st.sampled_from(["schema", "run", "table", "run_provenance"]),
    JSON | st.fixed_dictionaries({"schema": JSON | st.from_regex(r"[a-z-]*-v\d*")}),
)


@pytest.mark.outcome("No other error than its own.")
@many
@given(st.binary() | (JSON | BLOCKS).map(lambda value: json.dumps(value).encode()))
def test_a_manifest_is_read_or_refused_and_nothing_else(tmp_path, content):
    path = tmp_path / "t.manifest.json"
    path.write_bytes(content)
    with contextlib.suppress(ManifestError):
        assert isinstance(manifest.read(path), dict)


@pytest.mark.outcome("No NaN is written.")
@many
@given(JSON)
def test_what_is_written_as_json_is_strict_and_reads_back(tmp_path, value):
    path = tmp_path / "t.manifest.json"
    with contextlib.suppress(ValueError):  # NaN: `merge` has made null of it before
        path.write_text(to_json({"value": value}), encoding="utf-8")
        assert set(manifest.read(path)) == {"value"}


@pytest.mark.outcome("It is shown escaped.")
@many
@given(st.text(st.characters(exclude_categories=[])))
def test_shown_text_has_no_control_character(text):
    shown = printable(text)
    assert all(one.isprintable() or one == "\n" for one in shown)
    assert isinstance(shown.encode(), bytes)
