"""Items that read objects: each is fetched once, and what fails is a failure of that item."""

import signal
import time

import pyarrow.parquet as pq
import pytest
from object_store import SECRET
from small_builders import SIZES

from tablehost.objects import store as through_obstore

FILES = {"a.txt": b"one", "b.txt": b"three", "sub of it.txt": b"", "c%20é.txt": b"fourteen bytes"}


@pytest.fixture
def sizes(project, store):
    """Put some objects, and return the project and their URL."""
    project.write("sizes.py", SIZES)
    url = f"{store.bucket()}/in"
    for name, content in FILES.items():
        store.put(
            f"{url}/{name.replace('%', '%25').replace(' ', '%20').replace('é', '%C3%A9')}", content
        )
    return project, url


def run(project, url, *more, code=0):
    workers = () if "--workers" in more else ("--workers", 0)
    flags = ("--folder", url, "--out", "t.parquet", *workers, *more)
    ended = project.run("run", "sizes.py", *flags)
    assert ended.code == code, ended.err
    return ended


def failures(project):
    return {
        one["key"]: (one["reason"], one["detail"])
        for one in project.manifest("t.parquet")["run"]["failures"]
    }


def folder_of(project, url):
    return project.manifest("t.parquet")["run_provenance"]["inputs"]["folder"]


def test_a_builder_that_knows_only_files_makes_the_table_of_a_folder_out_of_objects(sizes):
    project, url = sizes
    run(project, url)
    (project.path / "in").mkdir()
    for name, content in FILES.items():
        (project.path / "in" / name).write_bytes(content)
    run_local = project.run(
        "run", "sizes.py", "--folder", "in", "--out", "l.parquet", "--workers", 0
    )
    assert run_local.code == 0
    assert project.digest("t.parquet") == project.digest("l.parquet")
    ours, local = folder_of(project, url), project.manifest("l.parquet")
    assert ours["dir_hash1"] == local["run_provenance"]["inputs"]["folder"]["dir_hash1"]
    assert (ours["path"], ours["files"], ours["bytes"]) == (url, 4, 22)
    recipes = [
        project.manifest(one)["run_provenance"]["recipe"] for one in ("t.parquet", "l.parquet")
    ]
    assert recipes[0] == recipes[1]


def test_each_object_is_fetched_once_and_a_second_run_costs_the_listing_alone(sizes, store):
    project, url = sizes
    run(project, url)
    fetched = store.asked("GET")
    assert sorted(path.rpartition("/")[2] for path in fetched) == sorted(FILES)
    store.forget()
    ended = run(project, url)
    assert "up to date" in ended.out + ended.err
    assert not store.asked("GET")
    # the prefix itself, and whether the empty one stands for a folder
    assert {path.rpartition("/")[2] for path in store.asked("HEAD")} <= {"in", "sub of it.txt"}


def test_only_what_was_replaced_and_what_is_new_is_fetched_again(sizes, store):
    project, url = sizes
    run(project, url)
    store.put(f"{url}/a.txt", b"other")
    store.put(f"{url}/d.txt", b"new")
    store.forget()
    run(project, url)
    assert sorted(path.rpartition("/")[2] for path in store.asked("GET")) == ["a.txt", "d.txt"]
    assert pq.read_table(project.path / "t.parquet")["bytes"].to_pylist() == [5, 5, 14, 3, 0]


@pytest.mark.outcome("Nothing is left of them.")
@pytest.mark.long
def test_copies_go_away_with_their_items_and_that_of_a_killed_worker_with_the_run(sizes, store):
    project, url = sizes
    builder = SIZES.replace(
        "    time.sleep",
        "    if path.name == 'c%20é.txt':\n        os.kill(os.getpid(), 9)\n"
        "    copies = {one.name for one in path.parents[2].rglob('*') if one.is_file()}\n"
        "    assert copies - {'c%20é.txt'} == {path.name}, copies\n    time.sleep",
    )
    project.write("sizes.py", builder)
    run(project, url, "--workers", 1, code=1)
    assert {key: reason for key, (reason, _) in failures(project).items()} == {
        "c%20é.txt": "worker-killed"
    }  # and `project` looks for what is left


@pytest.mark.outcome("Fails as `changed-while-read`; the next run has it.")
def test_an_object_that_is_replaced_while_the_run_lists_fails_as_changed_while_read(sizes, store):
    project, url = sizes

    def replace(path):
        if path.endswith("a.txt"):
            store.put(f"{url}/a.txt", b"replaced")

    store.before = replace
    run(project, url, code=1)
    assert failures(project)["a.txt"][0] == "changed-while-read"
    store.before = None
    run(project, url)
    assert pq.read_table(project.path / "t.parquet")["bytes"].to_pylist()[0] == 8


