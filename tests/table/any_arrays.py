"""Arrays of any type, for tests that hold for any data."""

import hashlib
from decimal import Decimal

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from tablehost.table.write import digest_table


def sha(data):
    return hashlib.sha256(data).hexdigest()


def digest(*lines):
    return sha("".join(f"{line}\n" for line in lines).encode())


def column(array, **changes):
    array = pa.array(array, **changes) if not isinstance(array, pa.Array) else array
    return digest_table(pa.table({"x": array}))[1][0]


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


NUMBERS = st.one_of(
    st.tuples(st.just(pa.float64()), st.lists(nullable(st.floats()), max_size=40)),
    st.tuples(
        st.just(pa.float64()), st.lists(nullable(st.floats(-1e6, 1e6)), min_size=1, max_size=60)
    ),
    st.tuples(st.just(pa.float32()), st.lists(nullable(st.floats(width=32)), max_size=40)),
    st.tuples(st.just(pa.int64()), st.lists(nullable(integers(64)), max_size=40)),
    st.tuples(st.just(pa.uint8()), st.lists(nullable(st.integers(0, 255)), max_size=40)),
)


def mask(*present):
    return pa.py_buffer(np.packbits(present, bitorder="little").tobytes())
