"""Digests of files, folders and values, and the cache that spares a second reading."""

import gzip
import hashlib
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost import digests
from tablehost.digests import (
    ChangedWhileRead,
    FileDigest,
    Signature,
    StatCache,
    dir_hash1,
    file_digest,
    hash_file,
    json_digest,
    read_listing,
    walk_files,
    write_listing,
)
from tablehost.errors import ManifestError, UsageError

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


def sha(data):
    return hashlib.sha256(data).hexdigest()


def shell(command, folder):
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=True).stdout


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


def entries_of(folder):
    return [(name, file_digest(folder / name).sha256) for name in walk_files(folder)]


def settle(signature, seconds=100):
    return Signature(
        signature.device,
        signature.inode,
        signature.size,
        signature.mtime_ns,
        signature.ctime_ns,
        signature.seen_ns + seconds * 10**9,
    )


# ---------------------------------------------------------------------------- values and files


def test_json_digest_is_the_sha256_of_canonical_json():
    assert json_digest({"b": [1, 2.5, None], "a": "ü"}) == sha(
        '{"a":"ü","b":[1,2.5,null]}'.encode()
    )


def test_json_digest_takes_a_path_that_is_not_utf8():
    assert json_digest(os.fsdecode(b"\xff")) != json_digest(os.fsdecode(b"\xfe"))


def test_json_digest_refuses_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_digest(float("nan"))


def test_file_digest_tells_hash_and_size(tmp_path):
    (tmp_path / "f").write_bytes(b"abc" * 300_000)
    assert file_digest(tmp_path / "f") == FileDigest(sha(b"abc" * 300_000), 900_000)


