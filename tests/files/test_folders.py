"""The files of a folder, its digest and its listing, against pathlib and GNU coreutils."""

import gzip
import hashlib
import json
import os
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost.cli import execute
from tablehost.contract.errors import ManifestError
from tablehost.files.digest_cache import StatCache
from tablehost.files.digests import ChangedWhileRead, Signature, file_digest
from tablehost.files.folder_listing import dir_hash1, listing_lines, read_listing, write_listing
from tablehost.files.folders import Look, hash_files, look, walk_files
from tablehost.files.states_on_disk import StatesOnDisk

DIR_HASH1 = (
    "find -L . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum -- | sha256sum"
)


AWKWARD = (
    b"plain.mp4",
    b"with space",
    b"-leading-dash",
    b"back\\slash",
    b"new\nline",
    b"carriage\rreturn",
    b"all\\three\n\r",
    b"not-utf8-\xff\xfe",
    "grün".encode(),
    b"sub/inner.mp4",
    b"sub.mp4",
    b"sub-mp4",
    b"sub/deep/x",
    b".hidden",
)


@pytest.fixture
def awkward(tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in AWKWARD:
        path = folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content of " + name)
    return folder


def sha(data):
    return hashlib.sha256(data).hexdigest()


def shell(command, folder):
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=True).stdout


def entries_of(folder):
    return [(name, file_digest(folder / name).sha256) for name in walk_files(folder)]


def written(folder, entries):
    """Write a listing of a folder, and return where it is."""
    lines = listing_lines(sorted((os.fsencode(name), digest) for name, digest in entries))
    return write_listing(folder / "listing", lines)


def test_dir_hash1_is_what_find_and_sha256sum_print(awkward):
    assert dir_hash1(entries_of(awkward)) == shell(DIR_HASH1, awkward)[:64].decode()


def test_links_are_what_they_point_to_and_loops_end(awkward, tmp_path):
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs/0").write_text("blob")
    (tmp_path / "blobs/up").symlink_to(tmp_path)
    (awkward / "link.mp4").symlink_to("plain.mp4")
    (awkward / "linked").symlink_to("sub")
    (awkward / "0.bin").symlink_to("../blobs/0")
    (awkward / "blobs").symlink_to(tmp_path / "blobs")
    (awkward / "sub/loop").symlink_to("..")
    found = subprocess.run(["sh", "-c", DIR_HASH1], cwd=awkward, capture_output=True, check=False)
    assert b"File system loop detected" in found.stderr
    assert dir_hash1(entries_of(awkward)) == found.stdout[:64].decode()
    names = walk_files(awkward)
    assert {"0.bin", "blobs/0", "linked/inner.mp4"} <= set(names)


def test_a_link_to_nothing_or_itself_is_listed_and_is_no_file(awkward):
    before = look(awkward).files
    (awkward / "gone.mp4").symlink_to("nowhere")
    (awkward / "self.mp4").symlink_to("self.mp4")
    seen = look(awkward)
    assert (seen.files, seen.dangling) == (before, ("gone.mp4", "self.mp4"))
    assert {"gone.mp4", "self.mp4"} <= set(walk_files(awkward))


def test_dir_hash1_of_an_empty_folder_is_what_find_and_sha256sum_print(tmp_path):
    assert dir_hash1([]) == shell(DIR_HASH1, tmp_path)[:64].decode() == sha(b"")


def test_dir_hash1_takes_any_order_and_paths_of_bytes(awkward):
    entries = entries_of(awkward)
    assert dir_hash1((os.fsencode(p), s) for p, s in reversed(entries)) == dir_hash1(entries)


def test_sha256sum_accepts_the_listing(awkward, tmp_path):
    path = written(tmp_path, entries_of(awkward)).path
    shell(f"gunzip -c {path} | sha256sum -c --strict -", awkward)


def test_an_unzipped_listing_has_the_folders_digest(awkward, tmp_path):
    listing = written(tmp_path, entries_of(awkward))
    unzipped = shell(f"gunzip -c {listing.path.name}", tmp_path)
    assert sha(unzipped) == listing.digest == dir_hash1(entries_of(awkward))


