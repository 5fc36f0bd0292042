"""`why`, `verify --inputs`, `replay` and `lineage` of a table whose inputs are in a store."""

import pytest
from small_builders import SIZES


@pytest.fixture
def table(project, store):
    """Make a table of two objects; return a function that asks about it."""
    project.write("sizes.py", SIZES)
    url = f"{store.bucket()}/in"
    for name in ("a.txt", "b.txt"):
        store.put(f"{url}/{name}", name.encode())
    tokens = ("--folder", url, "--out", "t.parquet", "--workers", 0)
    assert project.run("run", "sizes.py", *tokens).code == 0
    store.forget()

    def ask(command, *more, code=0):
        ended = project.run(command, "t.parquet", *more)
        assert ended.code == code, ended.out + ended.err
        return ended.out + ended.err

    return ask, url


def test_a_table_whose_objects_are_the_same_is_current_by_the_listing_alone(table, store):
    ask, _ = table
    assert "current" in ask("why")
    assert "intact" in ask("verify", "--inputs", "stat")
    assert not store.asked("GET")
    assert "intact" in ask("verify", "--inputs", "full")
    assert len(store.asked("GET")) == 2


def test_objects_that_were_replaced_added_or_deleted_are_named(table, store):
    ask, url = table
    store.put(f"{url}/a.txt", b"other")
    store.put(f"{url}/c.txt", b"new")
    store.delete(f"{url}/b.txt")
    said = ask("why", code=1)
    assert f"--folder {url}: 1 changed, 1 new, 1 gone" in said
    assert f"tablehost run sizes.py --folder {url} --out t.parquet" in said
    assert f"--folder {url}: 1 changed: a.txt; 1 added: c.txt; 1 removed: b.txt" in ask(
        "verify", "--inputs", "stat", code=1
    )


@pytest.mark.outcome("`why`: unknown; `verify`: unverifiable; both say why.")
def test_a_store_that_cannot_be_asked_leaves_it_unknown_and_says_why(table, store):
    ask, url = table
    store.refuse = {"/in": "403", "bucket": "403"}
    why = f"{url}: {url} cannot be read: the store answers 403 Forbidden"
    assert why in ask("why", code=1)
    assert why in ask("verify", "--inputs", "stat", code=1)
    assert "intact" in ask("verify")


def test_objects_that_are_gone_are_missing(table, store):
    ask, url = table
    for name in ("a.txt", "b.txt"):
        store.delete(f"{url}/{name}")
    assert f"--folder {url} is not there" in ask("why", code=1)


@pytest.mark.long
def test_a_replay_fetches_the_objects_again_and_makes_the_same_bytes(table):
    ask, _ = table
    assert "reproduced-bytes" in ask("replay", "--trust", "--workers", 1)


@pytest.mark.long
def test_a_replay_takes_a_folder_in_the_place_of_a_prefix(table, project):
    ask, url = table
    for name in ("a.txt", "b.txt"):
        project.write(f"kept/{name}", name)
    moved = f"{url}={project.path / 'kept'}"
    assert "reproduced-bytes" in ask("replay", "--trust", "--workers", 1, "--map", moved)


def test_lineage_has_the_prefix_with_its_digest(table):
    ask, url = table
    assert url in ask("lineage")
