"""What becomes of the cells: DOMAIN's rules for enrich, one by one."""

import gzip
import json
import math
import subprocess
import sys
from decimal import Decimal
from hashlib import blake2s, sha256

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROW = {"src": "x/a", "chug_bit_depth": 10, "chug_name": "n"}


def counted(filled=0, kept=0, overwritten=0, differed=0):
    return {
        "filled": filled,
        "kept": kept,
        "overwritten": overwritten,
        "differed": differed,
    }


def test_metadata_is_found_by_the_base_name_of_src_or_filename(bench):
    bench.table()
    bench.lines({"src": "https://x/y/a", "chug_name": "A"}, {"filename": "p\\b", "chug_name": "B"})
    assert bench.enrich().code == 0
    assert bench.column("chug_name") == ["A", "B", None]
    assert bench.manifest()["stats"] == {
        "rows": 3,
        "metadata_rows": 2,
        "matched_rows": 2,
        "missing_rows": 1,
        "updated_cells": 2,
    }


def test_only_missing_cells_are_filled(bench):
    bench.table(chug_bit_depth=[8.0, math.nan, None], chug_name=["x", None, "z"])
    bench.lines(
        *({"src": name, "chug_bit_depth": 10, "chug_name": name} for name in "abc"),
    )
    ended = bench.enrich()
    assert ended.code == 0
    assert bench.column("chug_bit_depth") == [8.0, 10.0, 10.0]
    assert bench.column("chug_name") == ["x", "b", "z"]
    cells = bench.manifest()["cells"]
    assert cells["chug_bit_depth"] == counted(filled=2, kept=1, differed=1)
    assert cells["chug_name"] == counted(filled=1, kept=2, differed=2)
    assert "chug_name: 2 values differ from the metadata's" in ended.err


def test_other_values_give_way_where_this_is_wanted_but_never_to_nothing(bench):
    bench.table(chug_bit_depth=[8, 10, 12], chug_name=["x", "y", "z"])
    bench.lines(
        {"src": "a", "chug_bit_depth": 10, "chug_name": None}, {"src": "b", "chug_bit_depth": 10}
    )
    assert bench.enrich("--overwrite-metadata").code == 0
    assert bench.column("chug_bit_depth") == [10, 10, 12]
    assert bench.column("chug_name") == ["x", "y", "z"]
    manifest = bench.manifest()
    assert manifest["overwrite_metadata"] is True
    assert manifest["cells"]["chug_bit_depth"] == counted(kept=1, overwritten=1, differed=1)
    assert "chug_name" in manifest["metadata_keys_absent"]


def test_existing_columns_keep_order_type_and_values_and_new_ones_follow_the_keys(bench):
    features = {
        "chug_width_manifest": pa.array([1, None, 3], pa.int16()),
        "mos": pa.array([1.5, None, 3.5], pa.float32()),
        "adm2_mean": [0.1, math.nan, 0.3],
        "tags": [[1], None, [2, 3]],
        "codec": pa.array(["h", "h", None]).dictionary_encode(),
        "price": pa.array([Decimal("1.50"), None, Decimal("0.25")]),
    }
    bench.table(**features)
    bench.lines(
        {"src": "b", "mos": 9, "chug_width_manifest": 2, "chug_ref": True, "chug_name": "n"}
    )
    assert bench.enrich("--overwrite-metadata").code == 0
    table = bench.result()
    new = ["chug_ref", "chug_name"]
    assert table.column_names == ["clip_name", *features, *new]
    assert table["chug_width_manifest"].to_pylist() == [1, 2, 3]
    assert table.field("chug_width_manifest").type == pa.int16()
    assert table.field("mos").type == pa.float32()
    assert table.field("chug_ref").type == pa.bool_()
    assert table["mos"].to_pylist() == [1.5, None, 3.5]
    assert table["tags"].to_pylist() == [[1], None, [2, 3]]
    assert table["codec"].to_pylist() == ["h", "h", None]
    assert table["price"].combine_chunks() == features["price"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], pa.int64()),
        ([1, 2.5], pa.float64()),
        ([1.0, None], pa.float64()),
        ([True, False], pa.bool_()),
        (["1", "2"], pa.string()),
    ],
)
def test_new_columns_have_the_type_of_their_values(bench, values, kind):
    bench.table()
    bench.lines(*({"src": name, "chug_ref": one} for name, one in zip("ab", values, strict=True)))
    assert bench.enrich().code == 0
    assert bench.result().field("chug_ref").type == kind
    assert bench.column("chug_ref") == [*values, None]


def test_a_column_of_nothing_takes_the_type_of_its_values(bench):
    bench.table(chug_ref=[None, None, None])
    bench.lines({"src": "a", "chug_ref": 1})
    assert bench.enrich().code == 0
    assert bench.column("chug_ref") == [1, None, None]
    assert bench.manifest()["cells"]["chug_ref"] == counted(filled=1)


def test_the_split_is_the_rows_own_or_of_the_hash_of_its_content(bench):
    names = [f"clip{at}" for at in range(40)]
    bench.table(clip_name=[*names, "own", "none"])
    bench.lines(
        *({"src": name, "chug_content_name": f"c{at}"} for at, name in enumerate(names)),
        {"src": "own", "split": "val", "chug_content_name": "c"},
        {"src": "none", "split": "training"},
    )
    assert bench.enrich("--split-seed", "s").code == 0
    places = [
        int.from_bytes(blake2s(f"s\0c{at}".encode(), digest_size=8).digest(), "big") / 2**64
        for at in range(40)
    ]
    hashed = ["train" if at < 0.8 else "val" if at < 0.9 else "test" for at in places]
    assert bench.column("split") == [*hashed, "val", None]
    assert bench.column("chug_split_key") == [*(f"c{at}" for at in range(40)), "c", None]
    policy = "content-name-blake2s-80-10-10"
    assert bench.column("chug_split_policy") == [policy] * 41 + [None]