def test_a_listing_reads_back_as_written(awkward, tmp_path):
    listing = written(tmp_path, entries_of(awkward))
    assert list(read_listing(listing.path)) == entries_of(awkward)
    assert listing.sha256 == file_digest(listing.path).sha256


@given(st.dictionaries(st.binary(min_size=1).filter(lambda b: b"\0" not in b), st.binary()))
def test_any_name_survives_the_listing(tmp_path_factory, contents):
    entries = sorted((name, sha(content)) for name, content in contents.items())
    path = written(tmp_path_factory.getbasetemp(), entries).path
    assert list(read_listing(path)) == [(os.fsdecode(name), digest) for name, digest in entries]


def test_equal_listings_are_equal_bytes(awkward, tmp_path):
    first = written(tmp_path, entries_of(awkward))
    time.sleep(1.1)  # the header of a gzip file has seconds
    again = first.path.stat().st_mtime_ns, written(tmp_path, reversed(entries_of(awkward)))
    assert again == (first.path.stat().st_mtime_ns, first)
    first.path.unlink()
    assert written(tmp_path, entries_of(awkward)) == first
    content = first.path.read_bytes()
    assert content == gzip.compress(gzip.decompress(content), compresslevel=1, mtime=0)


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_truncated_listing_is_refused(awkward, tmp_path, keep):
    path = written(tmp_path, entries_of(awkward)).path
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(ManifestError, match="damaged"):
        list(read_listing(path))


def test_something_else_is_no_listing(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"hello\n"))
    with pytest.raises(ManifestError, match="damaged at line 1"):
        list(read_listing(tmp_path / "x.gz"))
    (tmp_path / "y.gz").write_bytes(b"hello\n")
    with pytest.raises(ManifestError, match="damaged"):
        list(read_listing(tmp_path / "y.gz"))


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("**/*",), sorted(AWKWARD)),
        (("**",), sorted(AWKWARD)),
        (("*.mp4",), [b"plain.mp4", b"sub.mp4"]),
        (("**/*.mp4",), [b"plain.mp4", b"sub.mp4", b"sub/inner.mp4"]),
        (("sub/*",), [b"sub/inner.mp4"]),
        (("./sub/**/*", "plain.mp4"), [b"plain.mp4", b"sub/deep/x", b"sub/inner.mp4"]),
        (("**/deep/**/x",), [b"sub/deep/x"]),
        (("su?/*/[w-z]",), [b"sub/deep/x"]),
        (("*.mp4", "p*", "plain.mp4"), [b"plain.mp4", b"sub.mp4"]),
        (("nothing/*",), []),
        ((), []),
    ],
)
def test_patterns_mean_what_they_mean_to_pathlib(awkward, patterns, expected):
    assert [os.fsencode(name) for name in walk_files(awkward, patterns)] == expected


@pytest.mark.parametrize("pattern", ["*", "**/*", "*/*", "**/sub/*", "s*/**/*", "*/deep/x", "*.*"])
def test_patterns_agree_with_pathlib(awkward, pattern):
    expected = {str(path.relative_to(awkward)) for path in awkward.glob(pattern) if path.is_file()}
    assert set(walk_files(awkward, (pattern,))) == expected


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        walk_files(tmp_path / "missing")


@pytest.fixture
def cache(tmp_path):
    with StatCache(tmp_path / "cache") as opened:
        yield opened


@pytest.fixture
def settled(awkward):
    """Give a look at the folder as if it were taken later, when its files are at rest."""
    seen = look(awkward)
    return Look(seen.files, seen.seen_ns + 10**10)


def test_a_look_sees_what_the_walk_lists(awkward):
    assert sorted(look(awkward).files, key=os.fsencode) == walk_files(awkward)
    on_disk = look(awkward, keep=StatesOnDisk)
    assert (list(on_disk.files), on_disk) == (walk_files(awkward), look(awkward))
    assert "nothing" not in on_disk.files
    assert look(awkward, ("*.mp4",)).bytes == len(b"content of plain.mp4content of sub.mp4")


