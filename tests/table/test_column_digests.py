"""The digest of a column: what it sees, and what it does not."""

import math

import numpy as np
import pyarrow as pa
import pytest
from any_arrays import column, digest, mask, pieces_of, sha, typed_values
from hypothesis import given
from hypothesis import strategies as st

from tablehost.files.digests import json_digest
from tablehost.table.row_groups import row_bytes
from tablehost.table.summary import ColumnsSummary, rows_digest
from tablehost.table.types import logical_type
from tablehost.table.write import digest_table

pytestmark = pytest.mark.usefixtures("small_blocks")


# ----------------------------------------------- the definition, written again in plain Python

RAW = {
    "int8": "<i1",
    "int32": "<i4",
    "int64": "<i8",
    "uint64": "<u8",
    "bool": "<u1",
    "date": "<i4",
    "timestamp[ms]": "<i8",
    "timestamp[us, UTC]": "<i8",
}
FLOATS = {"float16": "<f2", "float32": "<f4", "float64": "<f8"}


def oracle(name, values, kind):
    """Digest plain Python values; no Arrow buffer is looked at."""
    if name == "null":
        return digest(name)
    validity = sha(bytes(value is not None for value in values))
    present = [value for value in values if value is not None]
    if name in FLOATS:
        raw = np.array([math.nan if v is None else v for v in values], FLOATS[name])
        raw[np.isnan(raw)] = np.nan
        return digest(name, f"values {sha(raw.tobytes())}")
    if name in RAW:
        # as objects first: of a 0 beside an integer of 64 bits numpy would make floats
        raw = np.array([0 if v is None else v for v in values], object).astype(RAW[name])
        return digest(name, f"validity {validity}", f"values {sha(raw.tobytes())}")
    if name.startswith("decimal"):
        scaled = [0 if v is None else int(v.scaleb(kind.scale)) for v in values]
        raw = b"".join(v.to_bytes(16, "little", signed=True) for v in scaled)
        return digest(name, f"validity {validity}", f"values {sha(raw)}")
    if name.startswith("struct"):
        children = []
        for each in kind:
            own = [None if value is None else value[each.name] for value in values]
            children.append(f"child {oracle(logical_type(each.type), own, each.type)}")
        return digest(name, f"validity {validity}", *children)
    if name in {"string", "binary"}:
        present = [v.encode() if isinstance(v, str) else v for v in present]
        content = f"values {sha(b''.join(present))}"
    elif name.startswith("map"):
        pairs = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
        inner = [{"key": key, "value": value} for v in present for key, value in v]
        content = f"child {oracle(logical_type(pairs), inner, pairs)}"
    else:
        inner = [each for v in present for each in v]
        content = f"child {oracle(logical_type(kind.value_type), inner, kind.value_type)}"
    measured = [0 if v is None else len(v.encode() if isinstance(v, str) else v) for v in values]
    lengths = np.array(measured, "<i8").tobytes()
    return digest(name, f"validity {validity}", f"lengths {sha(lengths)}", content)


@given(typed_values(), st.data())
def test_a_digest_is_its_definition_however_the_rows_arrive(typed, data):
    kind, values = typed
    array = pa.array(values, kind)
    pieces = pieces_of(data.draw, array, array)
    schema = pa.schema({"x": kind})
    batches = [pa.record_batch([piece], schema=schema) for piece in pieces]
    rows, (seen,) = digest_table(batches, schema=schema)
    assert rows == len(values)
    assert seen == column(array)
    assert seen.digest == oracle(seen.type, values, kind)
    assert seen.nulls == sum(value is None for value in values)


def test_lists_of_nulls_have_a_digest_also_in_a_slice():
    kind = pa.map_(pa.string(), pa.list_(pa.null()))
    values = [[("a", [None] * 3)], None, [("b", []), ("c", [None]), ("d", [None] * 3)], []]
    array = pa.array(values, kind)
    schema = pa.schema({"x": kind})
    batches = [pa.record_batch([piece], schema=schema) for piece in (array[:2], array[2:])]
    assert digest_table(batches, schema=schema)[1] == (column(array),)


# ------------------------------------------------------------------------- what a digest sees

BASE = {"a": [1.5, 2.5, -0.0], "b": [1, 2, 3], "c": ["x", None, ""]}


def whole(table):
    rows, seen = digest_table(table)
    return rows_digest(seen, rows)


def test_the_digest_of_the_rows_needs_nothing_but_the_manifest():
    rows, seen = digest_table(pa.table(BASE))
    block = [[c.name, c.type, c.digest] for c in seen]
    assert rows_digest(seen, rows) == json_digest([3, block])


def flipped(table):
    values = table["a"].to_numpy().copy()
    values.view("u8")[1] ^= 1
    return table.set_column(0, "a", pa.array(values))


