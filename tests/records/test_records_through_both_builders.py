"""What extract and enrich make of one metadata file: the same, with the same sentence."""

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
from tablehost_enrich import metadata as enrich
from tablehost_enrich.keys import KEYS
from tablehost_extract_k150k import metadata as extract

GOOD = b'{"src": "x/b.mp4", "chug_name": "n"}'


def line(values):
    return b'{"src": "x/a.mp4", ' + values + b"}"


def other(values):
    return b'{"src": "x/c.mp4", ' + values + b"}"


# Lines, the exit code of both builders, and what they say of the lines, if anything.
PROBES = {
    "an integer beyond 2**53 beside a fraction": (
        [line(b'"chug_ref": 9007199254740993'), other(b'"chug_ref": 0.5')],
        2,
        "are too large for a float: 9007199254740993 on line 1; write all as text",
    ),
    "types that are mixed over lines": (
        [line(b'"chug_ref": 1'), other(b'"chug_ref": "1"')],
        2,
        "have no common type: integer on line 1, text on line 2; write all in one type",
    ),
    "an integer for a name": ([b'{"clip_name": 7, "chug_name": "x"}'], 0, ""),
    "a fraction for a name": (
        [b'{"clip_name": 7.5, "src": "a.mp4"}'],
        0,
        "line 1: its clip_name is not a name",
    ),
    "a name of its own and a file": (
        [b'{"clip_name": "a.mp4", "src": "b.mp4", "chug_ref": 1}'],
        0,
        "",
    ),
    "src is not text, filename is": ([b'{"src": 5, "filename": "a.mp4", "chug_name": "x"}'], 0, ""),
    "a name with a path and backslashes": (
        [b'{"filename": "C:\\\\x\\\\a.mp4", "chug_ref": 1}'],
        0,
        "",
    ),
    "an unpaired surrogate in a name": (
        [b'{"src": "\\ud800.mp4"}'],
        0,
        "line 1: its src is not a name",
    ),
    "an unpaired surrogate in a value": (
        [line(b'"chug_content_name": "\\ud800"')],
        2,
        r"have an unpaired surrogate, which is not valid Unicode: '\ud800' on line 1; correct them",
    ),
    "an empty name": ([b'{"src": "", "chug_ref": 1}'], 0, "line 1: no clip_name, src or filename"),
    "lines of one clip that agree": (
        [line(b'"chug_ref": 1, "note": 1'), line(b'"chug_ref": 1.0, "note": 2')],
        0,
        "",
    ),
    "lines of one clip that disagree": (
        [line(b'"chug_name": "x"'), line(b'"chug_name": "y"')],
        2,
        "lines 1 and 2 are both about 'a.mp4' and disagree on chug_name; correct or delete one",
    ),
    "a BOM, blank lines and CRLF": (
        [b"\xef\xbb\xbf" + line(b'"chug_name": "x"') + b"\r", b" \t\r", b""],
        0,
        "",
    ),
    "a BOM on another line": (
        [line(b'"chug_ref": 1'), b"\xef\xbb\xbf" + line(b'"chug_ref": 1')],
        0,
        "line 2: not JSON: ",
    ),
    "NaN": ([line(b'"chug_ref": NaN')], 0, "line 1: not JSON: NaN is not a JSON value"),
    "a line that is not an object": ([b"[1]", b"null"], 0, "lines 1, 2: not a JSON object"),
    "more after the object": (
        [line(b'"chug_name": "x"') + b' {"src": "c.mp4"}'],
        0,
        "line 1: not JSON: more text after column 36",
    ),
    "a key twice in a line": ([line(b'"chug_name": "x", "chug_name": "y"')], 0, ""),
    "a nested value": (
        [line(b'"chug_ref": {"a": 1}'), other(b'"chug_ref": [1]')],
        2,
        "have no common type: object on line 1, list on line 2; write all in one type",
    ),
    "an integer beyond 64 bits": (
        [line(b'"chug_ref": 9223372036854775808')],
        2,
        "do not fit into 64 bits: 9223372036854775808 on line 1; write all as text",
    ),
    "a number too large for a float": (
        [line(b'"chug_ref": 1e999')],
        2,
        "are not finite: inf on line 1; correct them or leave them out",
    ),
    "a line that is not UTF-8": ([line(b'"note": "\xff"')], 0, "line 1: not UTF-8"),
}


@pytest.mark.parametrize(("lines", "code", "said"), PROBES.values(), ids=PROBES)
def test_extract_and_enrich_read_lines_alike(both, lines, code, said):
    both.write("m.jsonl", b"\n".join([*lines, GOOD]))
    extracted = both.extract("m.jsonl")
    assert extracted == both.enrich("m.jsonl")
    assert extracted.code == code
    assert [said in problem for problem in extracted.problems] == [True] * bool(said)


