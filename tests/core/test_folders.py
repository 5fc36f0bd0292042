"""The files of a folder, its digest and its listing, against pathlib and GNU coreutils."""

import gzip
import hashlib
import os
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost.digests import file_digest
from tablehost.errors import ManifestError
from tablehost.folders import walk_files
from tablehost.listing import dir_hash1, listing_of, read_listing, write_listing

DIR_HASH1 = (
    "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum -- | sha256sum"
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
    (folder / "link.mp4").symlink_to("plain.mp4")
    (folder / "linked").symlink_to("sub")
    return folder


def sha(data):
    return hashlib.sha256(data).hexdigest()


def shell(command, folder):
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=True).stdout


def entries_of(folder):
    return [(name, file_digest(folder / name).sha256) for name in walk_files(folder)]


def test_dir_hash1_is_what_find_and_sha256sum_print(awkward):
    assert dir_hash1(entries_of(awkward)) == shell(DIR_HASH1, awkward)[:64].decode()


def test_dir_hash1_of_an_empty_folder_is_what_find_and_sha256sum_print(tmp_path):
    assert dir_hash1([]) == shell(DIR_HASH1, tmp_path)[:64].decode() == sha(b"")


def test_dir_hash1_takes_any_order_and_paths_of_bytes(awkward):
    entries = entries_of(awkward)
    assert dir_hash1((os.fsencode(p), s) for p, s in reversed(entries)) == dir_hash1(entries)


def test_sha256sum_accepts_the_listing(awkward, tmp_path):
    write_listing(tmp_path / "listing.gz", listing_of(entries_of(awkward)))
    shell(f"gunzip -c {tmp_path / 'listing.gz'} | sha256sum -c --strict -", awkward)


def test_an_unzipped_listing_has_the_folders_digest(awkward, tmp_path):
    write_listing(tmp_path / "listing.gz", listing_of(entries_of(awkward)))
    unzipped = shell("gunzip -c listing.gz", tmp_path)
    assert sha(unzipped) == dir_hash1(entries_of(awkward))


def test_a_listing_reads_back_as_written(awkward, tmp_path):
    seen = write_listing(tmp_path / "listing.gz", listing_of(entries_of(awkward)))
    assert read_listing(tmp_path / "listing.gz") == entries_of(awkward)
    assert seen == file_digest(tmp_path / "listing.gz")


@given(st.dictionaries(st.binary(min_size=1).filter(lambda b: b"\0" not in b), st.binary()))
def test_any_name_survives_the_listing(tmp_path_factory, contents):
    path = tmp_path_factory.getbasetemp() / "any.gz"
    entries = sorted((name, sha(content)) for name, content in contents.items())
    write_listing(path, listing_of(entries))
    assert read_listing(path) == [(os.fsdecode(name), digest) for name, digest in entries]


def test_equal_listings_are_equal_bytes(awkward, tmp_path):
    first = write_listing(tmp_path / "a.gz", listing_of(entries_of(awkward)))
    time.sleep(1.1)  # the header of a gzip file tells seconds
    assert write_listing(tmp_path / "b.gz", listing_of(reversed(entries_of(awkward)))) == first


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_truncated_listing_is_refused(awkward, tmp_path, keep):
    path = tmp_path / "listing.gz"
    write_listing(path, listing_of(entries_of(awkward)))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(ManifestError, match="damaged"):
        read_listing(path)


def test_something_else_is_no_listing(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"hello\n"))
    with pytest.raises(ManifestError, match="damaged at line 1"):
        read_listing(tmp_path / "x.gz")
    (tmp_path / "y.gz").write_bytes(b"hello\n")
    with pytest.raises(ManifestError, match="damaged"):
        read_listing(tmp_path / "y.gz")


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
    links = {"link.mp4", "linked"}
    expected = {
        str(path.relative_to(awkward))
        for path in awkward.glob(pattern)
        if path.is_file() and not links & set(path.relative_to(awkward).parts)
    }
    assert set(walk_files(awkward, (pattern,))) == expected


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        walk_files(tmp_path / "missing")
