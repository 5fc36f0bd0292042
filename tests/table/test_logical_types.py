"""As which type a column is written, and what it is called."""

import pyarrow as pa
import pytest

from tablehost.table.types import logical_type, stored_type


@pytest.mark.parametrize(
    ("given_", "stored"),
    [
        (pa.timestamp("s", "UTC"), "timestamp[ms, UTC]"),
        (pa.time32("s"), "time[ms]"),
        (pa.date64(), "date"),
        (pa.list_(pa.timestamp("s")), "list<timestamp[ms]>"),
        (pa.decimal256(20, 2), "decimal(20, 2)"),
        (pa.map_(pa.string_view(), pa.int64()), "map<string, int64>"),
        (pa.struct({'a"b': pa.string()}), 'struct<"a\\"b": string>'),
        (pa.float16(), "float16"),
        (pa.duration("ns"), "duration[ns]"),
        (pa.binary(3), "fixed_size_binary[3]"),
    ],
)
def test_the_logical_type_is_what_parquet_gives_back(given_, stored):
    assert logical_type(given_) == logical_type(stored_type(given_)) == stored