@pytest.mark.outcome("Fails as `vanished` or `unreadable`, alone; the next run tries again.")
def test_an_object_that_is_gone_or_denied_fails_alone_and_is_tried_again(sizes, store):
    project, url = sizes
    store.refuse = {"b.txt": "403"}
    store.before = lambda path: path.endswith("a.txt") and store.delete(f"{url}/a.txt")
    run(project, url, code=1)
    assert failures(project) == {
        "a.txt": ("vanished", "the store has no such object"),
        "b.txt": ("unreadable", "the store answers 403 Forbidden (Test)"),
    }
    store.refuse, store.before = {}, None
    run(project, url)
    assert len(pq.read_table(project.path / "t.parquet")) == 3


@pytest.mark.outcome("Fails as `unreadable` after three requests.")
@pytest.mark.long
def test_a_store_that_breaks_down_is_asked_a_bounded_number_of_times(sizes, store):
    project, url = sizes
    store.refuse = {"b.txt": "503"}
    run(project, url, code=1)
    assert failures(project)["b.txt"] == (
        "unreadable",
        "the store answers 503 Service Unavailable (Test)",
    )
    assert len([path for path in store.asked("GET") if path.endswith("b.txt")]) == 3


@pytest.mark.outcome("Fails as `unreadable`.")
@pytest.mark.long
def test_a_store_that_does_not_answer_is_given_up(sizes, store, monkeypatch):
    project, url = sizes
    monkeypatch.setattr(through_obstore, "_SILENCE", through_obstore.timedelta(seconds=0.2))
    through_obstore._opened.cache_clear()
    store.refuse = {"b.txt": "hang"}
    run(project, url, code=1)
    through_obstore._opened.cache_clear()
    reason, detail = failures(project)["b.txt"]
    assert (reason, "error sending request" in detail) == ("unreadable", True)


@pytest.mark.outcome("It is fetched again by every run.")
def test_an_object_without_etag_and_version_is_never_taken_from_a_cache(sizes, store):
    project, url = sizes
    store.without_etag = True
    run(project, url)
    store.forget()
    ended = run(project, url)
    assert "up to date" in ended.out + ended.err
    assert sorted(path.rpartition("/")[2] for path in store.asked("GET")) == sorted(FILES)


@pytest.mark.long
def test_an_object_without_etag_that_is_replaced_meanwhile_is_noticed(sizes, store):
    project, url = sizes
    store.without_etag = True

    def replace(path):
        if path.endswith("a.txt"):
            time.sleep(1.1)  # times of S3 are of whole seconds
            store.put(f"{url}/a.txt", b"two")

    store.before = replace
    run(project, url, code=1)
    assert failures(project)["a.txt"][0] == "changed-while-read"


@pytest.mark.long
def test_the_objects_of_another_endpoint_are_others(sizes, store, monkeypatch):
    project, url = sizes
    run(project, url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url.replace("127.0.0.1", "localhost"))
    store.forget()
    run(project, url)
    assert len(store.asked("GET")) == len(FILES)


@pytest.mark.long
def test_an_item_may_read_a_prefix_of_objects(project, store):
    builder = SIZES.replace(
        "len(path.read_bytes())", "sum(len(f.read_bytes()) for f in path.rglob('*.txt'))"
    )
    project.write("sizes.py", builder)
    url = store.bucket()
    for name in ("x/a.txt", "x/deep/b.txt", "y/c.txt"):
        store.put(f"{url}/{name}", b"four")
    run(project, url)
    table = pq.read_table(project.path / "t.parquet").to_pydict()
    assert table == {"name": ["x", "y"], "bytes": [8, 4]}
    store.forget()
    run(project, url)
    assert not store.asked("GET")


def test_credentials_stand_in_no_file_and_in_no_message(sizes, store):
    project, url = sizes
    store.refuse = {"b.txt": "403"}
    ended = run(project, url, "--verbose", code=1)
    store.refuse = {"in": "403"}
    refused = project.run("run", "sizes.py", "--folder", url, "--out", "u.parquet", "--verbose")
    assert refused.code == 2
    said = [ended.out, ended.err, refused.out, refused.err]
    found = [path.read_bytes() for path in project.path.rglob("*") if path.is_file()]
    assert not [
        one for one in [*(text.encode() for text in said), *found] if SECRET.encode() in one
    ]


@pytest.mark.long
def test_a_run_that_is_killed_leaves_copies_that_the_next_one_removes(sizes, store):
    project, url = sizes
    process = project.start(
        *("run", "sizes.py", "--folder", url, "--out", "t.parquet", "--workers", 1),
        env={"PACE": "60"},
    )
    scratch = project.path / ".t.parquet.scratch"
    while not scratch.exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert scratch.exists()
    run(project, url)
    assert not scratch.exists()
