"""What is refused or left out: with the file, the line, the key, and what to do."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tablehost_enrich.fill import Filler

ROW = {"src": "a", "chug_name": "n"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b'{"src": "b"} {"src": "c"}', "not JSON: more text after column 12"),
        (b'{"src": "b", "chug_ref": NaN}', "NaN is not a JSON value"),
        (b'{"src": "b", "chug_ref": -Infinity}', "-Infinity is not a JSON value"),
        (b'{"src": "\xff"}', "not UTF-8"),
        (b'{"src": "b", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (
            b'{"src": "b", "chug_name": ' + b"9" * 5000 + b"}",
            "a number of more than 4300 digits is not",
        ),
        (b"[1]", "not a JSON object"),
        (b'{"mos": 1}', "no clip_name, src or filename"),
        (b'{"src": "x/"}', "its src is not a name"),
        (b'{"src": "\\ud800"}', "its src is not a name"),
        (b'{"filename": 5}', "its filename is not a name"),
        (b'{"src": "b", "clip_name": 1.5}', "its clip_name is not a name"),
        (b'{"src": "b", "clip_name": "\\ud800"}', "its clip_name is not a name"),
    ],
)
def test_malformed_lines_are_counted_and_reported_never_skipped_in_silence(bench, line, reason):
    bench.table()
    bench.lines(ROW, line, b"", {"src": "b", "chug_name": "m"})
    ended = bench.enrich()
    assert ended.code == 0
    assert "m.jsonl: 1 malformed line left out: line 2: " in ended.err
    assert bench.column("chug_name") == ["n", "m", None]
    metadata = bench.manifest()["metadata"]
    assert (metadata["lines"], metadata["malformed_lines"]) == (3, 1)
    assert metadata["malformed"][0]["line"] == 2
    assert reason in metadata["malformed"][0]["reason"]


def test_a_bad_line_among_many_is_the_only_one_lost_and_reported_with_its_number(bench):
    clips = [f"clip{number:05d}" for number in range(9_000)]
    rows = [{"clip_name": clip, "mos_raw_0_100": at} for at, clip in enumerate(clips)]
    rows[10], rows[6_000], rows[8_000] = b"", b'{"clip_name": "x"} {}', b'{"clip_name": "\xff"}'
    bench.table(clip_name=clips)
    ended = bench.enrich(metadata=bench.lines(*rows))
    assert ended.code == 0, ended.err
    lost = {10, 6_000, 8_000}
    expected = [None if at in lost else at for at in range(len(clips))]
    assert bench.column("mos_raw_0_100") == expected
    reported = "line 6001: not JSON: more text after column 18; line 8001: not UTF-8"
    assert f"2 malformed lines left out: {reported}" in ended.err


def test_malformed_lines_are_grouped_by_their_reason(bench):
    bench.table()
    bench.lines(ROW, *[b"[]", {}] * 23)
    said = bench.enrich().err
    odd = ", ".join(map(str, range(3, 42, 2)))
    assert "46 malformed lines left out: lines 2, 4, 6, " in said
    assert f"lines {odd} and 3 more: no clip_name, src or filename; correct or delete" in said
    assert bench.manifest()["metadata"]["malformed_lines"] == 46


def test_a_bom_crlf_and_a_long_line_are_fine(bench):
    bench.table()
    long = json.dumps({"src": "b", "chug_name": "m", "note": "x" * 10_000_000}).encode()
    first = b"\xef\xbb\xbf" + json.dumps(ROW).encode()
    (bench.path / "m.jsonl").write_bytes(b"\r\n".join([first, long, b""]))
    assert bench.enrich().code == 0
    assert bench.column("chug_name") == ["n", "m", None]
    assert bench.manifest()["metadata"]["malformed_lines"] == 0


@pytest.mark.parametrize("lines", [(), (b"", b"  "), (b"{",)])
def test_metadata_without_a_line_that_can_be_used(bench, lines):
    bench.table()
    bench.lines(*lines)
    assert "m.jsonl: no line can be used: line 1: " in bench.refused()


def test_lines_of_one_clip_that_disagree(bench):
    bench.table()
    bench.lines(ROW, {"src": "b"}, {"src": "y/a", "chug_name": "m"})
    said = bench.refused()
    assert "lines 1 and 3 are both about 'a' and disagree on chug_name" in said


def test_lines_of_one_clip_that_differ_in_the_type_of_a_value(bench):
    bench.table()
    bench.lines({"src": "a", "chug_ref": True}, {"src": "a", "chug_ref": 1})
    said = bench.refused()
    assert "'chug_ref' have no common type: truth value on line 1, integer on line 2" in said


def test_of_many_problems_the_first_are_listed_and_how_many_more_there_are(bench):
    bench.table()
    bench.lines(*({"src": "a", "chug_ref": number} for number in range(32)))
    said = bench.refused()
    assert "m.jsonl: lines 1 and 21 are both about 'a'" in said
    assert "lines 1 and 22" not in said
    assert "m.jsonl: and 11 more problems" in said


def test_lines_of_one_clip_that_agree(bench):
    bench.table()
    bench.lines(
        ROW | {"chug_ref": 1}, {"src": "y/a", "chug_name": "n", "chug_ref": 1.0, "unwanted": 1}
    )
    assert bench.enrich().code == 0
    assert bench.manifest()["stats"]["metadata_rows"] == 1
    assert bench.result().field("chug_ref").type == pa.float64()


def test_a_table_without_the_key(bench):
    pq.write_table(pa.table({"name": ["a"]}), bench.path / "t.parquet")
    bench.lines(ROW)
    said = bench.refused()
    assert "the table t.parquet: no column 'clip_name', by which to find a row's clip" in said


def test_a_key_that_identifies_nothing(bench):
    bench.table(clip_name=[0.5, 1.5])
    bench.lines(ROW)
    assert "the column 'clip_name' has the type double" in bench.refused()


def test_a_column_that_differs_in_case_only(bench):
    bench.table(Chug_Name=["x"] * 3)
    bench.lines(ROW)
    assert "the column 'Chug_Name' differs from 'chug_name' in case only" in bench.refused()


@pytest.mark.parametrize("content", [b"", b"PAR1" + b"\0" * 50])
def test_a_table_that_is_not_a_parquet_file(bench, content):
    (bench.path / "t.parquet").write_bytes(content)
    bench.lines(ROW)
    assert "the table t.parquet: not readable as Parquet" in bench.refused()


def test_a_table_that_is_cut_off_or_damaged_in_the_middle(bench):
    path = bench.table(noise=[b"x" * 10_000, b"y" * 10_000, b"z"])
    whole = path.read_bytes()
    bench.lines(ROW)
    path.write_bytes(whole[: len(whole) // 2])
    assert "the table t.parquet: not readable as Parquet, or damaged" in bench.refused()
    path.write_bytes(whole[:4] + b"\xff" * 100 + whole[104:])
    assert "the table t.parquet: not readable as Parquet, or damaged" in bench.refused()
    noise = pq.ParquetFile(io.BytesIO(whole)).metadata.row_group(0).column(1).dictionary_page_offset
    path.write_bytes(whole[:noise] + b"\xff" * 100 + whole[noise + 100 :])
    assert "the table t.parquet: not readable as Parquet, or damaged" in bench.refused()
    assert (bench.path / "out.parquet.failed.json").exists()  # rows were read


def test_a_table_without_columns(bench):
    pq.write_table(pa.table({}), bench.path / "t.parquet")
    bench.lines(ROW)
    assert (
        "no column 'clip_name', by which to find a row's clip; its columns are: none"
        in bench.refused()
    )


def test_a_table_of_more_columns_than_are_read(bench):
    bench.table(**{f"c{at}": [None] * 3 for at in range(10_000)})
    bench.lines(ROW)
    assert "10001 columns; no more than 10000 are read" in bench.refused()


def test_a_table_with_two_columns_of_one_name(bench):
    table = pa.Table.from_arrays([pa.array(["a"])] * 2, names=["clip_name"] * 2)
    pq.write_table(table, bench.path / "t.parquet")
    bench.lines(ROW)
    assert "more than one column is named 'clip_name'" in bench.refused()


def test_a_table_without_rows_stays_one_with_the_new_columns(bench):
    bench.table(clip_name=pa.array([], pa.string()))
    bench.lines(ROW)
    assert bench.enrich("--min-match", 1).code == 0
    assert bench.result().column_names[:2] == ["clip_name", "chug_name"]


@pytest.mark.parametrize("keys", [["mos"], ["vmaf_mean"], ["clip_name"], ["x", "x"], [""], ['a"']])
def test_keys_that_metadata_never_touches(bench, keys):
    bench.table()
    bench.lines(ROW)
    tokens = [token for key in keys for token in ("--metadata-keys", key)]
    assert "--metadata-keys: must " in bench.refused(*tokens, "--dry-run")


@pytest.mark.parametrize("key", ["", "a\\b", "a\n"])
def test_a_key_that_is_not_a_name(bench, key):
    bench.table()
    bench.lines(ROW)
    assert "--key: must be the name of a column" in bench.refused("--key", key, "--dry-run")


@pytest.mark.parametrize("name", ["m.txt", "m.json", "m.csv.gz"])
def test_metadata_of_an_unknown_kind(bench, name):
    bench.table()
    bench.lines(ROW, name=name)
    assert "must end in one of .jsonl, .ndjson" in bench.refused("--dry-run", metadata=name)


@pytest.mark.parametrize("name", ["m.jsonl.gz", "m.jsonl.zst", "m.parquet"])
def test_metadata_that_is_not_what_its_name_says(bench, name):
    bench.table()
    bench.lines(ROW, name=name)
    assert f"{name}: not readable" in bench.refused(metadata=name)


def test_rows_of_a_csv_with_other_than_the_headers_fields(bench):
    bench.table()
    (bench.path / "m.csv").write_text('src,chug_name\n"a\n",1,2\na,n\n')
    assert bench.enrich(metadata="m.csv").code == 0
    assert bench.column("chug_name") == ["n", None, None]
    malformed = bench.manifest()["metadata"]["malformed"]
    assert malformed == [{"line": 2, "reason": "3 fields, the header has 2"}]


@pytest.mark.parametrize("text", ["src,src\na,b\n", 'src\n"a', "\ufeff"])
def test_a_csv_that_says_nothing(bench, text):
    bench.table()
    (bench.path / "m.csv").write_text(text)
    assert "m.csv: " in bench.refused(metadata="m.csv")


def test_a_table_that_changes_while_it_is_read(bench, monkeypatch):
    path = bench.table()
    bench.lines(ROW)
    assert bench.enrich().code == 0
    before = (bench.path / "out.parquet").read_bytes()
    fill = Filler.fill

    def meanwhile(self, batch):
        with path.open("ab") as file:
            file.write(b"more")
        return fill(self, batch)

    monkeypatch.setattr(Filler, "fill", meanwhile)
    ended = bench.enrich("--overwrite")
    assert ended.code == 2
    assert "t.parquet changed while the table was built" in ended.err
    assert (bench.path / "out.parquet").read_bytes() == before


def test_problems_of_both_files_are_reported_at_once(bench):
    (bench.path / "t.parquet").write_bytes(b"")
    bench.lines(b"{")
    said = bench.refused()
    assert "t.parquet: not readable" in said
    assert "m.jsonl: no line can be used: line 1: " in said
