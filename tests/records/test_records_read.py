"""Files read strictly: rows with their lines, names, one type a column."""

import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost import Refused
from tablehost.records import MalformedLine, malformed_lines, read_csv, read_rows, records_of


@pytest.fixture
def rows_of(tmp_path):
    def read(content, name="r.jsonl", keys=("v", "w"), **kwargs):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_rows(path, keys, **({"name": "id", "files": ("file",)} | kwargs))

    return read


@pytest.fixture
def records(rows_of):
    def read(*rows, **kwargs):
        found = rows_of("\n".join(map(json.dumps, rows)), **kwargs)
        return records_of(found, {key: found.columns[key] for key in ("v", "w")})

    return read


def refusal(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value.problems


def test_a_row_has_its_own_name_or_the_base_name_of_its_file(rows_of):
    rows = rows_of(
        '{"id": "a", "file": "x/b"}\n{"file": "x\\\\y/c"}\n{"id": 7}\n{"id": "", "file": "d"}'
    )
    assert rows.names == ["a", "c", "7", "d"]
    assert rows.lines == [1, 2, 3, 4]


def test_rows_without_a_name_are_malformed_in_the_order_of_the_lines(rows_of):
    rows = rows_of('{"v": 1}\n{\n{"id": "a"}\n\n{"id": true}\n{"file": "x/"}')
    assert rows.names == ["a"]
    assert [(one.line, one.reason.partition(":")[0]) for one in rows.malformed] == [
        (1, "no id or file"),
        (2, "not JSON"),
        (5, "its id is not a name"),
        (6, "its file is not a name"),
    ]


def test_a_row_without_the_only_key_that_names_rows_is_malformed(rows_of):
    assert rows_of('{"v": 1}', files=()).malformed == [MalformedLine(1, "no id")]


def test_malformed_lines_are_listed_by_their_reason():
    lines = [
        MalformedLine(1, "not UTF-8"),
        MalformedLine(3, "no id"),
        MalformedLine(4, "not UTF-8"),
    ]
    assert malformed_lines(lines) == (
        "3 malformed lines left out: lines 1, 4: not UTF-8; line 3: no id; "
        "correct or delete what is malformed"
    )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None, 2], pa.int64()),
        ([1, 2.5, None], pa.float64()),
        ([2**53, 0.5, None], pa.float64()),
        ([-(2**63), 2**63 - 1, None], pa.int64()),
        ([True, None, False], pa.bool_()),
        (["", "x", None], pa.string()),
    ],
)
def test_a_column_has_the_one_type_of_its_values(records, values, kind):
    found = records(*({"id": f"r{at}", "v": value} for at, value in enumerate(values)))
    assert found.columns["v"].type == kind
    assert found.columns["v"].to_pylist() == values
    assert "w" not in found.columns


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([1, "x"], "have no common type: integer on line 1, text on line 2; write all in one type"),
        ([True, 1], "have no common type: truth value on line 1, integer on line 2; write all in"),
        (
            [[1]],
            "are not plain values: list on line 1; write them as text, numbers or truth values",
        ),
        ([2**63], f"do not fit into 64 bits: {2**63} on line 1; write all as text"),
        ([0.5, 2**53 + 1], f"are too large for a float: {2**53 + 1} on line 2; write all as text"),
        (["\udfff"], "have an unpaired surrogate, which is not valid Unicode: '\\udfff'"),
    ],
)
def test_values_without_one_type_are_refused_with_file_line_and_remedy(records, values, problem):
    rows = ({"id": f"r{at}", "v": value} for at, value in enumerate(values))
    (said,) = refusal(records, *rows)
    assert "r.jsonl: the values of 'v' " + problem in said


def test_rows_of_one_name_are_one_record_or_disagree(records):
    found = records({"id": "a", "v": 1}, {"id": "b"}, {"file": "x/a", "v": 1.0, "other": 2})
    assert found.names.to_pylist() == ["a", "b"]
    assert found.columns["v"].to_pylist() == [1.0, None]
    (said,) = refusal(records, {"id": "a", "v": 1}, {"id": "a", "w": 2})
    assert "lines 1 and 2 are both about 'a' and disagree on v, w; correct or delete one" in said


def test_all_problems_are_refused_at_once_the_first_twenty_of_them(records):
    rows = [{"id": "a", "v": at, "w": [at]} for at in range(30)]
    said = refusal(records, *rows)
    assert len(said) == 21
    assert said[-1].endswith("r.jsonl: and 10 more problems")


