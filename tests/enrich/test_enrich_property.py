"""Any table and metadata, however they are cut, become what a plain loop over pandas makes."""

import json
import math
from contextlib import chdir
from decimal import Decimal
from hashlib import blake2s
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablehost.cli import execute
from tablehost_enrich import enrichment
from tablehost_enrich.keys import KEYS

NAMES = st.sampled_from(["a", "b", "c d.mp4", "é#1"])
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)
WHOLE = st.integers(-5, 300)
VALUES = {
    "mos_raw_0_100": (WHOLE | st.floats(-3, 3), pa.float64()),
    "chug_ref": (st.booleans(), pa.bool_()),
    "chug_name": (TEXT, pa.string()),
    "chug_bit_depth": (WHOLE, pa.int64()),
    "split": (st.sampled_from(["train", "val", "test", "dev", ""]), pa.string()),
}
TEXTS = [pa.string(), pa.large_string(), pa.string_view()]
STORED = {
    "mos_raw_0_100": (st.floats(-3, 3) | st.just(math.nan), [pa.float64()]),
    "chug_ref": (st.booleans(), [pa.bool_()]),
    "chug_name": (TEXT, [*TEXTS, pa.dictionary(pa.int8(), pa.string())]),
    "chug_bit_depth": (WHOLE, [pa.int64(), pa.int16(), pa.float16(), pa.decimal128(4, 1)]),
    "split": (TEXT, [pa.string()]),
    "vmaf_mean": (st.floats(), [pa.float64()]),
}


@st.composite
def tables(draw):
    rows = draw(st.integers(0, 8))
    columns = {"clip_name": draw(st.lists(st.none() | NAMES, min_size=rows, max_size=rows))}
    for name, (values, kinds) in STORED.items():
        if draw(st.booleans()):
            cells = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
            columns[name] = pa.array(cells, draw(st.sampled_from(kinds)), from_pandas=False)
    return pa.table(columns | {"clip_name": pa.array(columns["clip_name"], pa.string())})


@st.composite
def sidecars(draw):
    rows = []
    contents = {"chug_content_name": (draw(st.sampled_from([TEXT, WHOLE])), None)}
    for name in draw(st.lists(NAMES, min_size=1, unique=True)):
        values = {key: draw(st.none() | value) for key, (value, _) in (VALUES | contents).items()}
        kept = {
            key: value for key, value in values.items() if value is not None or draw(st.booleans())
        }
        rows.append(kept | {draw(st.sampled_from(["src", "filename"])): f"x/{name}"})
    return rows


def wanted(row):
    """The name of a row's clip and its values, by the rules."""
    name = (row.get("src") or row["filename"]).rpartition("/")[2]
    values = {key: row.get(key) for key in KEYS}
    content = row.get("chug_content_name")
    content = str(content) if content not in (None, "") else None
    if values["split"] not in ("train", "val", "test"):
        values["split"] = None
    if content and not values["split"]:
        digest = blake2s(f"chug-hdr-v1\0{content}".encode(), digest_size=8).digest()
        place = int.from_bytes(digest, "big") / 2**64
        values["split"] = "train" if place < 0.8 else "val" if place < 0.9 else "test"
    values["chug_split_key"] = values["split"] and (content or name)
    values["chug_split_policy"] = values["split"] and "content-name-blake2s-80-10-10"
    return name, values


def enriched(frame, rows, *, overwrite):
    """The row-by-row loop."""
    given = {
        name: values
        for name, values in map(wanted, rows)
        if any(value is not None for value in values.values())
    }
    keys = [key for key in KEYS if any(row[key] is not None for row in given.values())]
    for key in keys:
        if key not in frame:
            frame[key] = pd.Series([None] * len(frame), dtype=object)
    updated = 0
    for at, name in enumerate(frame["clip_name"]):
        for key in keys:
            value = given[name][key] if name in given else None
            old = frame[key][at]
            missing = old is None or old != old  # noqa: PLR0124
            if value is not None and (missing or (overwrite and old != value)):
                frame.loc[at, key] = value
                updated += 1
    return frame, keys, updated, sum(name in given for name in frame["clip_name"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), sidecars(), st.booleans(), st.integers(1, 4), st.integers(1, 4))
def test_the_enriched_table_is_what_a_loop_over_pandas_makes(
    table, rows, overwrite, group, read_at_once
):
    with TemporaryDirectory() as folder, chdir(folder):
        pq.write_table(table, "t.parquet", row_group_size=group)
        Path("m.jsonl").write_text("\n".join(map(json.dumps, rows)))
        tokens = ["--features-parquet", "t.parquet", "--metadata-jsonl", "m.jsonl"]
        tokens += ["--out", "o.parquet", "--quiet"] + ["--overwrite-metadata"] * overwrite
        with patch.object(enrichment, "group_rows", lambda _: read_at_once):
            assert execute(["run", "enrich", *tokens]) == 0
        made = pq.read_table("o.parquet")
        manifest = json.loads(Path("o.parquet.manifest.json").read_text())
    columns = {
        name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names
    }
    expected, keys, updated, matched = enriched(pd.DataFrame(columns), rows, overwrite=overwrite)
    assert made.column_names == [*expected]
    for name in made.column_names:
        assert [*map(exact, made[name].to_pylist())] == [*map(exact, expected[name])], name
    for name, kind in types_of(table, rows, made).items():
        assert made.field(name).type == kind
    assert manifest["metadata_keys"] == keys
    assert manifest["stats"]["updated_cells"] == updated
    assert manifest["stats"]["matched_rows"] == matched


def exact(value):
    """Return a value in a form that differs in the last bit; NaN is one value."""
    return float(value).hex() if isinstance(value, int | float | Decimal) else value


def types_of(table, rows, made):
    """The type that every column must have."""
    found = {}
    for name in made.column_names:
        if name in table.column_names:
            kind = table.field(name).type
            laid_out = pa.types.is_dictionary(kind) or kind == pa.string_view()
            found[name] = pa.large_string() if laid_out else kind
        else:
            given = {type(row[name]) for row in rows if row.get(name) is not None}
            whole = given == {int}
            found[name] = pa.int64() if whole else VALUES.get(name, (None, pa.string()))[1]
    return found
