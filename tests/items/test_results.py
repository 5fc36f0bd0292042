"""Results: checked where they are made, never coerced, and stored as what they are."""

import datetime as dt
import sqlite3
import sys
from contextlib import closing
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from tablehost import ItemFailed
from tablehost.contract.errors import BrokenBuilder
from tablehost.items.results import decoder_of, encoder_of, result_type

CHECKED = '''
import dataclasses, datetime, enum, math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NewType
from attrs import field, frozen
from tablehost import Build, Run, hookimpl

@frozen
class Options:
    """Return every kind of value."""

@frozen
class Inner:
    n: int

@dataclasses.dataclass
class Data:
    n: int

Number = NewType("Number", int)

@frozen
class Row:
    i: int = 1
    f: float = 1.0
    s: str = "x"
    b: bool = True
    y: bytes = b"x"
    o: int | None = None
    c: Literal["a", "b"] = "a"
    fs: list[float] = [1.0]
    gs: list[float | None] = [1.0]
    t: tuple[int, str] = (1, "a")
    inner: Inner = Inner(1)
    inners: list[Inner] = []
    d: dict[str, int] = {}
    some: Sequence[int] = ()
    meant: Annotated[int, "a remark"] = 1
    set: frozenset[int] = frozenset()
    map: Mapping[str, int] = {}
    data: Data = Data(1)
    new: Number = 1
    day: datetime.date = datetime.date(2020, 2, 2)
    text: str | bytes = "x"
    any: Any = None
    half: float = field(default=0.0, converter=lambda given: given / 2)

VALUES = VALUES_

def work(item: int, settings: None) -> Row:
    import numpy as np
    return eval(VALUES[item])

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    found = list(run.map(work, range(len(VALUES)), key="{:03d}".format))
    return pa.table({"row": [repr(row) for row in found]})
'''
WRONG = {
    "Row(i=3.99)": "field i: int, got 3.99 (float)",
    "Row(i=True)": "field i: int, got True (bool)",
    "Row(i=3.0)": "field i: int, got 3.0 (float)",
    "Row(i=np.float64(3))": "field i: int, got np.float64(3.0) (float64)",
    "Row(i=None)": "field i: int, got None (NoneType)",
    "Row(f='1')": "field f: float, got '1' (str)",
    "Row(f=True)": "field f: float, got True (bool)",
    "Row(f=2**53 + 1)": "field f: float, got 9007199254740993 (int)",
    "Row(f=10**400)": "field f: float, got 1" + "0" * 99 + " (int)",
    "Row(s=None)": "field s: str, got None (NoneType)",
    "Row(s=b'x')": "field s: str, got b'x' (bytes)",
    "Row(b='no')": "field b: bool, got 'no' (str)",
    "Row(b=1)": "field b: bool, got 1 (int)",
    "Row(y='x')": "field y: bytes, got 'x' (str)",
    "Row(o='x')": "field o: int | None, got 'x' (str)",
    "Row(c='d')": "field c: Literal['a', 'b'], got 'd' (str)",
    "Row(fs=(1.0,))": "field fs: list[float], got (1.0,) (tuple)",
    "Row(fs=[1.0, None])": "field fs[1]: float, got None (NoneType)",
    "Row(fs=[1.0] * 99 + ['x'])": "field fs[99]: float, got 'x' (str)",
    "Row(fs=np.array(['x']))": "field fs[0]: float, got 'x' (str)",
    "Row(gs=[1.0, 'x'])": "field gs[1]: float | None, got 'x' (str)",
    "Row(t=(1, 2))": "field t[1]: str, got 2 (int)",
    "Row(t=(1,))": "field t: tuple[int, str], got (1,) (tuple)",
    "Row(inner=Inner('x'))": "field inner.n: int, got 'x' (str)",
    "Row(inners=[Inner(1), Inner(2.5)])": "field inners[1].n: int, got 2.5 (float)",
    "Row(d={'a': 1.5})": "field d['a']: int, got 1.5 (float)",
    "Row(set=frozenset({3.5}))": "field set[0]: int, got 3.5 (float)",
    "Row(text=b'x')": "field text: str | bytes, of which str takes what is stored as text, got "
    "b'x' (bytes)",
    "Row(any={1: 2})": "field any[1]: str, got 1 (int)",
    "Row(any=(1,))": "field any: Any (a value that JSON has), got (1,) (tuple)",
    "Inner(1)": "Row, got Inner(n=1) (Inner)",
    "None": "Row, got None (NoneType)",
}
RIGHT = {
    "Row()": "Row()",
    "Row(f=3)": "Row(f=3.0)",
    "Row(f=float('nan'))": "Row(f=float('nan'))",
    "Row(f=-math.inf, i=2**80)": "Row(f=-math.inf, i=2**80)",
    "Row(i=np.int32(7), f=np.float32(0.5), b=np.True_, s=np.str_('t'))": "Row(i=7, f=0.5, s='t')",
    "Row(f=np.int64(2), o=np.uint8(3))": "Row(f=2.0, o=3)",
    "Row(fs=np.array([1, 2]))": "Row(fs=[1.0, 2.0])",
    "Row(fs=np.arange(99, dtype='float32'))": "Row(fs=[float(n) for n in range(99)])",
    "Row(fs=[1] * 99, gs=[None, 2])": "Row(fs=[1.0] * 99, gs=[None, 2.0])",
    "Row(y=bytes(range(256)), t=(2, 'é'))": "Row(y=bytes(range(256)), t=(2, 'é'))",
    "Row(inners=[Inner(1)], d={'a': np.int8(1)})": "Row(inners=[Inner(1)], d={'a': 1})",
    "Row(some=(1, 2), set=frozenset({3, 1}), map={'a': 1}, data=Data(2))": (
        "Row(some=(1, 2), set=frozenset({1, 3}), map={'a': 1}, data=Data(2))"
    ),
    "Row(any={'a': [1, None, 'x']}, text='x')": "Row(any={'a': [1, None, 'x']})",
}
OTHERS = [
    "Row(some=[3.5])",
    "Row(map={'a': 3.5})",
    "Row(data=Data(3.5))",
    "Row(data=Data('3'))",
    "Row(new=3.5)",
    "Row(day=datetime.datetime(2020, 2, 2, 2))",
    "Row(half=1.0)",
]


