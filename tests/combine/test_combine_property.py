"""Any shards, however they are cut, become what a plain pandas version of the rules makes."""

import json
import math
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablehost.cli import execute
from tablehost_combine import rows
from tablehost_combine.columns import FULL_FEATURES, KEY

TEXT_COLUMNS = ("corpus", "source", "codec")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
NUMBERS = {
    pa.float64(): st.none() | st.floats(),
    pa.float32(): st.none() | st.floats(width=32),
    pa.int64(): st.none() | st.integers(-(2**53), 2**53),
    pa.uint8(): st.none() | st.integers(0, 255),
}
TEXTS = {
    kind: st.none() | TEXT
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string()))
}
FRAMES = {
    pa.int64(): st.none() | st.integers(0, 4),
    pa.int16(): st.none() | st.integers(0, 4),
    pa.float64(): st.none() | st.just(math.nan) | st.integers(0, 4).map(float),
}
KINDS = (
    dict.fromkeys(("source", "key", "dis_basename"), TEXTS | {pa.int64(): st.integers(0, 3)})
    | {"frame_index": FRAMES, "codec": TEXTS}
    | dict.fromkeys((*FULL_FEATURES[:4], "vmaf"), NUMBERS)
    | {"else": TEXTS}
)


@st.composite
def shards(draw):
    length = draw(st.integers(0, 12))
    names = draw(st.permutations([*KINDS]))
    kept = [name for name in names if name == "vmaf" or draw(st.booleans())]
    columns = {}
    for name in kept:
        kind = draw(st.sampled_from([*KINDS[name]]))
        values = draw(st.lists(KINDS[name][kind], min_size=length, max_size=length))
        columns[name] = pa.array(values, kind, from_pandas=False)
    return pa.table(columns)


def combined(label, frame, limit, *, fill):
    """The rules, in pandas, for one input."""
    frame = frame.head(limit) if limit else frame
    made = pd.DataFrame(index=frame.index)
    made["corpus"] = pd.Series(label, frame.index, dtype=object)
    named = [name for name in ("source", "key", "dis_basename") if name in frame]
    source = frame[named[0]] if named else made["corpus"]
    unknown = label if fill else None
    made["source"] = pd.Series(
        [unknown if pd.isna(one) else str(one) for one in source], frame.index, dtype=object
    )
    if "frame_index" in frame:
        made["frame_index"] = [0 if pd.isna(one) else int(one) for one in frame["frame_index"]]
    else:
        made["frame_index"] = range(len(frame))
    codec = frame["codec"] if "codec" in frame else ["unknown"] * len(frame)
    unknown = "unknown" if fill else None
    made["codec"] = pd.Series(
        [unknown if pd.isna(one) else one for one in codec], frame.index, dtype=object
    )
    for name in (*FULL_FEATURES, "vmaf"):
        values = frame[name] if name in frame else [None] * len(frame)
        made[name] = np.array([math.nan if pd.isna(one) else float(one) for one in values], float)
    return made


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from("ab"), shards(), st.integers(1, 5)), min_size=1, max_size=3),
    st.none() | st.integers(1, 8),
    st.integers(1, 5),
    st.booleans(),
)
def test_the_combined_table_is_what_plain_pandas_makes(inputs, limit, read_at_once, fill):
    with TemporaryDirectory() as folder, chdir(folder):
        tokens = ["--out", "out.parquet", "--quiet"]
        for at, (label, table, group) in enumerate(inputs):
            pq.write_table(table, f"{at}.parquet", row_group_size=group)
            tokens += ["--input", f"{label}={at}.parquet"]
        tokens += ["--max-rows-per-input", str(limit)] if limit else []
        tokens += ["--fill-unknown"] * fill
        with patch.object(rows, "BATCH_ROWS", read_at_once):
            assert execute(["run", "combine", *tokens]) == 0
        table = pq.read_table("out.parquet")
        manifest = json.loads(Path("out.parquet.manifest.json").read_text())
    expected = [
        combined(
            label,
            pd.DataFrame(
                {name: table[name].to_pylist() for name in table.column_names}, dtype=object
            ),
            limit,
            fill=fill,
        )
        for label, table, _ in inputs
    ]
    whole = pd.concat(expected, ignore_index=True)
    assert table.column_names == [*KEY, "codec", *FULL_FEATURES, "vmaf"]
    for name, values in whole.items():
        seen = table[name].to_pylist()
        if name in TEXT_COLUMNS:
            assert table[name].type == pa.string()
            assert seen == [*values]
        elif name == "frame_index":
            assert table[name].type == pa.int64()
            assert seen == [*values]
        else:
            assert table[name].type == pa.float64()
            assert [*map(bits, seen)] == [*map(bits, values)]
    assert manifest["stats"]["output_rows"] == len(whole)
    duplicates = whole.duplicated(["corpus", "source", "frame_index"]).sum()
    assert manifest["stats"]["duplicate_rows"] == duplicates
    assert [shard["rows"] for shard in manifest["inputs"]] == [*map(len, expected)]


def bits(number):
    """Distinguish numbers to the last bit; every NaN is one."""
    return float(number).hex()