VARIANTS = {
    "truth values beside integers": [line(b'"chug_ref": true'), other(b'"chug_ref": 1')],
    "types mixed over two lines of one clip": [line(b'"chug_ref": true'), line(b'"chug_ref": 1')],
    "a name of its own": [b'{"clip_name": "a.mp4", "chug_name": "x"}'],
    "src ends in a slash, filename does not": [b'{"src": "x/", "filename": "a.mp4"}'],
    "src and filename": [b'{"src": "a.mp4", "filename": "c.mp4", "chug_name": "x"}'],
    "a URL for a name": [b'{"src": "https://x/y/a.mp4", "chug_name": "x"}'],
    "an unpaired surrogate in another value": [line(b'"chug_name": "x", "note": "\\ud800"')],
    "no name": [b'{"chug_name": "x"}'],
    "one of two lines says more": [line(b'"chug_name": "x"'), line(b'"chug_ref": 1')],
    "-Infinity in what is not wanted": [line(b'"note": -Infinity')],
    "a line that is cut off": [b'{"src": "a.mp4", "chug_na'],
    "a name twice in a line": [b'{"src": "c.mp4", "src": "a.mp4", "chug_name": "y"}'],
    "an object in what is not wanted": [line(b'"note": {"a": [1, {}]}')],
    "lists and objects without end": [line(b'"note": ' + b"[" * 9999 + b"]" * 9999)],
    "the largest integer": [line(b'"chug_ref": 9223372036854775807')],
    "5000 digits in what is not wanted": [line(b'"note": ' + b"9" * 5000)],
    "nulls": [line(b'"chug_name": null, "chug_ref": null, "split": null')],
    "an own split": [line(b'"split": "val", "chug_content_name": "c"')],
    "a split that is not one": [line(b'"split": "dev", "chug_content_name": "c"')],
    "an integer for a split": [line(b'"split": 1, "chug_content_name": "c"')],
    "an integer for a content": [line(b'"chug_content_name": 7')],
    "a fraction for a content": [line(b'"chug_content_name": 7.5')],
    "an empty content": [line(b'"chug_content_name": ""')],
    "numbers of both types": [line(b'"mos_raw_0_100": 1'), other(b'"mos_raw_0_100": 1.5')],
}


@pytest.mark.parametrize("lines", VARIANTS.values(), ids=VARIANTS)
def test_extract_and_enrich_read_variants_alike(lines):
    assert_read_alike([*lines, GOOD])


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values |= st.sampled_from([2**53 + 1, 2**63, 0.5, "\ud800", [], {}, "train"])
files = st.sampled_from(["x/a", "b", "c\\d", "", 5, 0.5, "\ud800", "x/"])
naming = st.dictionaries(st.sampled_from(["clip_name", "src", "filename"]), files, max_size=2)
wanted = st.dictionaries(st.sampled_from([*KEYS, "other"]), values, max_size=3)
objects = st.builds(lambda *parts: json.dumps(parts[0] | parts[1]).encode(), naming, wanted)
odd = st.sampled_from([b"", b"[]", b"{", b'{"src": NaN}', b'{"src": "a"} 1', b"\xef\xbb\xbf"])


@given(st.lists(objects | odd | st.binary(max_size=4), max_size=6))
def test_extract_and_enrich_read_any_lines_alike(lines):
    assert_read_alike([*lines, GOOD])


def assert_read_alike(lines):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.jsonl"
        path.write_bytes(b"\n".join(lines))
        extracted = outcome(lambda: extract.read_metadata(path, "s", allow_references=True))
        enriched = outcome(lambda: enrich.read_metadata(path, KEYS, key="clip_name", seed="s"))
    assert extracted == enriched


def outcome(read):
    """Return what is read as plain values, or why it is refused."""
    try:
        found = read()
    except Refused as refused:
        return refused.problems
    columns = {key: (one.type, one.to_pylist()) for key, one in found.columns.items()}
    return (found.names.to_pylist(), columns, found.lines, found.malformed)


def parquet(rows):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()


ROWS = [{"src": "x/a.mp4", "chug_ref": 1, "chug_content_name": "7"}, {"src": "c.mp4", "split": ""}]
LINES = b"\n".join([*(json.dumps(row).encode() for row in ROWS), b"{", b"[]"])
FILES = {
    "m.ndjson": LINES,
    "m.jsonl.gz": gzip.compress(LINES),
    "m.jsonl.zst": pa.compress(LINES, "zstd", asbytes=True),
    "m.csv": b"src,chug_ref,chug_content_name\nx/a.mp4,1,7\nb.mp4,0.5,007\n,,\nc,1\n",
    "m.parquet": parquet(ROWS),
    "cut.jsonl.gz": gzip.compress(LINES)[:-9],
    "cut.parquet": parquet(ROWS)[:-9],
    "lists.parquet": parquet([{"src": "a.mp4", "chug_ref": [1]}]),
    "twice.csv": b"src,chug_ref,chug_ref\na.mp4,1,1\n",
    "quote.csv": b'src,chug_ref\n"a.mp4,1\n',
    "utf16.csv": "src,chug_ref\na.mp4,1\n".encode("utf-16"),
    "unknown.txt": LINES,
}


@pytest.mark.parametrize("name", FILES)
def test_extract_and_enrich_read_files_of_every_format_alike(both, name):
    both.write(name, FILES[name])
    extracted = both.extract(name)
    assert extracted == both.enrich(name)
    assert extracted.code == (0 if name.startswith("m.") else 2)
    assert extracted.problems or extracted.code == 0
