"""What identifies a clip, and a content, however the metadata spells it."""

from hashlib import blake2s

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def split_of(content):
    digest = blake2s(f"chug-hdr-v1\0{content}".encode(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    return "train" if place < 0.8 else "val" if place < 0.9 else "test"


def write_metadata(bench, suffix, contents):
    rows = [
        {"src": name, "chug_content_name": one} for name, one in zip("abc", contents, strict=True)
    ]
    if suffix == "jsonl":
        bench.lines(*rows)
    elif suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), bench.path / "m.parquet")
    else:
        text = "".join(f"{row['src']},{row['chug_content_name']}\n" for row in rows)
        (bench.path / "m.csv").write_text(f"src,chug_content_name\n{text}")
    return f"m.{suffix}"


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_an_integer_may_name_a_content(bench, suffix):
    bench.table()
    assert bench.enrich(metadata=write_metadata(bench, suffix, [1001, 0, 1010])).code == 0
    assert bench.column("chug_split_key") == ["1001", "0", "1010"]
    assert bench.column("split") == [split_of(one) for one in (1001, 0, 1010)]


def test_a_content_of_a_csv_is_named_by_its_text(bench):
    bench.table()
    assert bench.enrich(metadata=write_metadata(bench, "csv", ["1.50", "2", "3"])).code == 0
    assert bench.column("chug_content_name") == ["1.50", "2", "3"]
    assert bench.column("chug_split_key") == ["1.50", "2", "3"]


@pytest.mark.parametrize("column", ["clip_name", "src", "filename"])
def test_a_clip_of_a_csv_is_named_by_its_text(bench, column):
    bench.table(clip_name=["1.5", "2.0", "3"])
    (bench.path / "m.csv").write_text(f"{column},chug_ref\n3,30\n2.0,20\n1.5,15\n")
    assert bench.enrich(metadata="m.csv").code == 0
    assert bench.column("chug_ref") == [15, 20, 30]


def test_the_filename_counts_where_src_is_no_name(bench):
    bench.table()
    rows = [{"src": src, "filename": f"x/{name}"} for src, name in ((5, "a"), ("y/", "b"))]
    bench.lines(*(row | {"chug_ref": at} for at, row in enumerate(rows)))
    assert bench.enrich().code == 0
    assert bench.column("chug_ref") == [0, 1, None]


def test_the_key_is_none_of_the_keys_to_fill_where_none_are_given(bench):
    bench.table(clip_name=["x"], chug_video_id=["v"])
    bench.lines({"chug_video_id": "v", "chug_name": "n"})
    assert bench.enrich("--key", "chug_video_id").code == 0
    assert bench.column("chug_name") == ["n"]
    manifest = bench.manifest()
    assert "chug_video_id" not in [*manifest["metadata_keys"], *manifest["metadata_keys_absent"]]


def test_the_key_is_refused_among_keys_to_fill_that_are_given(bench):
    bench.table(chug_video_id=["v"] * 3)
    bench.lines({"chug_video_id": "v", "chug_name": "n"})
    said = bench.refused("--key", "chug_video_id", "--metadata-keys", "chug_video_id", "--dry-run")
    assert "--metadata-keys: must not hold 'chug_video_id', which is the --key" in said


def test_a_table_whose_key_is_a_default_metadata_key_is_replayed(bench):
    bench.table(chug_video_id=["v"] * 3)
    bench.lines({"chug_video_id": "v", "chug_name": "n"})
    assert bench.enrich("--key", "chug_video_id").code == 0
    ended = bench.tablehost("replay", "out.parquet")
    assert ended.code == 0, ended.err