def test_a_link_has_the_signature_of_what_is_read(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    (tmp_path / "l").symlink_to("f")
    assert Signature.of(tmp_path / "l") == Signature.of(tmp_path / "f")


def test_only_regular_files_are_hashed(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        hash_file(tmp_path / "pipe")


@pytest.mark.parametrize("change", ["append", "replace", "remove"])
def test_a_file_that_changes_under_the_reader_has_no_digest(tmp_path, monkeypatch, change):
    path = tmp_path / "f"
    path.write_bytes(b"abc")

    def read_then_change(_):
        seen = file_digest(path)
        if change == "append":
            path.write_bytes(b"abcd")
        elif change == "replace":
            (tmp_path / "g").write_bytes(b"xyz")
            (tmp_path / "g").replace(path)
        else:
            path.unlink()
        return seen

    monkeypatch.setattr(digests, "file_digest", read_then_change)
    with pytest.raises(ChangedWhileRead, match="changed while it was read"):
        hash_file(path)


# ------------------------------------------------------------------------------------- folders


def test_dir_hash1_is_what_find_and_sha256sum_print(awkward):
    assert dir_hash1(entries_of(awkward)) == shell(DIR_HASH1, awkward)[:64].decode()


def test_dir_hash1_of_an_empty_folder_is_what_find_and_sha256sum_print(tmp_path):
    assert dir_hash1([]) == shell(DIR_HASH1, tmp_path)[:64].decode() == sha(b"")


def test_dir_hash1_takes_any_order_and_paths_of_bytes(awkward):
    entries = entries_of(awkward)
    assert dir_hash1((os.fsencode(p), s) for p, s in reversed(entries)) == dir_hash1(entries)


def test_sha256sum_accepts_the_listing(awkward, tmp_path):
    write_listing(tmp_path / "listing.gz", entries_of(awkward))
    shell(f"gunzip -c {tmp_path / 'listing.gz'} | sha256sum -c --strict -", awkward)


def test_an_unzipped_listing_has_the_folders_digest(awkward, tmp_path):
    write_listing(tmp_path / "listing.gz", entries_of(awkward))
    unzipped = shell("gunzip -c listing.gz", tmp_path)
    assert sha(unzipped) == dir_hash1(entries_of(awkward))


def test_a_listing_reads_back_as_written(awkward, tmp_path):
    seen = write_listing(tmp_path / "listing.gz", entries_of(awkward))
    assert read_listing(tmp_path / "listing.gz") == entries_of(awkward)
    assert seen == file_digest(tmp_path / "listing.gz")


@given(st.dictionaries(st.binary(min_size=1).filter(lambda b: b"\0" not in b), st.binary()))
def test_any_name_survives_the_listing(tmp_path_factory, contents):
    path = tmp_path_factory.getbasetemp() / "any.gz"
    entries = sorted((name, sha(content)) for name, content in contents.items())
    write_listing(path, entries)
    assert read_listing(path) == [(os.fsdecode(name), digest) for name, digest in entries]


def test_equal_listings_are_equal_bytes(awkward, tmp_path):
    first = write_listing(tmp_path / "a.gz", entries_of(awkward))
    time.sleep(1.1)  # the header of a gzip file tells seconds
    assert write_listing(tmp_path / "b.gz", reversed(entries_of(awkward))) == first


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_truncated_listing_is_refused(awkward, tmp_path, keep):
    path = tmp_path / "listing.gz"
    write_listing(path, entries_of(awkward))
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


# ----------------------------------------------------------------------------------- the cache


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TABLEHOST_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def warnings(caplog):
    caplog.set_level(logging.WARNING, "tablehost")
    return lambda: [record.getMessage() for record in caplog.records]


def signature(number, **changes):
    values = {"size": 10, "mtime_ns": 1_000, "ctime_ns": 2_000, "seen_ns": 10**18} | changes
    return Signature(device=1, inode=number, **values)


def fill(count=300):
    with StatCache() as cache:
        cache.put_many((signature(n), sha(b"%d" % n)) for n in range(count))


def test_the_cache_remembers_files_across_processes(folder):
    fill(3)
    with StatCache() as cache:
        assert cache.get(signature(1)) == sha(b"1")
        assert cache.get_many([signature(2), signature(9), signature(0)]) == [
            sha(b"2"),
            None,
            sha(b"0"),
        ]


@pytest.mark.parametrize("changed", ["size", "mtime_ns", "ctime_ns"])
def test_a_file_that_looks_different_is_unknown(folder, changed):
    fill(3)
    with StatCache() as cache:
        assert cache.get(signature(1, **{changed: 7})) is None


def test_a_changed_file_takes_the_place_of_its_older_self(folder):
    fill(3)
    with StatCache() as cache:
        cache.put_many([(signature(1, size=11), sha(b"new"))])
        assert cache.get(signature(1, size=11)) == sha(b"new")
        assert cache.get(signature(1)) is None


@pytest.mark.parametrize("touched", ["mtime_ns", "ctime_ns"])
def test_a_file_just_touched_is_neither_stored_nor_trusted(folder, touched):
    seen = 10**18
    fresh = signature(1, **{touched: seen - 1_999_999_999})
    later = signature(1, **{touched: seen - 1_999_999_999, "seen_ns": seen + 10**10})
    with StatCache() as cache:
        cache.put_many([(fresh, sha(b"fresh"))])
        assert cache.get(later) is None
        cache.put_many([(later, sha(b"later"))])
        assert cache.get(later) == sha(b"later")
        assert cache.get(fresh) is None


def test_inodes_of_64_bits_and_times_before_1970_fit(folder):
    large = signature(2**64 - 1, mtime_ns=-5)
    with StatCache() as cache:
        cache.put_many([(large, sha(b"x"))])
        assert cache.get(large) == sha(b"x")


def test_hash_file_reads_a_known_file_no_more(folder, tmp_path, monkeypatch):
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    later = time.time_ns() + 10**10
    monkeypatch.setattr(digests.time, "time_ns", lambda: later)
    with StatCache() as cache:
        first = hash_file(path, cache)
        monkeypatch.setattr(digests, "file_digest", None)
        assert hash_file(path, cache) == first == FileDigest(sha(b"abc"), 3)


def test_a_file_written_just_now_is_read_again(folder, tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    with StatCache() as cache:
        hash_file(path, cache)
        assert cache.get(settle(Signature.of(path))) is None


def damage_zero(path):
    path.write_bytes(b"\0" * path.stat().st_size)


def damage_text(path):
    path.write_text("this is no database at all, but it is long enough to look at" * 50)


def damage_truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_middle(path):
    data = bytearray(path.read_bytes())
    data[4096 * 2 : 4096 * 4] = b"\xa5" * 8192
    path.write_bytes(data)


def damage_version(path):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def damage_table(path):
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE file RENAME TO other")
    connection.close()


def damage_bit(path):
    connection = sqlite3.connect(path)
    connection.execute("UPDATE file SET sha256 = ? WHERE inode = 150", (bytes(32),))
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        damage_zero,
        damage_text,
        damage_truncate,
        damage_middle,
        damage_version,
        damage_table,
        damage_bit,
    ],
)
def test_a_damaged_cache_is_set_aside_and_begun_anew(folder, warnings, damage):
    fill()
    damage(folder / "digests.sqlite")
    wanted = [signature(n) for n in range(300)]
    with StatCache() as cache:
        assert set(cache.get_many(wanted)) == {None}
        cache.put_many([(signature(5), sha(b"5"))])
        assert cache.get(signature(5)) == sha(b"5")
    assert len(list(folder.glob("digests.sqlite.damaged-*Z"))) == 1
    assert [message for message in warnings() if "a new one is begun" in message] == warnings()
    assert len(warnings()) == 1


@given(st.integers(0, 2**30), st.integers(1, 255))
def test_a_flipped_byte_never_makes_a_wrong_digest(tmp_path_factory, place, flip):
    folder = tmp_path_factory.mktemp("flip")
    with StatCache(folder) as cache:
        cache.put_many((signature(n), sha(b"%d" % n)) for n in range(100))
    path = folder / "digests.sqlite"
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= flip
    path.write_bytes(data)
    with StatCache(folder) as cache:
        for n, found in enumerate(cache.get_many([signature(n) for n in range(100)])):
            assert found in {None, sha(b"%d" % n)}


def test_a_cache_that_another_process_renewed_is_not_set_aside_again(folder, warnings):
    fill()
    with StatCache() as slow:
        damage_bit(folder / "digests.sqlite")
        with StatCache() as quick:
            assert quick.get(signature(150)) is None
            quick.put_many([(signature(1), sha(b"1"))])
        assert slow.get(signature(150)) is None
        assert slow.get(signature(1)) == sha(b"1")
    assert len(list(folder.glob("digests.sqlite.damaged-*Z"))) == 1


def test_an_unusable_folder_is_said_once(tmp_path, warnings):
    (tmp_path / "file").write_text("not a folder")
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    with StatCache(tmp_path / "file" / "cache") as cache:
        for _ in range(3):
            assert hash_file(path, cache).sha256 == sha(b"abc")
            assert cache.get_many([signature(1), signature(2)]) == [None, None]
            cache.put_many([(signature(1), sha(b"1"))])
    assert len(warnings()) == 1
    assert "hashed without a cache" in warnings()[0]


def test_a_full_disk_is_said_once(folder, warnings):
    with StatCache() as cache:
        (pages,) = cache._connection.execute("PRAGMA page_count").fetchone()
        cache._connection.execute(f"PRAGMA max_page_count = {pages}")
        for _ in range(2):
            cache.put_many((signature(n), sha(b"%d" % n)) for n in range(1000))
    assert len(warnings()) == 1
    assert "full" in warnings()[0]
    assert not list(folder.glob("*damaged*"))


def test_without_the_variable_the_cache_is_the_users(tmp_path, monkeypatch):
    monkeypatch.delenv("TABLEHOST_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with StatCache() as cache:
        assert cache.path == tmp_path / "tablehost" / "digests.sqlite"


WRITER = """
import hashlib, sys
from tablehost.digests import Signature, StatCache
start = int(sys.argv[1])
with StatCache() as cache:
    for n in range(start, start + 200):
        seen = Signature(1, n, 10, 1_000, 2_000, 10**18)
        cache.put_many([(seen, hashlib.sha256(b"%d" % n).hexdigest())])
        assert cache.get(seen) is not None
"""


def test_several_processes_may_use_it_at_once(folder, warnings):
    starts = [0, 150, 300, 450]
    running = [subprocess.Popen([sys.executable, "-c", WRITER, str(start)]) for start in starts]
    assert [process.wait(60) for process in running] == [0] * len(starts)
    with StatCache() as cache:
        known = cache.get_many([signature(n) for n in range(650)])
    assert known == [sha(b"%d" % n) for n in range(650)]
    assert list(folder.glob("*damaged*")) == []


def test_several_threads_may_use_it_at_once(folder, warnings):
    with StatCache() as cache:

        def work(start):
            for n in range(start, start + 100):
                cache.put_many([(signature(n), sha(b"%d" % n))])
                assert cache.get(signature(n)) == sha(b"%d" % n)

        threads = [threading.Thread(target=work, args=(start,)) for start in (0, 50, 100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert None not in cache.get_many([signature(n) for n in range(200)])
    assert warnings() == []


def test_digests_import_nothing_heavy():
    code = "import sys, tablehost.digests; print({'pyarrow', 'numpy', 'pandas'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "set()\n"
