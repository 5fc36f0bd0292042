"""What a store lists and says, and what is made of it."""

import pytest

from tablehost.contract.errors import UsageError
from tablehost.files.digests import is_settled, state_of
from tablehost.files.folders import look, walk_files
from tablehost.objects.errors import NoObject, StoreError
from tablehost.objects.path import as_path
from tablehost.objects.state import digest_of, endpoint, facts_of, state_of_object

NOW = 1_900_000_000 * 10**9
URL = "s3://bucket/a"


def state(size=1, etag='"e"', version=None, modified_ns=0):
    return state_of_object(URL, facts_of(size, etag, version, modified_ns, digest_of(endpoint())))


def test_each_of_size_etag_version_name_and_endpoint_makes_another_state(monkeypatch):
    states = [
        state(),
        state(size=2),
        state(etag='"f"'),
        state(version="1"),
        state_of_object("s3://bucket/b", facts_of(1, '"e"', None, 0, digest_of(endpoint()))),
    ]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert len({*states, state()}) == 6


def test_the_state_of_an_object_with_an_etag_or_a_version_is_settled_and_fits_the_cache():
    for one in (state(), state(etag=None, version="1")):
        assert is_settled(one, NOW)
        assert all(0 <= number < 2**63 for number in one)


@pytest.mark.parametrize("etag", [None, "", '""', 'W/"weak"'])
@pytest.mark.parametrize("version", [None, "", "null"])
def test_an_object_that_nothing_identifies_is_never_settled(etag, version):
    one = state(etag=etag, version=version)
    assert not is_settled(one, NOW)
    assert all(0 <= number < 2**63 for number in one)
    assert one != state(etag=etag, version=version, modified_ns=1)


def test_a_rotated_secret_makes_no_other_state(monkeypatch):
    before = state()
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"):
        monkeypatch.setenv(name, "other")
    assert state() == before


def test_objects_that_stand_for_folders_are_no_files_and_empty_objects_are(store):
    url = store.bucket()
    for name in ("in/", "in/sub/", "in/sub/a.txt", "in/empty.txt", "in/lone/", "inside.txt"):
        store.put(f"{url}/{name}", b"" if "a.txt" not in name else b"a")
    assert walk_files(as_path(f"{url}/in")) == ["empty.txt", "sub/a.txt"]
    assert {path.name for path in as_path(f"{url}/in").iterdir()} == {"empty.txt", "sub"}
    assert walk_files(as_path(url)) == ["in/empty.txt", "in/sub/a.txt", "inside.txt"]


def test_names_come_in_the_order_of_their_bytes_and_patterns_are_those_of_pathlib(store, tmp_path):
    url = store.bucket()
    for name in ("b.txt", "B.txt", "a/deep/c.txt", "a/c.txt", "é.txt", "z.csv"):
        store.put(f"{url}/in/{name.replace('é', '%C3%A9')}", b"1")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    prefix = as_path(f"{url}/in")
    for pattern in ("*.txt", "**/*.txt", "a/*", "*", "**/*", "a/**/c.txt", "nothing"):
        assert walk_files(prefix, [pattern]) == walk_files(tmp_path, [pattern])
        assert {str(one.relative_to(prefix)) for one in prefix.glob(pattern)} == {
            str(one.relative_to(tmp_path)) for one in tmp_path.glob(pattern)
        }
    assert {one.name for one in prefix.rglob("*.csv")} == {"z.csv"}


def test_what_is_listed_is_looked_at_without_another_request(store):
    url = store.bucket()
    store.put(f"{url}/in/a.txt", b"1")
    prefix = as_path(f"{url}/in")
    seen = look(prefix)
    store.forget()
    assert state_of((prefix / "a.txt").stat()) == seen.files["a.txt"]
    assert [one.name for one in prefix.iterdir()] == ["a.txt"]
    assert store.requests == []


def test_a_version_that_a_listing_does_not_say_is_no_change(store):
    url = store.bucket(versioned=True)
    store.put(f"{url}/in/a.txt", b"1")
    prefix = as_path(f"{url}/in")
    seen = look(prefix)
    assert b"".join((prefix / "a.txt").chunks(seen.files["a.txt"])) == b"1"
    alone = as_path(f"{url}/in/a.txt")
    assert b"".join(alone.chunks(state_of(alone.stat()))) == b"1"
    assert state_of(alone.stat()) != seen.files["a.txt"]


@pytest.mark.outcome("The listing is refused, with the name.")
def test_a_name_that_no_file_can_have_is_an_error_and_no_silent_gap(store):
    url = store.bucket()
    store.put(f"{url}/in/a//b.txt", b"1")
    with pytest.raises(StoreError, match=r"a//b\.txt"):
        walk_files(as_path(f"{url}/in"))


def test_a_prefix_of_nothing_is_no_folder(store):
    with pytest.raises(NoObject):
        look(as_path(f"{store.bucket()}/in"))


def test_a_bucket_that_is_not_there_and_one_that_is_denied_have_errors_of_their_own(store):
    url = store.bucket()
    with pytest.raises(StoreError, match="404 Not Found"):
        look(as_path("s3://no-such-bucket/in"))
    store.refuse = {url.removeprefix("s3:/"): "403"}
    with pytest.raises(StoreError, match="403 Forbidden"):
        look(as_path(f"{url}/in"))


def test_a_store_whose_account_is_not_known_is_one_line(monkeypatch):
    pytest.importorskip("obstore")
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_CONNECTION_STRING"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match=r"az://container cannot be opened: .*Account"):
        look(as_path("az://container/in"))