@pytest.mark.parametrize(
    "change",
    [
        flipped,
        lambda t: t.take([1, 0, 2]),
        lambda t: t.rename_columns(["a", "B", "c"]),
        lambda t: t.select(["b", "a", "c"]),
        lambda t: t.select(["a", "b"]),
        lambda t: t.slice(0, 2),
        lambda t: t.cast(t.schema.set(1, pa.field("b", pa.int32()))),
        lambda t: t.cast(t.schema.set(2, pa.field("c", pa.binary()))),
        lambda t: t.set_column(0, "a", pa.array([1.5, 2.5, 0.0])),
        lambda t: t.set_column(2, "c", pa.array(["x", "", None])),
        lambda t: t.set_column(2, "c", pa.array(["", None, "x"])),
        lambda t: t.append_column("d", pa.nulls(3)),
    ],
)
def test_the_digest_of_the_rows_sees_every_change(change):
    table = pa.table(BASE)
    assert whole(change(table)) != whole(table)


SAME_TEXT = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int32(), pa.string()),
    pa.dictionary(pa.int8(), pa.large_string()),
]


@pytest.mark.parametrize("kind", SAME_TEXT)
def test_text_is_text_in_every_layout(kind):
    values = ["x", None, "", "long enough not to be inlined in a view", "x"]
    assert column(values, type=kind) == column(values, type=pa.string())


@pytest.mark.parametrize(
    "kind",
    [
        pa.large_list(pa.int64()),
        pa.list_(pa.field("element", pa.int64(), nullable=False)),
        pa.list_(pa.int64(), 2),
    ],
)
def test_a_list_is_a_list_in_every_layout(kind):
    values = [[1, 2], None, [3, 4]]
    assert column(values, type=kind) == column(values, type=pa.list_(pa.int64()))


def test_a_dictionary_is_its_values():
    codes, values = pa.array([1, None, 0, 1, 2], pa.int8()), pa.array([2.5, 1.5, None])
    encoded = pa.DictionaryArray.from_arrays(codes, values)
    assert column(encoded.slice(1)) == column([None, 2.5, 1.5, None])
    lists = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), pa.array([[1], [2, 3]]))
    assert column(lists) == column([[1], [2, 3], [1]])


def test_an_extension_is_its_storage():
    storage = pa.array([b"0123456789abcdef", None], pa.binary(16))
    assert column(pa.ExtensionArray.from_storage(pa.uuid(), storage)) == column(storage)


def test_null_and_every_nan_are_one_value_reported_apart_by_the_counts():
    strange = np.array([0x7FF8000000000000, 0xFFF8000000000001, 0x7FF0000000000001], "u8")
    nans, nulls = column(strange.view("f8")), column([None] * 3, type=pa.float64())
    assert nans.digest == nulls.digest
    assert (nans.nan, nans.nulls, nulls.nan, nulls.nulls) == (3, 0, 0, 3)


@pytest.mark.parametrize("bits", [16, 32, 64])
def test_the_canonical_nan_is_quiet_and_has_no_sign(bits):
    exponent = {16: 0x7E00, 32: 0x7FC00000, 64: 0x7FF8000000000000}[bits]
    raw = np.array([exponent], f"<u{bits // 8}").tobytes()
    seen = column([None], type=getattr(pa, f"float{bits}")())
    assert seen.digest == digest(f"float{bits}", f"values {sha(raw)}")


def test_what_lies_under_a_null_is_not_seen():
    dirty = pa.Array.from_buffers(
        pa.int64(), 3, [mask(1, 0, 1), pa.py_buffer(np.array([1, 99, 3]).tobytes())]
    )
    assert column(dirty) == column([1, None, 3])
    floats = pa.Array.from_buffers(
        pa.float64(), 3, [mask(1, 0, 1), pa.py_buffer(np.array([1.0, math.inf, 3.0]).tobytes())]
    )
    assert column(floats) == column([1.0, None, 3.0])
    offsets = pa.py_buffer(np.array([0, 1, 4, 5], "i4").tobytes())
    text = pa.Array.from_buffers(pa.string(), 3, [mask(1, 0, 1), offsets, pa.py_buffer(b"ajnkb")])
    assert column(text) == column(["a", None, "b"])
    assert list(row_bytes(text)) == [1, 0, 1]
    lists = pa.Array.from_buffers(
        pa.list_(pa.int64()), 3, [mask(1, 0, 1), offsets], children=[pa.array([1, 7, 8, 9, 2])]
    )
    assert column(lists) == column([[1], None, [2]])
    assert list(row_bytes(lists)) == [8, 0, 8]
    fields = pa.StructArray.from_buffers(
        pa.struct({"v": pa.int64()}), 3, [mask(1, 0, 1)], children=[pa.array([1, 99, 3])]
    )
    assert column(fields) == column([{"v": 1}, None, {"v": 3}])


def test_bits_of_a_sliced_bool_are_the_right_ones():
    values = [bool(n % 3) for n in range(40)]
    assert column(pa.array(values).slice(5, 20)) == column(values[5:25])


def test_no_rows_have_a_digest_too():
    summary = ColumnsSummary(pa.schema({"x": pa.int64(), "y": pa.list_(pa.string())}))
    first, second = summary.finish()
    empty = sha(b"")
    assert first.digest == digest("int64", f"validity {empty}", f"values {empty}")
    assert second.type == "list<string>"
