"""Everything that forbids a run, found before anything is touched."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tablehost.commit.output import Output
from tablehost.files.folders import EVERYTHING
from tablehost.files.names import MANIFEST_SUFFIX, is_reserved, staging_name, usual_manifest
from tablehost.files.reading import irregular
from tablehost.objects.errors import StoreError
from tablehost.objects.path import ObjectPath
from tablehost.options.convert import NotUtf8, check_utf8
from tablehost.provenance.given import Given

_ANY_RUN_ID = "x" * 25
_LONGEST_NAME = 255
_OTHER_FORMATS = frozenset(
    [
        *(".arrow", ".avro", ".csv", ".db", ".feather", ".gz", ".h5", ".hdf5", ".ipc", ".json"),
        *(".jsonl", ".ndjson", ".orc", ".pkl", ".sqlite", ".tsv", ".txt", ".xlsx", ".xml", ".zip"),
        ".zst",
    ]
)
_LEAST_FREE_BYTES = 8 * 1024 * 1024


def problems(given: Sequence[Given], output: Output, *, overwrite: bool) -> list[str]:
    """Return everything that forbids a run, one sentence each.

    Args:
        given: the inputs and tools that the options name.
        output: where its table and manifest are to land.
        overwrite: whether an existing table may be replaced without a check.
    """
    return [*_inputs(given), *_outputs(output), *_collisions(given, output, overwrite)]


def _inputs(given: Iterable[Given]) -> Iterator[str]:
    for one in given:
        if isinstance(one.path, ObjectPath):
            yield from _unreachable(one)
        elif one.role.content == "files":
            yield from _unreadable_parts(one)
        elif one.role.content == "file" and one.path.is_dir():
            yield f"{one.flag}: {one.path} is a folder; give a file"
        elif one.role.content == "folder" and one.path.exists() and not one.path.is_dir():
            yield f"{one.flag}: {one.path} is not a folder"
        else:
            yield from _unreadable(one.flag, one.path)


def _unreachable(one: Given) -> Iterator[str]:
    """Ask the store what an input is."""
    try:
        is_folder = not one.parts.single or stat.S_ISDIR(one.path.stat().st_mode)
    except StoreError as error:
        yield f"{one.flag}: {one.path} cannot be read: {error.strerror}"
        return
    if one.role.content == "file" and is_folder:
        yield f"{one.flag}: {one.path} is a prefix of several objects; give one object"
    elif one.role.content == "folder" and not is_folder:
        yield f"{one.flag}: {one.path} is one object; give a prefix of several"
    elif one.unreadable is not None:
        yield f"{one.flag}: {one.path} cannot be read: {one.unreadable}"
    elif not one.parts.files:
        yield f"{one.flag}: {one.path} matches no object; give an object, a prefix or a glob"


def _unreadable_parts(one: Given) -> Iterator[str]:
    if one.unreadable is not None:
        yield f"{one.flag}: {one.path} cannot be accessed: {one.unreadable}"
        return
    if not one.parts.files:
        what = "has no file in it" if one.path.is_dir() else "matches no file"
        yield f"{one.flag}: {one.path} {what}; give a file, a folder of part files or a glob"
    for file in one.parts.files:
        try:
            check_utf8(str(file))
        except NotUtf8 as problem:
            yield f"{one.flag}: {str(file)!r} {problem}"
        yield from _unreadable(one.flag, file)


def _unreadable(flag: str, path: Path) -> Iterator[str]:
    try:
        exists = path.exists()
    except OSError as error:
        yield f"{flag}: {path} cannot be accessed: {error.strerror}"
        return
    if not exists and path.is_symlink():
        yield f"{flag}: {path} is a symbolic link to {path.readlink()}, which is not there"
    elif not exists:
        yield f"{flag}: {path} does not exist"
    elif (what := irregular(path.stat())) not in (None, "a folder"):
        give = "another folder" if path.is_dir() else "a regular file"
        yield f"{flag}: {path} is {what}, which may have no end; give {give}"
    elif not os.access(path, os.R_OK):
        yield f"{flag}: {path} cannot be read by this user"


def _outputs(output: Output) -> Iterator[str]:
    if _same(output.table, output.manifest):
        yield f"--manifest-out: {output.manifest} is the table itself; give another path"
    for flag, target in (("--out", output.table), ("--manifest-out", output.manifest)):
        unfit = _unfit(flag, target)
        if unfit is not None:
            yield f"{flag}: {unfit}"
        elif flag == "--out" or target != usual_manifest(output.table):
            yield from _unwritable(flag, target.absolute().parent)
    for kept in output.kept:
        if os.path.islink(kept):  # noqa: PTH114  # False for a name that is too long
            yield f"--out: {kept} is a symbolic link, and nothing is written through one; remove it"


def _unfit(flag: str, target: Path) -> str | None:
    """Return why a path can be no file of an output, or None."""
    if len(os.fsencode(staging_name(target, _ANY_RUN_ID).name)) > _LONGEST_NAME:
        why = f"the name {target.name[:40]}... is too long; give a shorter one"
    elif _is_taken(flag, target):
        why = f"{target} has a name that tablehost gives to its own files; give another"
    elif flag == "--out" and target.suffix.lower() in _OTHER_FORMATS:
        why = f"{target} is a name of another format, and a table is Parquet; give a .parquet"
    elif target.is_symlink():
        why = f"{target} is a symbolic link; give the path that it points to"
    elif target.is_dir():
        why = f"{target} is a folder; give the path of a file in it"
    elif target.exists() and not target.is_file():
        why = f"{target} is not a regular file"
    else:
        return None
    return why


def _is_taken(flag: str, target: Path) -> bool:
    """Return whether a name is reserved; that of a manifest may be asked for as one."""
    ours = flag == "--manifest-out" and target.name.endswith(MANIFEST_SUFFIX)
    return is_reserved(target.name) and not ours


def _unwritable(flag: str, folder: Path) -> Iterator[str]:
    """Look at the nearest folder that exists: missing ones are made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        yield f"{flag}: {folder} is not a folder"
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield f"{flag}: the folder {folder} cannot be written by this user"
    elif shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
        yield f"{flag}: {folder} has no space left; free some, or choose another folder"


