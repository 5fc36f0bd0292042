r"""A folder's digest, and the listing of files and digests that it is computed from.

The digest is in-toto's dirHash1: the sha256 over the lines `sha256␠␠relative/path\n` in the order
of the path's bytes. This command prints it, run inside the folder:

    find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum -- | sha256sum

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
from contextlib import suppress
from pathlib import Path

from tablehost.contract.errors import ManifestError
from tablehost.files.atomic import open_own, write_atomically
from tablehost.files.digests import FileDigest, file_digest

_ESCAPES = {b"\\": rb"\\", b"\n": rb"\n", b"\r": rb"\r"}
_UNESCAPES = {escaped: plain for plain, escaped in _ESCAPES.items()}
_SPECIAL = re.compile(rb"[\\\n\r]")
_LINE = re.compile(rb"(\\?)([0-9a-f]{64})  (.+)\n")

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
    with suppress(OSError, EOFError, zlib.error), open_own(path) as file:  # missing or damaged
        if gzip.decompress(file.read()) == listing:
            return file_digest(path)
    write_atomically(path, gzip.compress(listing, compresslevel=1, mtime=0))
    return file_digest(path)


def read_listing(path: Path) -> list[tuple[str, str]]:
    """Read a listing back.

    Args:
        path: a file that `write_listing` wrote.

    Returns:
        Relative path and sha256 of every file.

    Raises:
        ManifestError: it is damaged, or is not a listing.
    """
    entries = []
    try:
        with gzip.open(path) as zipped:
            for number, line in enumerate(zipped, start=1):
                found = _LINE.fullmatch(line)
                if found is None:
                    msg = f"the listing {path} is damaged at line {number}"
                    raise ManifestError(msg)
                mark, sha256, name = found.groups()
                if mark:
                    name = re.sub(rb"\\[\\nr]", lambda escape: _UNESCAPES[escape[0]], name)
                entries.append((os.fsdecode(name), sha256.decode("ascii")))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        msg = f"the listing {path} is damaged: {error}"
        raise ManifestError(msg) from error
    return entries


def _lines(entries: Entries) -> Iterator[bytes]:
    digests = {os.fsencode(path): sha256.encode("ascii") for path, sha256 in entries}
    for path in sorted(digests):
        if _SPECIAL.search(path) is None:
            yield b"%b  %b\n" % (digests[path], path)
        else:
            escaped = _SPECIAL.sub(lambda found: _ESCAPES[found[0]], path)
            yield b"\\%b  %b\n" % (digests[path], escaped)
