"""Read lists of checksums, as sha256sum and its like write them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from attrs import frozen

from tablehost.contract.checksums import Checksums
from tablehost.contract.errors import Refused
from tablehost.files.folder_listing import unescaped
from tablehost.files.reading import read_regular

_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_HEX = rb"(?P<digest>[0-9A-Fa-f]+)"
_FORMS = (
    re.compile(rb"(?P<mark>\\?)" + _HEX + rb" [ *](?P<name>[^\0]+)"),
    re.compile(
        rb"(?P<mark>\\?)(?P<tag>MD5|SHA1|SHA256|SHA512) \((?P<name>[^\0]+)\) = " + _HEX
    ),  # --tag
)
_ESCAPED_NAME = re.compile(rb"(?:[^\\]|\\[\\nr])+")
_MOST_BYTES = 1 << 28  # of two million files
_SHOWN = 80


@frozen
class _Line:
    """A line of a list."""

    number: int
    algorithm: str
    name: str
    digest: str


def read_checksums(
    path: Path | None,
    folder: Path | None = None,
    *,
    local: Callable[[Path], Path] | None = None,
) -> Checksums | None:
    """Read a list that `md5sum`, `sha1sum`, `sha256sum` or `sha512sum` wrote, or with `--tag`.

    As these do with `-c`, empty lines and those that begin with `#` are passed over.

    Args:
        path: the list.
        folder: that its names may be relative to, where they are not relative to its own folder.
        local: returns its file where it is in an object store: `Run.local`.

    Returns:
        What it says, for `run.map`; None where there is no list.

    Raises:
        Refused: it cannot be read, or is not such a list.
    """
    if path is None:
        return None
    try:
        content = read_regular(local(path) if local else path, _MOST_BYTES)
    except OSError as error:
        problem = f"the list of checksums {path} cannot be read: {error.strerror or error}"
        raise Refused([problem]) from error
    algorithm, listed = "", dict[str, str]()
    for line in _lines(path, content):
        algorithm = algorithm or line.algorithm
        if line.algorithm != algorithm:
            what = f"a checksum of {line.algorithm}sum, where the first is of {algorithm}sum"
            remedy = "make a list for each"
        elif listed.setdefault(line.name, line.digest) != line.digest:
            what = f"another checksum of {line.name!r} than in a line before"
            remedy = "remove the wrong one"
        else:
            continue
        problem = f"{path}, line {line.number}: {what}; {remedy}"
        raise Refused([problem])
    if not listed:
        problem = f"{path} has no checksum in it; make the list again: sha256sum FILES > LIST"
        raise Refused([problem])
    folders = [path.parent, *([folder] if folder else [])]
    return Checksums(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        algorithm=algorithm,
        digests=_by_path(path, listed, folders),
        folders=tuple(folders),
    )


def _by_path(path: Path, listed: Mapping[str, str], folders: Iterable[Path]) -> dict[str, str]:
    """Return checksums by absolute path; a name is of the first folder that has it.

    Raises:
        Refused: two names lead from one folder to one file, with different checksums.
    """
    found: dict[str, str] = {}
    for folder in (str(one.absolute()) for one in folders):
        here: dict[str, str] = {}
        for name, digest in listed.items():
            place = os.path.normpath(os.path.join(folder, name))  # noqa: PTH118  # as text
            if here.setdefault(place, digest) != digest:
                problem = (
                    f"{path} has two checksums of {place}, which is there by an absolute name and "
                    "by a relative one; remove the wrong one"
                )
                raise Refused([problem])
        found = here | found
    return found


def _lines(path: Path, content: bytes) -> Iterator[_Line]:
    for number, raw in enumerate(content.split(b"\n"), 1):
        text = raw.removesuffix(b"\r")  # of a list from Windows; one in a name is written `\r`
        if not text or text.startswith(b"#"):
            continue
        line = _parsed(number, text)
        if line is None:
            shown = text[:_SHOWN].decode("utf-8", "backslashreplace")
            problem = (
                f"{path}, line {number}: {shown!r} is not a line as sha256sum, sha512sum, sha1sum "
                "or md5sum writes it; make the list again with one of them"
            )
            raise Refused([problem])
        yield line


def _parsed(number: int, text: bytes) -> _Line | None:
    found = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if found is None:
        return None
    parts = found.groupdict(b"")
    digest, name = parts["digest"].decode("ascii").lower(), parts["name"]
    algorithm = _ALGORITHMS.get(len(digest))
    if algorithm is None or parts.get("tag", b"").decode("ascii").lower() not in ("", algorithm):
        return None
    if parts["mark"]:
        if not _ESCAPED_NAME.fullmatch(name):
            return None
        name = unescaped(name)
    return _Line(number, algorithm, os.path.normpath(os.fsdecode(name)), digest)
