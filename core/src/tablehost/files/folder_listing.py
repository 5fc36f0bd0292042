r"""A folder's digest, and the listing of files and digests that it is computed from.

The digest is in-toto's dirHash1: the sha256 over the lines `sha256␠␠relative/path\n` in the order
of the path's bytes. This command prints it, run inside the folder, whose links are what
they point to:

    find -L . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum -- | sha256sum

As in GNU coreutils, a line whose path contains a backslash, a newline or a carriage return begins
with a backslash, and these three are written `\\`, `\n` and `\r`.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from tablehost.contract.errors import ManifestError
from tablehost.files.atomic import write_atomically
from tablehost.files.digests import FileDigest, file_digest
from tablehost.files.reading import open_regular

_ESCAPES = {b"\\": rb"\\", b"\n": rb"\n", b"\r": rb"\r"}
_UNESCAPES = {escaped: plain for plain, escaped in _ESCAPES.items()}
_SPECIAL = re.compile(rb"[\\\n\r]")
_LINE = re.compile(rb"(\\?)([0-9a-f]{64})  (.+)\n")
_LONGEST_LINE = 16_384
_MOST_BYTES = 1 << 30  # of some million files; a gzip of a megabyte may have as much of nothing

Entries = Iterable[tuple[str | bytes, str]]
"""Relative path and sha256 of every file, in any order."""


def dir_hash1(entries: Entries) -> str:
    """Return a folder's dirHash1, a sha256 in hexadecimal.

    Args:
        entries: its files.
    """
    return hashlib.sha256(listing_of(entries)).hexdigest()


def listing_of(entries: Entries) -> bytes:
    """Return the lines of a `sha256sum -c` file, whose sha256 is the folder's dirHash1."""
    return b"".join(_lines(entries))


def write_listing(path: Path, listing: bytes) -> FileDigest:
    """Write a listing as a gzipped file, unless it is there already.

    Args:
        path: the file to write; the same listing makes the same bytes.
        listing: of a folder.

    Returns:
        The digest of the file.
    """
    if _is_there(path, listing):
        return file_digest(path)
    write_atomically(path, gzip.compress(listing, compresslevel=1, mtime=0))
    return file_digest(path)


def _is_there(path: Path, listing: bytes) -> bool:
    try:
        with open_regular(path) as file, gzip.open(file) as zipped:
            return zipped.read(len(listing) + 1) == listing
    except (OSError, EOFError, zlib.error):  # missing or damaged
        return False


def read_listing(path: Path) -> list[tuple[str, str]]:
    """Read a listing back.

    Args:
        path: a file that `write_listing` wrote.

    Returns:
        Relative path and sha256 of every file.

    Raises:
        ManifestError: it is damaged, or is not a listing.
        OSError: it cannot be read, or is not a regular file.
    """
    entries, before = [], b""
    try:
        with open_regular(path) as file, gzip.open(file) as zipped:
            for number, line in enumerate(iter(partial(zipped.readline, _LONGEST_LINE), b""), 1):
                found = _LINE.fullmatch(line)
                name = _name_in(found) if found else b""
                if found is None or name <= before or zipped.tell() > _MOST_BYTES:
                    msg = f"the listing {path} is damaged at line {number}"
                    raise ManifestError(msg)
                before = name
                entries.append((os.fsdecode(name), found[2].decode("ascii")))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        msg = f"the listing {path} is damaged: {error}"
        raise ManifestError(msg) from error
    return entries


def unescaped(name: bytes) -> bytes:
    """Return a name as it was before GNU coreutils escaped it."""
    return re.sub(rb"\\[\\nr]", lambda one: _UNESCAPES[one[0]], name)


def _name_in(line: re.Match[bytes]) -> bytes:
    mark, _, name = line.groups()
    return unescaped(name) if mark else name


def _lines(entries: Entries) -> Iterator[bytes]:
    digests = {os.fsencode(path): sha256.encode("ascii") for path, sha256 in entries}
    for path in sorted(digests):
        if _SPECIAL.search(path) is None:
            yield b"%b  %b\n" % (digests[path], path)
        else:
            escaped = _SPECIAL.sub(lambda found: _ESCAPES[found[0]], path)
            yield b"\\%b  %b\n" % (digests[path], escaped)