@pytest.mark.parametrize("suffix", ["jsonl", "NDJSON", "jsonl.gz", "JSONL.ZST", "csv", "parquet"])
def test_every_format_gives_the_same_records(tmp_path, suffix):
    rows = [{"id": "1", "v": 1, "w": 0.5}, {"id": "b", "v": None, "w": -1.0}]
    path, text = tmp_path / f"r.{suffix}", "\n".join(map(json.dumps, rows)).encode()
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == "csv":
        path.write_text("id,v,w\n1,1,0.5\nb,,-1.0\n")
    elif suffix.endswith("ZST"):
        path.write_bytes(pa.compress(text, "zstd", asbytes=True))
    else:
        path.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    rows = read_rows(path, ("v", "w"), name="id")
    found = records_of(rows, {key: rows.columns[key] for key in ("v", "w")})
    assert found.names.to_pylist() == ["1", "b"]
    assert found.columns["v"].equals(pa.array([1, None]))
    assert found.columns["w"].equals(pa.array([0.5, -1.0]))
    assert (found.lines, found.malformed) == (2, ())


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1", "-2"], [1, -2]),
        (["1", "2.5"], [1, 2.5]),
        (["007", "8"], ["007", "8"]),
        (["True", "false"], [True, False]),
        (["true", "1"], ["true", "1"]),
        ([" 1", "2"], [" 1", "2"]),
        (["+1", ".5"], ["+1", ".5"]),
        (["nan", "1"], ["nan", "1"]),
        (["", "1"], [None, 1]),
    ],
)
def test_a_column_of_a_csv_has_the_narrowest_type_that_fits(rows_of, texts, values):
    content = "id,v\n" + "".join(f"r{at},{text}\n" for at, text in enumerate(texts))
    assert rows_of(content, "r.csv").columns["v"] == values
    assert rows_of(content, "r.csv", text=("v",)).columns["v"] == [text or None for text in texts]


def test_a_csv_has_the_first_line_of_each_row(tmp_path):
    path = tmp_path / "r.csv"
    path.write_bytes(b'\xef\xbb\xbf id ,v\r\n"a\nb",1\r\n\r\nc\r\nd,2\r\n')
    file = read_csv(path)
    assert file.header == ("id", "v")
    assert file.rows == [(2, ["a\nb", "1"]), (6, ["d", "2"])]
    assert file.malformed == [MalformedLine(5, "1 fields, the header has 2")]


@pytest.mark.parametrize("content", [b"\xff", b'a\n"b', b"a,b,a\n"])
def test_a_csv_that_is_not_readable_is_refused_with_its_name(tmp_path, content):
    (tmp_path / "r.csv").write_bytes(content)
    (said,) = refusal(read_csv, tmp_path / "r.csv")
    assert "r.csv: " in said


@pytest.mark.parametrize("name", ["gone.jsonl", "gone.csv", "gone.parquet"])
def test_a_file_that_is_not_there_is_refused(tmp_path, name):
    (said,) = refusal(read_rows, tmp_path / name, ("v",), name="id")
    assert f"{name}: not readable" in said


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(st.sampled_from(["id", "v", "w", "other"]), anything).map(
    lambda values: json.dumps(values).encode()
)


@given(
    st.lists(objects | st.binary(max_size=6) | anything.map(lambda one: json.dumps(one).encode()))
)
def test_many_lines_at_a_time_are_read_as_python_reads_each(raws):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "r.jsonl"
        path.write_bytes(b"\n".join([*raws, b'{"id": "last"}']))
        rows = read_rows(path, ("v",), name="id")
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    expected = [(at, one) for at, one in enumerate(map(decoded, lines), 1) if one is not None]
    kept = {at: one.get("v") for at, one in expected if named(one)}
    assert dict(zip(rows.lines, map(exact, rows.columns["v"]), strict=True)) == {
        at: exact(value) for at, value in kept.items()
    }
    assert len(rows.lines) + len(rows.malformed) == sum(1 for line in lines if line.strip())


def decoded(raw):
    """Return the object of a line as Python's own decoder reads it; None if it is not one."""

    def refuse(name):
        raise ValueError(name)

    try:
        value = json.loads(raw.strip().decode(), parse_constant=refuse)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def named(values):
    own = values.get("id")
    if type(own) is int:
        return True
    return isinstance(own, str) and own != "" and not any("\ud800" <= c <= "\udfff" for c in own)


def exact(value):
    return value.hex() if isinstance(value, float) else json.dumps(value)
