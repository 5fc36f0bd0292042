"""Digests and statistics of columns: what they see, and what they do not."""

import datetime as dt
import hashlib
import json
import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablehost import columns
from tablehost.columns import ColumnsSummary, logical_type, row_bytes, rows_digest, stored_type
from tablehost.digests import json_digest
from tablehost.table import _stored_array, digest_table


def sha(data):
    return hashlib.sha256(data).hexdigest()


def digest(*lines):
    return sha("".join(f"{line}\n" for line in lines).encode())


def column(array, **changes):
    array = pa.array(array, **changes) if not isinstance(array, pa.Array) else array
    return digest_table(pa.table({"x": array}))[1][0]


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
        raw = np.array([0 if v is None else v for v in values]).astype(RAW[name])
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


def integers(bits, *, signed=True):
    low = -(2 ** (bits - 1)) if signed else 0
    return st.integers(low, low + 2**bits - 1)


TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
LEAVES = [
    (pa.int8(), integers(8)),
    (pa.int32(), integers(32)),
    (pa.int64(), integers(64)),
    (pa.uint64(), integers(64, signed=False)),
    (pa.bool_(), st.booleans()),
    (pa.float16(), st.floats(width=16)),
    (pa.float32(), st.floats(width=32)),
    (pa.float64(), st.floats()),
    (pa.string(), TEXT),
    (pa.large_string(), TEXT),
    (pa.string_view(), TEXT),
    (pa.binary(), st.binary(max_size=5)),
    (pa.large_binary(), st.binary(max_size=20)),
    (pa.binary_view(), st.binary(max_size=20)),
    (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["a", "b", "cc"])),
    (pa.null(), st.none()),
    (pa.date32(), st.integers(-10_000, 10_000)),
    (pa.timestamp("ms"), st.integers(-(10**12), 10**12)),
    (pa.timestamp("us", "UTC"), st.integers(-(10**15), 10**15)),
    (pa.decimal128(9, 2), st.integers(-(10**8), 10**8).map(lambda v: Decimal(v).scaleb(-2))),
]


def nullable(values):
    return st.none() | values


def nest(inner):
    kind, values = inner
    shapes = [
        (pa.list_(kind), st.lists(nullable(values), max_size=3)),
        (pa.large_list(kind), st.lists(nullable(values), max_size=3)),
        (pa.list_(kind, 2), st.lists(nullable(values), min_size=2, max_size=2)),
        (
            pa.struct([("p", kind), ("q", pa.int32())]),
            st.fixed_dictionaries({"p": nullable(values), "q": nullable(integers(32))}),
        ),
    ]
    if pa.types.is_dictionary(kind) or pa.types.is_null(kind):
        # pyarrow 26 cannot cast a struct of dictionaries in which every row is null, and its cast
        # of a fixed-size list of nulls makes an array that ends the process
        return st.sampled_from(shapes[:2])
    shapes.append(
        (pa.map_(pa.string(), kind), st.lists(st.tuples(TEXT, nullable(values)), max_size=3))
    )
    return st.sampled_from(shapes)


KINDS = st.recursive(st.sampled_from(LEAVES), lambda inner: inner.flatmap(nest), max_leaves=3)


@st.composite
def typed_values(draw):
    kind, values = draw(KINDS)
    return kind, draw(st.lists(nullable(values), min_size=1, max_size=40))


def pieces_of(draw, array, junk):
    """Cut an array, and put rows that are not theirs around some pieces."""
    cuts = sorted(draw(st.lists(st.integers(0, len(array)), max_size=4)))
    pieces = []
    for start, stop in zip([0, *cuts], [*cuts, len(array)], strict=True):
        piece = array.slice(start, stop - start)
        if draw(st.booleans()):
            around = junk.slice(0, 3)
            piece = pa.concat_arrays([around, piece, around]).slice(len(around), len(piece))
        pieces.append(piece)
    return pieces


@pytest.fixture(scope="module", autouse=True)
def _small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "BLOCK", 4)
        yield


@given(typed_values(), st.data())
@settings(max_examples=200, deadline=None)
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


NUMBERS = st.one_of(
    st.tuples(st.just(pa.float64()), st.lists(nullable(st.floats()), max_size=40)),
    st.tuples(
        st.just(pa.float64()), st.lists(nullable(st.floats(-1e6, 1e6)), min_size=1, max_size=60)
    ),
    st.tuples(st.just(pa.float32()), st.lists(nullable(st.floats(width=32)), max_size=40)),
    st.tuples(st.just(pa.int64()), st.lists(nullable(integers(64)), max_size=40)),
    st.tuples(st.just(pa.uint8()), st.lists(nullable(st.integers(0, 255)), max_size=40)),
)


