"""A key that more than one row has is found, for any order and any types of the columns."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablehost.table.unique import repeated

COLUMNS = {
    pa.int64(): st.integers(-3, 3),
    pa.uint8(): st.integers(0, 3),
    pa.string(): st.sampled_from(["", "a", "b", "ä"]),
    pa.float64(): st.sampled_from([0.0, 1.0, -1.5]),
    pa.bool_(): st.booleans(),
    pa.list_(pa.int64()): st.lists(st.integers(0, 1), max_size=1),
    pa.dictionary(pa.int32(), pa.string()): st.sampled_from(["a", "b", "c"]),
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_key_is_repeated_exactly_where_two_rows_are_alike(tmp_path, data):
    kinds = data.draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=3))
    row = st.tuples(*(st.none() | COLUMNS[kind] for kind in kinds))
    rows = data.draw(st.lists(row, max_size=8))
    if data.draw(st.booleans()):
        rows = sorted(rows, key=repr)
    names = [f"c{at}" for at in range(len(kinds))]
    columns = [pa.array([one[at] for one in rows], kind) for at, kind in enumerate(kinds)]
    pq.write_table(pa.table(columns, names=names), tmp_path / "t.parquet")
    found = repeated(tmp_path / "t.parquet", names)
    is_unique = len({repr(one) for one in rows}) == len(rows)
    assert (found is None) == is_unique
    assert found is None or sum(tuple(found.values()) == one for one in rows) > 1


@pytest.mark.parametrize("rows", [70_000, 140_001])
def test_keys_far_from_each_other_are_compared(tmp_path, rows):
    numbers = [*range(rows, 0, -1)]
    pq.write_table(pa.table({"n": numbers, "t": ["x"] * rows}), tmp_path / "t.parquet")
    assert repeated(tmp_path / "t.parquet", ["n"]) is None
    assert repeated(tmp_path / "t.parquet", ["t"]) == {"t": "x"}
    numbers[-1] = rows
    pq.write_table(pa.table({"n": numbers, "t": ["x"] * rows}), tmp_path / "t.parquet")
    assert repeated(tmp_path / "t.parquet", ["t", "n"]) == {"t": "x", "n": rows}