def test_a_line_without_a_kept_key_is_no_metadata(bench):
    bench.table()
    bench.lines(ROW, {"src": "b", "shelf": 3, "split": "training"})
    assert bench.enrich().code == 0
    assert bench.manifest()["stats"] == {
        "rows": 3,
        "metadata_rows": 1,
        "matched_rows": 1,
        "missing_rows": 2,
        "updated_cells": 2,
    }
    (bench.path / "out.parquet").unlink()
    assert "only 1 of 3 rows have metadata" in bench.refused("--min-match", 0.5)
    bench.lines({"src": "a", "shelf": 3})
    assert "0.5; the metadata has no --metadata-keys" in bench.refused("--min-match", 0.5)


def test_the_keys_that_occur_and_those_that_do_not_are_in_the_manifest(bench):
    bench.table()
    bench.lines(ROW | {"shelf": 3})
    assert bench.enrich("--metadata-keys", "shelf", "--metadata-keys", "chug_ref").code == 0
    manifest = bench.manifest()
    assert manifest["metadata_keys"] == ["shelf"]
    assert manifest["metadata_keys_absent"] == ["chug_ref"]
    assert bench.result().column_names == ["clip_name", "shelf"]


@pytest.mark.parametrize("ids", [[7, 8], ["7", "8"]])
def test_another_column_may_identify_the_clip(bench, ids):
    bench.table(clip_name=["x", "y"], chug_video_id=ids)
    bench.lines({"src": "z", "chug_video_id": 8, "chug_name": "n"})
    assert bench.enrich("--key", "chug_video_id", "--metadata-keys", "chug_name").code == 0
    assert bench.column("chug_name") == [None, "n"]


def test_every_row_of_a_clip_is_filled_and_rows_without_a_name_are_not(bench):
    bench.table(clip_name=["a", None, "a"])
    bench.lines(ROW)
    assert bench.enrich().code == 0
    assert bench.column("chug_name") == ["n", None, "n"]


def test_too_few_matches_are_refused_before_a_row_is_written(bench):
    bench.table()
    bench.lines(ROW)
    said = bench.refused("--min-match", 0.5)
    assert "only 1 of 3 rows have metadata (33.3%), less than --min-match 0.5" in said
    assert bench.enrich("--min-match", 0.3).code == 0


def test_the_metadata_may_be_compressed_or_csv_or_parquet(bench):
    bench.table()
    rows = [ROW, {"src": "b", "chug_bit_depth": 8, "chug_name": "007"}]
    text = b"\n".join(json.dumps(row).encode() for row in rows)
    (bench.path / "m.jsonl.gz").write_bytes(gzip.compress(text))
    with pa.CompressedOutputStream(str(bench.path / "m.jsonl.zst"), "zstd") as stream:
        stream.write(text)
    (bench.path / "m.csv").write_text("src,chug_bit_depth,chug_name\nx/a,10,n\nb,8,007\n")
    pq.write_table(pa.Table.from_pylist(rows), bench.path / "m.parquet")
    bench.lines(*rows)
    results = []
    for name in ("m.jsonl", "m.jsonl.gz", "m.jsonl.zst", "m.csv", "m.parquet"):
        assert bench.enrich("--overwrite", metadata=name).code == 0
        results.append(bench.manifest()["table"]["rows_digest"])
    assert bench.column("chug_bit_depth") == [10, 8, None]
    assert bench.column("chug_name") == ["n", "007", None]
    assert len(set(results)) == 1


def test_in_place_the_old_manifest_becomes_the_parent(bench):
    bench.table()
    bench.lines(ROW)
    assert bench.enrich(out="u.parquet").code == 0
    (bench.path / "t.parquet").unlink()
    for name in ("u.parquet", "u.parquet.manifest.json"):
        (bench.path / name).rename(bench.path / name.replace("u.", "t."))
    before = sha256((bench.path / "t.parquet").read_bytes()).hexdigest()
    bench.lines({"src": "b", "chug_name": "m"})
    assert bench.enrich(out="t.parquet").code == 2
    ended = bench.enrich("--overwrite", out="t.parquet")
    assert ended.code == 0
    assert "rebuilt in place: the earlier table can no longer be replayed" in ended.err
    assert bench.result("t.parquet")["chug_name"].to_pylist() == ["n", "m", None]
    provenance = bench.manifest("t.parquet")["run_provenance"]
    assert provenance["inputs"]["features_parquet"]["sha256"] == before
    assert provenance["inputs"]["features_parquet"]["observed"] == "before"
    assert provenance["parents"][0]["table_sha256"] == before


def test_help_imports_nothing_heavy(project):
    script = (
        "import sys\nfrom tablehost.cli import execute\n"
        "assert execute(['run', 'enrich', '--help']) == 0\n"
        "sys.exit(sum(name in sys.modules for name in ('numpy', 'pandas', 'pyarrow')))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=project.path, capture_output=True, check=False)
    assert done.returncode == 0


def test_a_user_enriches_a_table(project, bench):
    bench.table()
    bench.lines(ROW)
    given = ("--features-parquet", "t.parquet", "--metadata-jsonl", "m.jsonl")
    ended = project.run("run", "enrich", *given, "--out", "o.parquet")
    assert ended.code == 0, ended.err
    assert "2 of 3 rows have no metadata" in ended.err
    assert project.manifest("o.parquet")["schema"] == "k150k-metadata-enrichment-manifest-v1"