def _collisions(given: Iterable[Given], output: Output, overwrite: bool) -> Iterator[str]:  # noqa: FBT001
    """Refuse to write over an input, but for a table that is rebuilt in place on purpose."""
    for one in given:
        if one.role.content == "folder" or isinstance(one.path, ObjectPath):
            continue
        if not one.parts.single:
            yield from _own_parts(one, output)
            continue
        if _same(one.path, output.manifest):
            yield f"--manifest-out: {output.manifest} is the input {one.flag}"
        if _same(one.path, output.table):
            yield from _in_place(one, output, overwrite=overwrite)


def _own_parts(one: Given, output: Output) -> Iterator[str]:
    """Refuse an output that is, or would be the next time, one of the files of an input."""
    parts = one.parts
    folder = Path(os.path.realpath(parts.folder)) if parts.patterns == EVERYTHING else None
    for flag, target in _chosen(output):
        inside = folder in Path(os.path.realpath(target)).parents
        if inside or any(_same(file, target) for file in parts.files):
            verb = "is" if target.exists() else "would be"
            what = f"the input {one.flag}, as one of the files of {one.path}"
            yield f"{flag}: {target} {verb} {what}; give another {flag}"


def _chosen(output: Output) -> Iterator[tuple[str, Path]]:
    """Yield the paths of the output that the user chose."""
    yield "--out", output.table
    if output.manifest != usual_manifest(output.table):
        yield "--manifest-out", output.manifest


def _in_place(one: Given, output: Output, *, overwrite: bool) -> Iterator[str]:
    is_input = f"--out: {output.table} is the input {one.flag}"
    sidecar = usual_manifest(one.path)
    if not overwrite:
        remedy = "--overwrite to rebuild in place a table that has its manifest"
        yield f"{is_input}; give another path, or {remedy}"
    elif not sidecar.is_file():
        why = f"has no {sidecar.name} beside it, so what it was could not be kept"
        yield f"{is_input} and {why}; give another --out"


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def inputs(given: Iterable[Given]) -> list[dict[str, str]]:
    """Return what a dry run reports of each input: option, path, and what is there."""
    return [{"option": one.option, "path": str(one.path), "found": _found(one)} for one in given]


def intention(output: Output) -> str:
    """Return what a run would do to its output, in words."""
    if not output.table.exists():
        go_on = " from the items that its ledger has" if output.ledger.exists() else ""
        return f"make {output.table}{go_on}"
    return f"replace {output.table}, or leave it where nothing is to do"


def _found(one: Given) -> str:
    if not one.parts.single:
        left_out = f", {len(one.parts.left_out)} left out" if one.parts.left_out else ""
        kind = "folder" if one.path.is_dir() else "glob"
        return f"{kind}, {len(one.parts.names)} files{left_out}"
    if one.path.is_dir():
        return f"folder, {sum(1 for _ in one.path.iterdir())} entries"
    if one.path.is_file():
        return f"file, {one.path.stat().st_size} bytes"
    return "missing"