def test_a_file_that_the_cache_knows_is_not_read(awkward, settled, cache):
    known = Signature(settled.files["plain.mp4"], settled.seen_ns)
    cache.put_many([(known, sha(b"as recorded"))])
    expected = dict(entries_of(awkward)) | {"plain.mp4": sha(b"as recorded")}
    assert dict(hash_files(awkward, settled.files.items(), settled.seen_ns, cache)) == expected


@pytest.mark.parametrize("change", ["write", "remove", "fifo"])
def test_what_was_read_is_remembered_though_a_later_file_changed(awkward, settled, cache, change):
    *earlier, last = settled.files
    path = awkward / last
    path.unlink() if change != "write" else path.write_bytes(b"other")
    if change == "fifo":
        os.mkfifo(path)
    with pytest.raises(ChangedWhileRead, match="changed while it was read"):
        list(hash_files(awkward, settled.files.items(), settled.seen_ns, cache))
    known = cache.get_many(settled.files.values(), settled.seen_ns)
    assert set(known) == {settled.files[name] for name in earlier}


def test_two_names_of_one_file_are_read_once(awkward, cache):
    (awkward / "link.mp4").symlink_to("plain.mp4")
    os.link(awkward / "plain.mp4", awkward / "hard.mp4")
    seen = look(awkward)
    later = Look(seen.files, seen.seen_ns + 10**10)
    for _ in range(2):
        found = dict(hash_files(awkward, later.files.items(), later.seen_ns, cache))
        assert found["link.mp4"] == found["hard.mp4"] == found["plain.mp4"]
    assert len(cache.get_many(later.files.values(), later.seen_ns)) == len(AWKWARD)


BUILDER = """
from attrs import frozen
from tablehost import InputDir, Run, hookimpl

@frozen
class Options:
    \"""Take a folder as input.\"""
    clips: InputDir
    \"""The folder.\"""
    glob: str = "**/*"
    \"""Which files.\"""

@hookimpl
def build_table(options: Options, run: Run):
    import os
    import pyarrow as pa
    clip = options.clips / "plain.mp4"
    CHANGE
    return pa.table({"folder": ["clips"]})
"""


@pytest.fixture
def described(awkward, tmp_path, monkeypatch):
    """Give a function that builds a table of the folder, and returns the exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(tmp_path / "cache"))

    def build(*tokens, change="pass"):
        source = tmp_path / f"{tmp_path.name}.py"  # a process loads a module of a name only once
        source.write_text(BUILDER.replace("CHANGE", change))
        return execute(["run", str(source), "--clips", "clips", "--out", "t.parquet", *tokens])

    return build


@pytest.mark.parametrize(
    ("glob", "kind"),
    [("**/*", "dir_hash1"), ("*", "selection_hash1"), ("**", "dir_hash1")],
)
def test_the_manifest_says_the_digest_of_the_folder_from_that_of_a_selection(
    described, awkward, tmp_path, glob, kind
):
    assert described("--glob", glob) == 0
    manifest = json.loads((tmp_path / "t.parquet.manifest.json").read_text())
    folder = manifest["run_provenance"]["inputs"]["clips"]
    chosen = [(name, file_digest(awkward / name).sha256) for name in walk_files(awkward, (glob,))]
    assert folder[kind] == dir_hash1(chosen)
    assert (folder["files"], folder["bytes"]) == (len(chosen), look(awkward, (glob,)).bytes)


@pytest.mark.parametrize(
    "change",
    [
        'clip.write_text("other")',
        "clip.unlink()",
        "os.utime(clip)",
        'clip.rename(clip.with_name("moved.mp4"))',
        'clip.with_name("new.mp4").write_text("new")',
        'clip.with_name("sub").rename(clip.with_name("under"))',
    ],
)
def test_a_folder_that_changes_during_the_run_leaves_nothing(described, tmp_path, capsys, change):
    assert described(change=change) == 2
    assert "--clips: clips changed while the table was built" in capsys.readouterr().err
    assert not (tmp_path / "t.parquet").exists()
