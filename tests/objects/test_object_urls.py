"""What may be in a store, and what is said of a URL that cannot be used."""

import sys

import pytest
from object_store import MISSING, SECRET
from small_builders import SIZES, WORD_COUNT

from tablehost.objects.path import ObjectPath, as_path, is_url

HERE = ("--workers", 0)


def refused(project, *tokens, code=2, **kwargs):
    ended = project.run("run", *tokens, "--workers", 0, **kwargs)
    assert ended.code == code, ended.err
    (line,) = ended.err.strip().splitlines()
    assert not list(project.path.glob("*.parquet*"))
    return line


@pytest.fixture
def sizes(project, store):
    project.write("sizes.py", SIZES)
    project.write("words.py", WORD_COUNT)
    return project


@pytest.mark.parametrize("flag", ["--out", "--manifest-out"])
def test_a_table_in_a_store_is_refused_in_one_line(sizes, flag):
    out = () if flag == "--out" else ("--out", "t.parquet")
    line = refused(sizes, "sizes.py", "--folder", ".", *out, flag, "s3://bucket/t.parquet")
    assert line.endswith(
        f"{flag}: 's3://bucket/t.parquet' from {flag} is in an object store, where only inputs may "
        "be; tables stay on a file system: give a path there"
    )


def test_a_tool_in_a_store_is_refused_in_one_line(sizes):
    tokens = ("--clips-dir", ".", "--scores", "s", "--out", "t.parquet")
    line = refused(sizes, "extract_k150k", *tokens, "--vmaf-model", "s3://bucket/model.json")
    assert "'s3://bucket/model.json' from --vmaf-model is in an object store" in line


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("s3://", "names no bucket"),
        ("gs:///prefix", "names no bucket"),
        ("s3://bucket/a//b", "has an empty step, `.` or `..` in it, as no path of a file has"),
        ("az://bucket/../b", "has an empty step, `.` or `..` in it, as no path of a file has"),
    ],
)
def test_a_url_that_can_be_no_input_is_refused_in_one_line(sizes, url, why):
    line = refused(sizes, "sizes.py", "--folder", url, "--out", "t.parquet")
    assert line.endswith(f": '{url}' from --folder {why}")


def test_credentials_in_a_url_are_refused_and_not_repeated(sizes):
    url = f"s3://someone:{SECRET}@bucket/x"
    line = refused(sizes, "sizes.py", "--folder", url, "--out", "t.parquet")
    assert "'s3://***@bucket/x' from --folder has credentials in it; set them" in line
    assert SECRET not in line


def test_a_place_with_nothing_in_it_is_refused_in_one_line(sizes, store):
    url = store.bucket()
    line = refused(sizes, "sizes.py", "--folder", f"{url}/in", "--out", "t.parquet")
    assert line.endswith(f"--folder: {url}/in cannot be read: the store has no such object")


def test_one_object_is_no_folder_and_a_prefix_no_file(sizes, store):
    url = store.put(f"{store.bucket()}/in/a.txt", b"one two")
    line = refused(sizes, "sizes.py", "--folder", url, "--out", "t.parquet")
    assert line.endswith(f"--folder: {url} is one object; give a prefix of several")
    prefix = url.removesuffix("/a.txt")
    line = refused(sizes, "words.py", "--text", prefix, "--out", "t.parquet")
    assert line.endswith(f"--text: {prefix} is a prefix of several objects; give one object")


def test_an_object_that_a_builder_opens_itself_is_its_fault_and_the_line_says_what_to_do(
    sizes, store
):
    url = store.put(f"{store.bucket()}/a.txt", b"one two")
    ended = sizes.run("run", "words.py", "--text", url, "--out", "t.parquet", *HERE)
    assert ended.code == 3
    assert f"{url} is in an object store and was opened as a file" in ended.err
    assert "open run.local(path) instead" in ended.err
    sizes.write("words.py", WORD_COUNT.replace("options.text.read", "run.local(options.text).read"))
    assert sizes.run("run", "words.py", "--text", url, "--out", "t.parquet", *HERE).code == 0
    sizes.write("a.txt", "one two")
    assert sizes.run("run", "words.py", "--text", "a.txt", "--out", "l.parquet", *HERE).code == 0
    assert sizes.digest("t.parquet") == sizes.digest("l.parquet")


def test_without_obstore_one_line_says_how_to_get_it(sizes, store, monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    line = refused(sizes, "sizes.py", "--folder", "s3://other/in", "--out", "t.parquet")
    assert line.endswith(
        ": s3://other needs obstore, which is not installed: pip install 'tablehost[objects]'"
    )


@pytest.mark.long
def test_obstore_is_imported_by_a_run_with_a_url_and_by_no_other(project, store):
    pytest.importorskip("obstore", reason=MISSING)
    project.write("sizes.py", SIZES)
    project.write("in/a.txt", "a")
    command = "import sys; from tablehost.cli import execute; execute(sys.argv[1:]); "
    command += "print('obstore' in sys.modules)"
    store.put(f"{(url := store.bucket())}/a.txt", b"a")
    for folder, imported in (("in", "False"), (url, "True")):
        tokens = ("run", "sizes.py", "--folder", folder, "--out", "t.parquet", "--workers", 0)
        assert project.python(command, *tokens).out.splitlines()[-1] == imported


def test_a_folder_with_a_name_that_is_like_a_url_is_a_folder(project):
    project.write("sizes.py", SIZES)
    project.write("s3:/in/a.txt", "a")
    ended = project.run("run", "sizes.py", "--folder", "s3:/in", "--out", "t.parquet", *HERE)
    assert ended.code == 0


def test_the_path_of_an_object_is_a_path_and_equal_to_no_path_of_a_file():
    path = as_path("s3://bucket/a/b.txt")
    assert (str(path), path.name, path.suffix, str(path.parent)) == (
        *("s3://bucket/a/b.txt", "b.txt", ".txt"),
        "s3://bucket/a",
    )
    assert str(path.with_name("c")) == "s3://bucket/a/c"
    assert path != as_path("s3:/bucket/a/b.txt") != path
    assert isinstance(path.parent / "x", ObjectPath)
    assert path.is_relative_to(path.parent)
    assert not is_url("/s3://bucket")
