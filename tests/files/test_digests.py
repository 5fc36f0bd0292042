"""Digests and signatures of values and files."""

import hashlib
import os
import subprocess
import sys

import pytest

from tablehost.contract.errors import UsageError
from tablehost.files import digests
from tablehost.files.digest_cache import hash_file
from tablehost.files.digests import (
    ChangedWhileRead,
    FileDigest,
    Signature,
    file_digest,
    json_digest,
)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def test_json_digest_is_the_sha256_of_canonical_json():
    assert json_digest({"b": [1, 2.5, None], "a": "ü"}) == sha(
        '{"a":"ü","b":[1,2.5,null]}'.encode()
    )


def test_json_digest_takes_a_path_that_is_not_utf8():
    assert json_digest(os.fsdecode(b"\xff")) != json_digest(os.fsdecode(b"\xfe"))


def test_json_digest_refuses_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_digest(float("nan"))


def test_file_digest_says_hash_and_size(tmp_path):
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

    def read_then_change(_, other=None):
        seen = file_digest(path, other)
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


def test_digests_import_nothing_heavy():
    code = (
        "import sys, tablehost.files.digest_cache; "
        "print({'pyarrow', 'numpy', 'pandas'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "set()\n"
