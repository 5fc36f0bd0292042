"""The cache that spares a second reading."""

import hashlib
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from damage import cut, newer, text, zeros
from hypothesis import given
from hypothesis import strategies as st

from tablehost.files import digests
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.files.digests import FileDigest, Signature


def sha(data):
    return hashlib.sha256(data).hexdigest()


def settle(signature, seconds=100):
    return Signature(signature.state, signature.seen_ns + seconds * 10**9)


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
    *state, seen_ns = values.values()
    return Signature((1, number, *state), seen_ns)


def fill(count=300):
    with StatCache() as cache:
        cache.put_many((signature(n), sha(b"%d" % n)) for n in range(count))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def known(cache, count):
    return [cache.get(signature(n)) for n in range(count)]


def test_the_cache_remembers_files_across_processes(folder):
    fill(3)
    with StatCache() as cache:
        assert known(cache, 4) == [sha(b"0"), sha(b"1"), sha(b"2"), None]


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
def test_a_damaged_cache_is_deleted_and_begun_anew(folder, warnings, damage):
    fill()
    damage(folder / "digests.sqlite")
    with StatCache() as cache:
        assert set(known(cache, 300)) <= {None, *(sha(b"%d" % n) for n in range(300))}
        assert set(known(cache, 300)) == {None}
        cache.put_many([(signature(5), sha(b"5"))])
        assert cache.get(signature(5)) == sha(b"5")
    assert names(folder) == ["digests.sqlite", "digests.sqlite.lock"]
    (said,) = warnings()
    assert "\n" not in said
    assert f"{folder / 'digests.sqlite'} was damaged (" in said
    assert "it was deleted and a new one is begun" in said


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
        for n, found in enumerate(known(cache, 100)):
            assert found in {None, sha(b"%d" % n)}


def test_a_cache_that_another_process_renewed_is_not_deleted_again(folder, warnings):
    fill()
    with StatCache() as slow:
        damage_bit(folder / "digests.sqlite")
        with StatCache() as quick:
            assert quick.get(signature(150)) is None
            quick.put_many([(signature(1), sha(b"1"))])
        assert slow.get(signature(150)) is None
        assert slow.get(signature(1)) == sha(b"1")
    assert names(folder) == ["digests.sqlite", "digests.sqlite.lock"]
    assert len(warnings()) == 1


def test_a_deleted_cache_that_is_still_open_does_not_touch_the_new_one(folder):
    fill()
    with StatCache() as slow:
        slow.put_many([(signature(1000), sha(b"slow"))])
        damage_bit(folder / "digests.sqlite")
        quick = StatCache()
        assert quick.get(signature(150)) is None
        quick.put_many([(signature(1), sha(b"1"))])
    with quick, StatCache() as later:
        assert later.get(signature(1)) == sha(b"1")
        assert later.get(signature(1000)) is None


def test_an_unusable_folder_is_said_once(tmp_path, warnings):
    (tmp_path / "file").write_text("not a folder")
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    with StatCache(tmp_path / "file" / "cache") as cache:
        for _ in range(3):
            assert hash_file(path, cache).sha256 == sha(b"abc")
            assert known(cache, 2) == [None, None]
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
    assert not [message for message in warnings() if "damaged" in message]


def test_without_the_variable_the_cache_is_the_users(tmp_path, monkeypatch):
    monkeypatch.delenv("TABLEHOST_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with StatCache() as cache:
        assert cache.path == tmp_path / "tablehost" / "digests.sqlite"


WRITER = """
import hashlib, sys
from tablehost.files.digests import Signature
from tablehost.files.digest_cache import StatCache
start = int(sys.argv[1])
with StatCache() as cache:
    for n in range(start, start + 200):
        seen = Signature((1, n, 10, 1_000, 2_000), 10**18)
        cache.put_many([(seen, hashlib.sha256(b"%d" % n).hexdigest())])
        assert cache.get(seen) is not None
"""


def test_several_processes_may_use_it_at_once(folder, warnings):
    starts = [0, 150, 300, 450]
    running = [subprocess.Popen([sys.executable, "-c", WRITER, str(start)]) for start in starts]
    assert [process.wait(60) for process in running] == [0] * len(starts)
    with StatCache() as cache:
        assert known(cache, 650) == [sha(b"%d" % n) for n in range(650)]
    assert warnings() == []


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
        assert None not in known(cache, 200)
    assert warnings() == []


@pytest.mark.outcome("Exit 0, right digests: zeros, cut, text, a newer version.")
@pytest.mark.parametrize("damage", [zeros, cut, text, newer])
def test_a_damaged_cache_is_said_and_gives_no_wrong_digest(words, damage):
    os.utime(words.path / "t.txt", (1_000_000_000, 1_000_000_000))
    command = ("run", "./words.py", "--text", "t.txt", "--out")
    assert words.run(*command, "a.parquet").code == 0
    damage(words.path / ".cache/digests.sqlite")
    ended = words.run(*command, "t.parquet")
    assert ended.code == 0, ended.err
    assert ended.err.count("digests.sqlite was damaged (") == 1
    assert names(words.path / ".cache") == ["digests.sqlite", "digests.sqlite.lock"]
    digest = words.manifest("t.parquet")["run_provenance"]["inputs"]["text"]["sha256"]
    assert digest == words.digest("t.txt")