@given(NUMBERS, st.data())
@settings(max_examples=150, deadline=None)
def test_statistics_are_numpys_and_the_same_for_any_chunking(typed, data):
    kind, values = typed
    array = pa.array(values, kind)
    schema = pa.schema({"x": kind})
    batches = [
        pa.record_batch([piece], schema=schema) for piece in pieces_of(data.draw, array, array)
    ]
    _, (seen,) = digest_table(batches, schema=schema)
    assert repr(seen) == repr(column(array))
    json.dumps([seen.min, seen.max, seen.mean, seen.std], allow_nan=False)
    present = [value for value in array.to_pylist() if value is not None]
    finite = np.array([v for v in present if math.isfinite(v)], kind.to_pandas_dtype())
    assert (seen.nulls, seen.nan) == (array.null_count, sum(math.isnan(v) for v in present))
    assert seen.inf == sum(math.isinf(v) for v in present)
    if not len(finite):
        assert (seen.min, seen.max, seen.mean, seen.std) == (None, None, None, None)
        return
    assert (seen.min, seen.max) == (finite.min().item(), finite.max().item())
    if float(np.abs(finite.astype("f8")).max()) < 1e150:
        wide = finite.astype("f8")
        close = 1e-9 * max(1e-300, float(np.abs(wide).max()))
        assert seen.mean == pytest.approx(wide.mean(), rel=1e-9, abs=close)
        assert seen.std == pytest.approx(wide.std(), rel=1e-7, abs=close)


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


def test_null_and_every_nan_are_one_value_told_apart_by_the_counts():
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


def mask(*present):
    return pa.py_buffer(np.packbits(present, bitorder="little").tobytes())


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


# ----------------------------------------------------------------------------------- statistics


def test_dates_and_timestamps_have_bounds_as_text():
    day = dt.date(2024, 2, 29)
    seen = column([day, None, dt.date(1969, 1, 1)])
    assert (seen.min, seen.max, seen.mean, seen.std) == ("1969-01-01", "2024-02-29", None, None)
    seen = column([1], type=pa.timestamp("ms", "Europe/Berlin"))
    assert (seen.min, seen.type) == ("1970-01-01T00:00:00.001Z", "timestamp[ms, Europe/Berlin]")
    assert column([1], type=pa.timestamp("us")).max == "1970-01-01T00:00:00.000001"


@pytest.mark.parametrize("values", [["x"], [True], [b"x"], [[1]], [Decimal("1.5")], [None]])
def test_other_columns_have_no_bounds(values):
    seen = column(values)
    assert (seen.min, seen.max, seen.mean, seen.std) == (None, None, None, None)


def test_a_constant_column_does_not_deviate():
    seen = column([0.1] * 23)
    assert (seen.mean, seen.std) == (0.1, 0.0)


def test_numbers_too_large_to_add_up_have_bounds_only():
    seen = column([1e308, -1e308, 1.7e308])
    assert (seen.min, seen.max, seen.mean, seen.std) == (-1e308, 1.7e308, None, None)


def test_large_integers_keep_exact_bounds():
    seen = column([2**64 - 1, 2**64 - 3], type=pa.uint64())
    assert (seen.min, seen.max) == (2**64 - 3, 2**64 - 1)
    assert seen.mean == pytest.approx(2.0**64)


def test_zero_has_no_sign_in_statistics():
    assert str(column([-0.0, -0.0])) == str(column([-0.0, -0.0]))
    seen = column([-0.0, 0.0])
    assert [math.copysign(1, v) for v in (seen.min, seen.max, seen.mean)] == [1, 1, 1]


def test_infinities_are_counted_and_left_out():
    seen = column([math.inf, 1.0, -math.inf, math.nan, None, 3.0])
    assert (seen.inf, seen.nan, seen.nulls) == (2, 1, 1)
    assert (seen.min, seen.max, seen.mean, seen.std) == (1.0, 3.0, 2.0, 1.0)


def test_no_rows_have_a_digest_too():
    summary = ColumnsSummary(pa.schema({"x": pa.int64(), "y": pa.list_(pa.string())}))
    first, second = summary.finish()
    empty = sha(b"")
    assert first.digest == digest("int64", f"validity {empty}", f"values {empty}")
    assert second.type == "list<string>"


@given(typed_values())
@settings(max_examples=80, deadline=None)
def test_the_bytes_of_a_row_do_not_depend_on_its_neighbours(typed):
    kind, values = typed
    array = _stored_array(pa.array(values, kind), stored_type(kind))
    seen = np.broadcast_to(row_bytes(array), len(array)).tolist()
    alone = [row_bytes(array.slice(i, 1)) for i in range(len(array))]
    assert seen == [int(np.ravel(each)[0]) for each in alone]
