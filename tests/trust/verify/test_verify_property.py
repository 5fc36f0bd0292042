"""No change is ever called intact, and no other layout is ever called a change of rows."""

import json
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attrs import asdict
from hypothesis import assume, given
from hypothesis import strategies as st

from tablehost.files.digest_cache import StatCache
from tablehost.table.write import write_table
from tablehost.trust.evidence.archive import Archive
from tablehost.trust.evidence.subject import subject
from tablehost.trust.verify.verify import Question, verify

ENCODINGS = {
    pa.float64(): ["PLAIN", "BYTE_STREAM_SPLIT"],
    pa.float32(): ["PLAIN", "BYTE_STREAM_SPLIT"],
    pa.int64(): ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
    pa.string(): ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"],
    pa.bool_(): ["PLAIN", "RLE"],
}
VALUES = {
    pa.float64(): st.floats(),
    pa.float32(): st.floats(width=32),
    pa.int64(): st.integers(-9, 2**62),
    pa.string(): st.text(st.characters(codec="utf-8"), max_size=4),
    pa.bool_(): st.booleans(),
    pa.timestamp("us", "UTC"): st.integers(0, 2**50),
    pa.list_(pa.int64()): st.lists(st.none() | st.integers(0, 9), max_size=3),
    pa.dictionary(pa.int32(), pa.string()): st.sampled_from(["a", "b"]),
}
LAYOUTS = st.fixed_dictionaries(
    {
        "compression": st.sampled_from(["none", "snappy", "gzip", "brotli", "lz4", "zstd"]),
        "row_group_size": st.integers(1, 30),
        "data_page_size": st.integers(16, 2000),  # with 1, pyarrow 26 loses the row of [[None]]
        "data_page_version": st.sampled_from(["1.0", "2.0"]),
        "version": st.sampled_from(["2.4", "2.6"]),
        "write_statistics": st.booleans(),
        "write_page_index": st.booleans(),
        "write_page_checksum": st.booleans(),
    }
)
DICTIONARIES = st.fixed_dictionaries({"dictionary_pagesize_limit": st.integers(1, 100)})


@st.composite
def any_tables(draw, least=1):
    """Make a table of one to three columns, a third of its cells without a value."""
    rows, columns = draw(st.integers(least, 20)), {}
    for name in "abc"[: draw(st.integers(1, 3))]:
        kind = draw(st.sampled_from(list(VALUES)))
        cells = st.lists(st.none() | VALUES[kind] | VALUES[kind], min_size=rows, max_size=rows)
        columns[name] = pa.array(draw(cells), kind)
    return pa.table(columns)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Give what a change to a table's file is called, at the depth that is asked for."""
    cache = StatCache(tmp_path_factory.mktemp("cache"))

    def found(table, change, depth="bytes"):
        with TemporaryDirectory(dir=tmp_path_factory.getbasetemp()) as folder:
            path = Path(folder) / "t.parquet"
            ended = {
                "table": asdict(write_table(table, path), filter=lambda at, _: at.name != "schema")
            }
            Path(f"{path}.manifest.json").write_text(json.dumps(ended))
            change(path)
            return verify(subject(path), Question(depth=depth), cache, Archive()).verdict

    yield found
    cache.close()


def replaced(table, path):
    pq.write_table(table, path)


@given(any_tables(), LAYOUTS, DICTIONARIES | st.none(), st.data())
def test_no_other_layout_of_the_same_rows_is_called_a_change(
    found, table, layout, dictionaries, data
):
    encodings = {
        one.name: data.draw(st.sampled_from(ENCODINGS[one.type]))
        for one in table.schema
        if one.type in ENCODINGS and dictionaries is None
    }
    more = dictionaries or {"use_dictionary": False, "column_encoding": encodings or None}
    rewrite = partial(pq.write_table, table, **layout, **more)
    assert found(table, rewrite) == "rewritten"


@given(any_tables(least=2), st.data())
def test_no_change_of_rows_is_called_anything_else(found, table, data):
    row = st.integers(0, table.num_rows - 1)
    order = data.draw(
        st.permutations(range(table.num_rows)) | st.lists(row, max_size=table.num_rows + 1)
    )
    changed = table.take(pa.array(order, "int64"))
    assume(missing_alike(changed) != missing_alike(table))
    depth = data.draw(st.sampled_from(["bytes", "full"]))
    assert found(table, partial(replaced, changed), depth) == "rows-changed"


@given(any_tables(), st.data())
def test_no_change_of_a_cell_is_called_anything_else(found, table, data):
    at = data.draw(st.integers(0, table.num_columns - 1))
    kind, cells = table.schema[at].type, table.column(at).to_pylist()
    cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(st.none() | VALUES[kind])
    changed = table.set_column(at, table.schema[at], pa.array(cells, kind))
    assume(missing_alike(changed) != missing_alike(table))
    assert found(table, partial(replaced, changed)) == "rows-changed"


@given(any_tables(), st.data())
def test_no_change_of_bytes_is_called_intact(found, table, data):
    def change(path):
        raw = bytearray(path.read_bytes())
        at = data.draw(st.integers(0, len(raw) - 1))
        part = slice(at, at + data.draw(st.integers(0, 3)))
        new = data.draw(st.binary(max_size=3))
        assume(raw[part] != new)
        raw[part] = new
        path.write_bytes(raw)

    depth = data.draw(st.sampled_from(["bytes", "full"]))
    assert found(table, change, depth) != "intact"


def missing_alike(table):
    """Return the rows as text, null and NaN of floats alike, and -0.0 apart from 0.0."""
    return repr(table.to_pydict()).replace("nan", "None")
