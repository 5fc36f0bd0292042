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
from itertools import islice
from pathlib import Path

from attrs import frozen

from tablehost.contract.errors import ManifestError
from tablehost.files.atomic import create, sync
from tablehost.files.digests import file_digest
from tablehost.files.names import LISTING_SUFFIX, beside, staging_name
from tablehost.files.reading import open_regular

_ESCAPES = {b"\\": rb"\\", b"\n": rb"\n", b"\r": rb"\r"}
_UNESCAPES = {escaped: plain for plain, escaped in _ESCAPES.items()}
_SPECIAL = re.compile(rb"[\\\n\r]")
_LINE = re.compile(rb"(\\?)([0-9a-f]{64})  (.+)\n")
_LONGEST_LINE = 16_384
_MOST_BYTES = 1 << 34  # of a hundred million files; a small file may unzip to as much of nothing
_GZIP = 31  # zlib's own header has no time in it
_LINES_AT_ONCE = 1024
_READ_AT_ONCE = 1 << 16
_SHOWN = 16  # characters of a digest in the name of a file

Entries = Iterable[tuple[str | bytes, str]]
"""Relative path and sha256 of every file."""


@frozen
class Listing:
    """A listing on the disk.

    Args:
        path: the file.
        sha256: of the file.
        digest: the folder's dirHash1.
    """

    path: Path
    sha256: str
    digest: str


def dir_hash1(entries: Entries) -> str:
    """Return a folder's dirHash1, a sha256 in hexadecimal.

    Args:
        entries: its files, in any order; they are held in memory.
    """
    return digest_of(listing_lines(sorted((os.fsencode(path), sha256) for path, sha256 in entries)))


def digest_of(lines: Iterable[bytes]) -> str:
    """Return the dirHash1 of the folder that has these lines."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()


def listing_lines(entries: Entries) -> Iterator[bytes]:
    """Yield the lines of a `sha256sum -c` file, whose sha256 is the folder's dirHash1.

    Args:
        entries: its files, in the order of the bytes of their paths.
    """
    for path, sha256 in entries:
        name, digest = os.fsencode(path), sha256.encode("ascii")
        if _SPECIAL.search(name) is None:
            yield b"%b  %b\n" % (digest, name)
        else:
            escaped = _SPECIAL.sub(lambda found: _ESCAPES[found[0]], name)
            yield b"\\%b  %b\n" % (digest, escaped)


def write_listing(prefix: Path, lines: Iterable[bytes]) -> Listing:
    """Write a listing as a gzipped file, unless it is there already.

    Args:
        prefix: of the file, to which a part of the digest is added; the same listing makes the
            same bytes.
        lines: of the listing.
    """
    staged = staging_name(beside(prefix, LISTING_SUFFIX))
    digest, size, rest = hashlib.sha256(), 0, iter(lines)
    zipped = zlib.compressobj(1, wbits=_GZIP)
    try:
        with create(staged) as file:
            while some := b"".join(islice(rest, _LINES_AT_ONCE)):
                digest.update(some)
                size += len(some)
                file.write(zipped.compress(some))
            file.write(zipped.flush())
            file.flush()
            os.fsync(file.fileno())
        path = beside(prefix, f"-{digest.hexdigest()[:_SHOWN]}{LISTING_SUFFIX}")
        if not _unzips_to(path, digest.digest(), size):
            staged.replace(path)
            sync(path.parent)
    finally:
        staged.unlink(missing_ok=True)
    return Listing(path, file_digest(path).sha256, digest.hexdigest())


def _unzips_to(path: Path, digest: bytes, size: int) -> bool:
    """Return whether a file is there that has this content."""
    found = hashlib.sha256()
    try:
        with open_regular(path) as file, gzip.open(file) as zipped:
            while size >= 0 and (some := zipped.read(min(_READ_AT_ONCE, size + 1))):
                size -= len(some)
                found.update(some)
    except (OSError, EOFError, zlib.error):  # missing or damaged
        return False
    return size == 0 and found.digest() == digest


def read_listing(path: Path) -> Iterator[tuple[str, str]]:
    """Read a listing back.

    Args:
        path: a file that `write_listing` wrote.

    Yields:
        Relative path and sha256 of every file, in the order of the bytes of the paths.

    Raises:
        ManifestError: it is damaged, or is not a listing.
        OSError: it cannot be read, or is not a regular file.
    """
    before = b""
    try:
        with open_regular(path) as file, gzip.open(file) as zipped:
            for number, line in enumerate(iter(partial(zipped.readline, _LONGEST_LINE), b""), 1):
                found = _LINE.fullmatch(line)
                name = _name_in(found) if found else b""
                if found is None or name <= before or zipped.tell() > _MOST_BYTES:
                    msg = f"the listing {path} is damaged at line {number}"
                    raise ManifestError(msg)
                before = name
                yield os.fsdecode(name), found[2].decode("ascii")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        msg = f"the listing {path} is damaged: {error}"
        raise ManifestError(msg) from error


def unescaped(name: bytes) -> bytes:
    """Return a name as it was before GNU coreutils escaped it."""
    return re.sub(rb"\\[\\nr]", lambda one: _UNESCAPES[one[0]], name)


def _name_in(line: re.Match[bytes]) -> bytes:
    mark, _, name = line.groups()
    return unescaped(name) if mark else name
