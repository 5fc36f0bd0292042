"""The three builders with all their inputs in a store: the tables are those of local files."""

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FRAMES = {"source": ["a", "a", "b"], "frame_index": [0, 1, 0], "vmaf": [90.0, 91.5, 60.0]}


@pytest.fixture
def both(project, store):
    """Write files locally and in the store, and run a builder with either."""
    url = store.bucket()

    class Both:
        def put(self, name, content):
            path = project.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            store.put(f"{url}/{name}", path)

        def run(self, builder, *tokens, out="t.parquet", code=0):
            """Run with tokens in which `@` stands for the place of the files; twice."""
            for place, table in ((f"{project.path}/", f"local-{out}"), (f"{url}/", out)):
                words = [str(one).replace("@", place) for one in tokens]
                ended = project.run("run", builder, *words, "--out", table, "--workers", 0)
                assert ended.code == code, ended.err
            return ended

        def same(self, out="t.parquet"):
            return project.digest(out) == project.digest(f"local-{out}")

    found = Both()
    found.url, found.project = url, project
    return found


def parquet(columns):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def inputs(both, out="t.parquet"):
    return both.project.manifest(out)["run_provenance"]["inputs"]


def test_combine_reads_files_parts_and_globs_of_a_store_each_once(both, store):
    both.put("one.parquet", parquet(FRAMES))
    both.put("parts/p-0.parquet", parquet(FRAMES))
    both.put("parts/deep/p-1.parquet", parquet(FRAMES | {"source": ["c", "d", "e"]}))
    both.put("parts/_SUCCESS", b"")
    both.put("more/p-2.parquet", parquet(FRAMES))
    both.put("more/q-2.parquet", b"no table")
    store.forget()
    both.run("combine", "--input", "x=@one.parquet", "--input", "y=@parts", "--input", "z=@mo*/p-*")
    assert both.same()
    assert len([one for one in store.asked("GET") if one.endswith("one.parquet")]) == 1
    ours, local = inputs(both)["input"], inputs(both, "local-t.parquet")["input"]
    assert ours[0] == local[0] | {"path": f"{both.url}/one.parquet"}
    assert [one.get("selection_hash1") for one in ours] == [
        one.get("selection_hash1") for one in local
    ]


def test_enrich_reads_its_table_and_its_metadata_from_a_store(both):
    both.put("t.parquet", parquet({"clip_name": ["a.mp4", "b.mp4"], "vmaf": [1.0, 2.0]}))
    rows = [{"clip_name": "a.mp4", "chug_orientation": "landscape"}]
    both.put("m.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
    tokens = ("--features-parquet", "@t.parquet", "--metadata-jsonl", "@m.jsonl")
    both.run("enrich", *tokens, out="e.parquet")
    assert both.same("e.parquet")


def test_extract_reads_clips_labels_and_checksums_from_a_store(both, store, short_clips):
    names = sorted(path.name for path in short_clips.iterdir())[:1]
    for name in names:
        both.put(f"clips/{name}", (short_clips / name).read_bytes())
    both.put("scores.csv", f"video_name,mos\n{names[0]},3.5\n".encode())
    digests = [hashlib.sha512((short_clips / name).read_bytes()).hexdigest() for name in names]
    both.put("sha512", "".join(f"{d}  {n}\n" for d, n in zip(digests, names, strict=True)).encode())
    store.forget()
    ended = both.run(
        *("extract_k150k", "--clips-dir", "@clips", "--scores", "@scores.csv"),
        *("--checksums", "@sha512", "--require-checksums", "--audit-clips", 0),
    )
    assert both.same()
    assert "1 of 1 checked files agree with s3://" in ended.err
    asked = [one.rpartition("/")[2] for one in store.asked("GET")]
    assert sorted(asked) == sorted([*names, "sha512", "scores.csv"])


@pytest.mark.long
def test_a_combined_table_of_a_store_has_its_own_manifest_beside_it(both):
    both.put("one.parquet", parquet(FRAMES))
    both.run(
        "combine", "--input", "x=@one.parquet", "--assume-teacher", "vmaf_v0.6.1", out="c.parquet"
    )
    for name in ("c.parquet", "c.parquet.manifest.json"):
        both.put(f"{name}", (both.project.path / name).read_bytes())
    both.run("combine", "--input", "y=@c.parquet", out="d.parquet")
    assert both.same("d.parquet")
    (parent,) = both.project.manifest("d.parquet")["run_provenance"]["parents"]
    assert parent["path"] == f"{both.url}/c.parquet"


@pytest.mark.long
def test_what_is_wrong_with_an_object_is_said_of_the_object_and_not_of_its_copy(both):
    both.put("clips/a.mp4", b"")
    both.put("scores.csv", b"name,mos\n")
    tokens = ("--clips-dir", "@clips", "--scores", "@scores.csv")
    ended = both.run("extract_k150k", *tokens, code=2)
    assert f"{both.url}/scores.csv: no column video_name" in ended.err
    assert "scratch" not in ended.err


@pytest.mark.outcome("Exit 2, no table.")
def test_an_input_that_is_replaced_after_it_was_looked_at_ends_the_run(both, store):
    both.put("one.parquet", parquet(FRAMES))
    store.before = lambda _: store.put(f"{both.url}/one.parquet", parquet(FRAMES | {"x": [1] * 3}))
    tokens = ("--input", f"x={both.url}/one.parquet", "--out", "t.parquet")
    ended = both.project.run("run", "combine", *tokens)
    assert ended.code == 2
    assert f"{both.url}/one.parquet" in ended.err
    assert "replaced" in ended.err or "changed" in ended.err
    assert not (both.project.path / "t.parquet").exists()


@pytest.mark.parametrize("status", ["403", "503", "404"])
def test_an_input_that_the_store_does_not_give_ends_the_run_in_one_line(both, store, status):
    both.put("one.parquet", parquet(FRAMES))
    store.before = lambda _: store.refuse.update({"one.parquet": status})
    tokens = ("--input", f"x={both.url}/one.parquet", "--out", "t.parquet")
    ended = both.project.run("run", "combine", *tokens)
    assert ended.code == 2
    assert f"{both.url}/one.parquet" in ended.err.strip().splitlines()[-1]
    assert "Traceback" not in ended.err
