"""The digest of an item's values: the same for the same values, another for any others."""

import copy
import datetime as dt
import enum
import pickle
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from tablehost.items.identity import identity_of


@frozen
class Pair:
    first: object
    second: object = None


@frozen
class Other:
    first: object
    second: object = None


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Number(enum.IntEnum):
    ONE = 1


NOON = dt.datetime(2024, 10, 27, 2, 30)  # noqa: DTZ001  # without a zone is another value
BERLIN = NOON.replace(tzinfo=ZoneInfo("Europe/Berlin"))
DIFFERENT = [
    *(None, False, True, 0, 1, -1, 2**64, 0.0, -0.0, 1.0, float("nan"), Decimal(1), Decimal("1.0")),
    *("", "0", "1", b"", b"0", "é", "e\u0301", (), [], {}, (1, None), [1, None], ((1,), None)),
    *(
        Pair(1),
        Other(1),
        Pair(first=True),
        Pair(1.0),
        Pair(None, 1),
        Pair((1, None)),
        Pair(Pair(1)),
    ),
    *(("ab", "c"), ("a", "bc"), ("abc",), (("ab",), "c"), [["ab"], "c"], {"ab": "c"}, {"c": "ab"}),
    *(Colour.RED, Colour.BLUE, Number.ONE, np.int64(1), np.int32(1), np.float64(1), np.str_("1")),
    *(
        NOON.date(),
        NOON,
        BERLIN,
        BERLIN.replace(fold=1),
        BERLIN.astimezone(dt.UTC),
        str(NOON),
    ),
    *({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2, "b": 1}, {"a": 1}, Path("a"), Path("b")),
]


def digest(value):
    return identity_of(value, (Path("a"), Path("b")), "item")


def test_no_two_different_values_have_one_digest():
    found = [digest(value) for value in DIFFERENT]
    same = [(a, b) for a, b in combinations(range(len(found)), 2) if found[a] == found[b]]
    assert [(DIFFERENT[a], DIFFERENT[b]) for a, b in same] == []
    assert found == [digest(value) for value in DIFFERENT]


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
NESTED = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2), inner, max_size=2)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=6,
)


@given(NESTED, NESTED)
def test_two_values_have_one_digest_only_where_they_are_pickled_alike(one, other):
    alike = pickle.dumps(one) == pickle.dumps(other)
    assert digest(one) == digest(copy.deepcopy(one))
    assert (digest(one) == digest(other)) == (alike or one is other)


def test_a_path_counts_by_its_place_among_the_inputs_and_not_by_its_name(tmp_path):
    here = identity_of(Pair(Path("a"), "x"), (Path("a"),), "item")
    assert here == identity_of(Pair(tmp_path / "b", "x"), (tmp_path / "b",), "item")
    assert here == identity_of(Pair(tmp_path / "b", "x"), (tmp_path / "sub/../b",), "item")
    assert here != identity_of(Pair(Path("a"), "x"), (Path("b"), Path("a")), "item")
    assert here != identity_of(Pair("a", "x"), (Path("a"),), "item")
