"""Where row groups end."""

import numpy as np
import pyarrow as pa
from any_arrays import typed_values
from hypothesis import given

from tablehost.table import row_groups
from tablehost.table.batches import _stored_array
from tablehost.table.row_groups import group_rows, row_bytes
from tablehost.table.types import stored_type


def test_row_groups_suit_the_width_of_the_rows():
    assert group_rows(pa.schema({"x": pa.float64()})) == 131_072
    assert group_rows(pa.schema([(f"c{n}", pa.float64()) for n in range(150)])) == 32_768
    assert group_rows(pa.schema([(f"c{n}", pa.float64()) for n in range(20_000)])) == 1_024
    assert group_rows(pa.schema({"x": pa.list_(pa.float32(), 4096)})) == 4_096


def test_long_text_closes_a_row_group_with_the_row_that_fills_it(monkeypatch):
    def cut(batches, rows):
        groups = row_groups.row_groups(batches, batch.schema, rows)
        return [group.num_rows for group in groups]

    monkeypatch.setattr(row_groups, "GROUP_BYTES", 100)
    batch = pa.record_batch({"x": ["a" * n for n in (60, 39, 1, 100, 99, 150, 1)]})
    assert cut([batch], 1000) == [3, 1, 2, 1]
    single = [batch.slice(n, 1) for n in range(7)]
    assert cut(single, 1000) == [3, 1, 2, 1]
    assert cut(single, 2) == [2, 2, 2, 1]


@given(typed_values())
def test_the_bytes_of_a_row_do_not_depend_on_its_neighbours(typed):
    kind, values = typed
    array = _stored_array(pa.array(values, kind), stored_type(kind))
    seen = np.broadcast_to(row_bytes(array), len(array)).tolist()
    alone = [row_bytes(array.slice(i, 1)) for i in range(len(array))]
    assert seen == [int(np.ravel(each)[0]) for each in alone]