UNFIT = """
import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import TypedDict
from attrs import frozen

class Typed(TypedDict):
    n: int

@frozen
class Holder:
    n: Decimal

@frozen
class Row:
    x: ANNOTATION

def work(item: str, settings: None) -> Row: ...
"""


@pytest.mark.outcome("`wrong-result`: what there is, and what it would be.")
def test_a_result_that_would_be_read_back_as_another_is_the_failure_of_its_item(project):
    project.write("checked.py", CHECKED.replace("VALUES_", repr([*OTHERS, "Row()"])))
    ended = project.run("run", "./checked.py", "--out", "t.parquet", "--workers", 0)
    found = project.manifest("t.parquet")["run"]["failures"]
    assert ended.code == 1, ended.err
    assert [one["key"] for one in found] == [f"{at:03d}" for at in range(len(OTHERS))]
    assert {one["reason"] for one in found} == {"wrong-result"}
    assert all("read back" in one["detail"] for one in found)


@pytest.mark.outcome(
    "Broken builder, exit 3 before the first item: the field, its type, the remedy."
)
@pytest.mark.parametrize(
    ("annotation", "named"),
    [
        ("Decimal", "Decimal"),
        ("datetime.timedelta", "timedelta"),
        ("datetime.time", "time"),
        ("object", "object"),
        ("list[Decimal | None]", "Decimal"),
        ("Typed", "Typed"),
        ("list[Typed]", "Typed"),
        ("dict[str, Holder | None]", "Decimal"),
        ("Holder", "Decimal"),
        ("Callable[[int], int]", "collections.abc.Callable[[int], int]"),
        ("list['Row']", "Row"),
    ],
)
def test_a_field_of_a_type_that_is_not_stored_is_a_broken_builder(annotation, named):
    names = {"__name__": "keeper"}
    exec(UNFIT.replace("ANNOTATION", annotation), names)  # noqa: S102  # as a builder is imported
    sys.modules["keeper"] = SimpleNamespace(**names)
    with pytest.raises(BrokenBuilder) as caught:
        result_type(names["work"])
    del sys.modules["keeper"]
    assert f"field `x` of Row has the type {named}, as which no result is" in str(caught.value)


