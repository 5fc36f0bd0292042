"""Lists of checksums, as the programs of GNU coreutils write them."""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tablehost import Refused, read_checksums

ALGORITHMS = ("md5", "sha1", "sha256", "sha512")
NAMES = st.binary(min_size=1, max_size=40).map(
    lambda name: name.translate(bytes.maketrans(b"\0/", b"ab"))
)
ODD = b"a (b) = c", b"\\", b"new\nline", b"cr\r", b" *blank", b"\xff\xfe", "grün".encode(), b"#x"


def digest(algorithm, content):
    return hashlib.new(algorithm, content).hexdigest()


A = digest("sha256", b"a")
B = digest("sha256", b"b")


@pytest.fixture
def listed(tmp_path):
    """Read a list of this content."""

    def read(content, folder=None):
        path = tmp_path / "list"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_checksums(path, folder)

    return read


@pytest.fixture
def refusal(listed):
    """Return why a list of this content is refused."""

    def read(content):
        with pytest.raises(Refused) as caught:
            listed(content)
        return str(caught.value)

    return read


NO_FILES = {b".", b"..", b"-"}  # the programs read the last from stdin


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("form", ["", "--binary", "--tag"])
@settings(max_examples=6)
@given(names=st.sets(NAMES, min_size=1, max_size=4).map(lambda names: names - NO_FILES))
@example(names=set(ODD))
def test_what_the_program_writes_of_any_names_is_read(algorithm, form, names):
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(name)
        command = [f"{algorithm}sum", *filter(None, [form]), "--", *sorted(names)]
        content = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, check=True,
                                 stdout=subprocess.PIPE).stdout  # fmt: skip
        path = Path(folder, "the list")
        path.write_bytes(content or b"# nothing")
        if not names:
            return
        read = read_checksums(path)
        assert (read.algorithm, read.sha256) == (algorithm, digest("sha256", content))
        assert {
            name: read.of(Path(os.fsdecode(os.fsencode(folder) + b"/" + name))) for name in names
        } == {name: digest(algorithm, name) for name in names}
        assert len(read.digests) == len(names)


def test_lines_may_end_as_on_windows_and_digits_may_be_in_upper_case(listed, tmp_path):
    read = listed(f"# a comment\r\n\r\n{A.upper()}  a\r\n{B} *b")
    assert [read.of(tmp_path / name) for name in "abc"] == [A, B, None]


@pytest.mark.parametrize("name", ["./a", "sub/../a", "{here}/a", ".//a", "../{folder}/a"])
def test_a_name_may_be_written_in_more_than_one_way(listed, tmp_path, name):
    written = name.format(here=tmp_path, folder=tmp_path.name)
    assert listed(f"{A}  {written}\n").of(tmp_path / "a") == A


def test_a_name_is_that_of_a_file_in_the_folder_of_the_list_before_one_in_the_other(
    listed, tmp_path
):
    read = listed(f"{A}  a\n{B}  clips/a\n{A}  b\n", tmp_path / "clips")
    assert read.of(tmp_path / "clips/a") == B
    assert read.of(tmp_path / "clips/b") == A
    assert read.of(tmp_path / "other/b") is None


def test_the_name_of_a_relative_list_is_found_from_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "sums").mkdir()
    (tmp_path / "sums/list").write_text(f"{A}  ../clips/a\n")
    monkeypatch.chdir(tmp_path)
    assert read_checksums(Path("sums/list")).of(tmp_path / "clips/a") == A


def test_no_list_is_no_checksums():
    assert read_checksums(None) is None


@pytest.mark.parametrize(
    "line",
    [
        "abc  a", f"{A} a", f"{A}  ", f"  {A}  a", f"{A[:-2]}  a", f"{A}g  a", f"\\{A}  a\\t", "x",
        f"SHA256 (a) = {A[:40]}", f"MD5 (a) = {A}", f"SHA384 (a) = {A}", f"SHA256(a)= {A}",
        f"{A}  a\0", f"\ufeff{A}  a", f"\\{A}  a\\",
    ],
)  # fmt: skip
def test_a_line_that_no_program_writes_is_refused_with_its_number(refusal, tmp_path, line):
    said = refusal(f"{B}  b\n\n{line}\n")
    assert said.startswith(f"{tmp_path}/list, line 3: ")
    assert said.endswith("make the list again with one of them")
    assert "\n" not in said


def test_a_long_line_is_shortened_in_the_message(refusal):
    assert len(refusal("x" * 1_000_000)) < 500


def test_a_list_of_two_algorithms_is_refused(refusal):
    said = refusal(f"{A}  a\n{digest('md5', b'b')}  b\n")
    assert "line 2: a checksum of md5sum, where the first is of sha256sum" in said


def test_one_name_with_two_checksums_is_refused_and_one_that_is_repeated_is_not(
    listed, refusal, tmp_path
):
    assert "line 2: another checksum of 'a'" in refusal(f"{A}  a\n{B}  ./a\n")
    assert listed(f"{A}  a\nSHA256 (a) = {A}\n").digests == {f"{tmp_path}/a": A}


@pytest.mark.parametrize("relative", ["a", "clips/a"])
def test_an_absolute_and_a_relative_name_of_one_file_with_two_checksums_are_refused(
    tmp_path, relative
):
    folder = tmp_path if relative == "a" else tmp_path / "list"
    folder.mkdir(exist_ok=True)
    (folder / "list").write_text(f"{A}  {tmp_path / relative}\n{B}  {relative}\n")
    with pytest.raises(Refused, match=f"list has two checksums of {tmp_path / relative}, which"):
        read_checksums(folder / "list", tmp_path)


@pytest.mark.parametrize("content", ["", "\n\n", "# nothing\n"])
def test_a_list_without_a_checksum_is_refused(refusal, content):
    assert "has no checksum in it" in refusal(content)


def test_what_is_no_regular_file_or_too_large_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)
    for name, why in {"fifo": "it is a FIFO", "large": "more than", "gone": "No such"}.items():
        with pytest.raises(Refused, match=rf"list of checksums .*{name} cannot be read: .*{why}"):
            read_checksums(tmp_path / name)


def test_files_that_are_required_and_not_listed_are_refused(listed, tmp_path):
    read = listed(f"{A}  a\n")
    read.require([tmp_path / "a"])
    with pytest.raises(Refused, match=r"does not list 2 of 3 files, the first is .*/b; names in"):
        read.require(tmp_path / name for name in "abc")