@pytest.mark.outcome("`wrong-result`: an offset is stored, and a zone would be lost.")
@pytest.mark.parametrize(
    ("zone", "fold", "fits"),
    [
        (None, 0, True),
        (dt.UTC, 0, True),
        (dt.timezone(dt.timedelta(hours=-3, minutes=-30)), 0, True),
        (dt.timezone(dt.timedelta(hours=1), "CET"), 0, False),
        (ZoneInfo("Europe/Berlin"), 0, False),
        (ZoneInfo("UTC"), 0, False),
        (None, 1, False),
    ],
)
def test_a_date_and_time_is_read_back_with_its_zone_or_refused(zone, fold, fits):
    row = Moment(dt.datetime(2020, 2, 2, 2, tzinfo=zone, fold=fold))
    if fits:
        assert repr(decoder_of(result_type(moment))(encoder_of(moment)(row))) == repr(row)
        return
    with pytest.raises(ItemFailed, match="field at: datetime without a zone, or in UTC by"):
        encoder_of(moment)(row)


@pytest.mark.outcome("`wrong-result`: the field, its type, the value; the others are rows.")
def test_a_result_of_another_type_is_the_failure_of_its_item(project):
    project.write("checked.py", CHECKED.replace("VALUES_", repr([*WRONG, *RIGHT])))
    ended = project.run("run", "./checked.py", "--out", "t.parquet", "--workers", 0)
    failures = project.manifest("t.parquet")["run"]["failures"]
    assert ended.code == 1, ended.err
    assert [one["detail"] for one in failures] == list(WRONG.values())
    assert {one["reason"] for one in failures} == {"wrong-result"}
    with closing(sqlite3.connect(project.path / "t.parquet.ledger")) as db:
        assert db.execute("SELECT count(*) FROM items").fetchone() == (len(RIGHT),)
    names: dict = {}
    exec(CHECKED.partition("VALUES =")[0], names)  # noqa: S102  # the classes of the builder
    expected = [repr(eval(one, names)) for one in RIGHT.values()]  # noqa: S307
    rows = pq.read_table(project.path / "t.parquet")["row"].to_pylist()
    assert rows == expected
    again = project.run("run", "./checked.py", "--out", "t.parquet", "--workers", 0)
    assert again.code == 1, again.err


@frozen
class Moment:
    at: dt.datetime


def moment(item: str, settings: None) -> Moment:
    raise NotImplementedError


@frozen
class Plain:
    i: int
    f: float
    s: str
    b: bool
    o: float | None
    fs: list[float]
    ss: list[str]


@frozen
class Halved:
    f: float

    def __attrs_post_init__(self):
        object.__setattr__(self, "f", self.f / 2)


def plain(item: str, settings: None) -> Plain:
    raise NotImplementedError


def halved(item: str, settings: None) -> Halved:
    raise NotImplementedError


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.builds(
        Plain,
        st.integers(),
        st.floats(),
        TEXT,
        st.booleans(),
        st.none() | st.floats(),
        st.lists(st.floats(width=64)) | st.just([0.1, float("nan"), -0.0] * 4000),
        st.lists(TEXT),
    )
)
def test_a_row_of_plain_values_is_read_back_as_it_was(row):
    assert repr(decoder_of(result_type(plain))(encoder_of(plain)(row))) == repr(row)


def test_a_row_that_its_class_changes_would_be_read_back_as_another():
    with pytest.raises(ItemFailed, match=r"Halved\(f=1.0\) would be read back as Halved\(f=0.5\)"):
        encoder_of(halved)(Halved(2.0))
