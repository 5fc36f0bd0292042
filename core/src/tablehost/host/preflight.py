"""What would go wrong, found before anything is touched: all of it, not the first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tablehost.commit.output import Output
from tablehost.contract.errors import ManifestError
from tablehost.contract.names import flag_of
from tablehost.files.folders import EVERYTHING
from tablehost.files.names import staging_name, usual_manifest
from tablehost.files.parts import Parts, parts_of, single
from tablehost.manifest import read as manifest
from tablehost.manifest.read import dig, item_recipes, maker
from tablehost.options.convert import NotUtf8, check_utf8
from tablehost.options.record import GivenPath, paths_of

_ANY_RUN_ID = "x" * 25
_LONGEST_NAME = 255
_LEAST_FREE_BYTES = 8 * 1024 * 1024


def problems(options: Any, output: Output, *, overwrite: bool) -> list[str]:
    """Return everything that forbids a run, one sentence each.

    Args:
        options: the builder's options instance.
        output: where its table and manifest are to land.
        overwrite: whether an existing table may be replaced whatever it is.
    """
    return [*_inputs(options), *_outputs(output), *_collisions(options, output, overwrite)]


def _inputs(options: Any) -> Iterator[str]:
    for one in paths_of(options):
        if one.role.content == "files":
            yield from _unreadable_parts(one.option, one.path)
        elif one.role.content == "file" and one.path.is_dir():
            yield f"{flag_of(one.option)}: {one.path} is a folder; give a file"
        elif one.role.content == "folder" and one.path.exists() and not one.path.is_dir():
            yield f"{flag_of(one.option)}: {one.path} is not a folder"
        else:
            yield from _unreadable(one.option, one.path)


def _unreadable_parts(option: str, path: Path) -> Iterator[str]:
    try:
        parts = parts_of(path)
    except OSError as error:
        yield f"{flag_of(option)}: {path} cannot be looked at: {error.strerror}"
        return
    if not parts.files:
        what = "has no file in it" if path.is_dir() else "matches no file"
        yield f"{flag_of(option)}: {path} {what}; give a file, a folder of part files or a glob"
    for file in parts.files:
        try:
            check_utf8(str(file))
        except NotUtf8 as problem:
            yield f"{flag_of(option)}: {str(file)!r} {problem}"
        yield from _unreadable(option, file)


def _unreadable(option: str, path: Path) -> Iterator[str]:
    try:
        exists = path.exists()
    except OSError as error:
        yield f"{flag_of(option)}: {path} cannot be looked at: {error.strerror}"
        return
    if not exists:
        yield f"{flag_of(option)}: {path} does not exist"
    elif not os.access(path, os.R_OK):
        yield f"{flag_of(option)}: {path} cannot be read by this user"


def _outputs(output: Output) -> Iterator[str]:
    if _same(output.table, output.manifest):
        yield f"--manifest-out: {output.manifest} is the table itself; give another path"
    for flag, target in (("--out", output.table), ("--manifest-out", output.manifest)):
        if len(os.fsencode(staging_name(target, _ANY_RUN_ID).name)) > _LONGEST_NAME:
            yield f"{flag}: the name {target.name[:40]}... is too long; give a shorter one"
        elif target.is_symlink():
            yield f"{flag}: {target} is a symbolic link; give the path that it points to"
        elif target.is_dir():
            yield f"{flag}: {target} is a folder; give the path of a file in it"
        elif target.exists() and not target.is_file():
            yield f"{flag}: {target} is not a regular file"
        elif flag == "--out" or target != usual_manifest(output.table):
            yield from _unwritable(flag, target.absolute().parent)


def _unwritable(flag: str, folder: Path) -> Iterator[str]:
    """Look at the nearest folder that exists: missing ones are made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        yield f"{flag}: {folder} is not a folder"
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield f"{flag}: the folder {folder} cannot be written by this user"
    elif shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
        yield f"{flag}: the disk of {folder} is full; free some space or choose another"


def _collisions(options: Any, output: Output, overwrite: bool) -> Iterator[str]:  # noqa: FBT001
    """Refuse to write over an input, but for a table that is rebuilt in place on purpose."""
    for one in paths_of(options):
        if one.role.content == "folder":
            continue
        parts = _files_of(one)
        if not parts.single:
            yield from _own_parts(one.option, one.path, parts, output)
            continue
        if _same(one.path, output.manifest):
            yield f"--manifest-out: {output.manifest} is the input {flag_of(one.option)}"
        if _same(one.path, output.table):
            yield from _in_place(one.option, one.path, output, overwrite=overwrite)


def _files_of(one: GivenPath) -> Parts:
    """Return the files of an input; a folder that cannot be read is reported elsewhere."""
    with suppress(OSError):
        return parts_of(one.path) if one.role.content == "files" else single(one.path)
    return single(one.path)


def _own_parts(option: str, path: Path, parts: Parts, output: Output) -> Iterator[str]:
    """Refuse what is, or would be the next time, one of several files that an input stands for."""
    folder = Path(os.path.realpath(parts.folder)) if parts.patterns == EVERYTHING else None
    for flag, target in _given(output):
        inside = folder in Path(os.path.realpath(target)).parents
        if inside or any(_same(file, target) for file in parts.files):
            verb = "is" if target.exists() else "would be"
            yield (
                f"{flag}: {target} {verb} the input {flag_of(option)}, as one of the files of "
                f"{path}; give another {flag}"
            )


def _given(output: Output) -> Iterator[tuple[str, Path]]:
    """Yield the paths of the output that somebody chose."""
    yield "--out", output.table
    if output.manifest != usual_manifest(output.table):
        yield "--manifest-out", output.manifest


def _in_place(option: str, path: Path, output: Output, *, overwrite: bool) -> Iterator[str]:
    said = f"--out: {output.table} is the input {flag_of(option)}"
    sidecar = usual_manifest(path)
    if not overwrite:
        yield (
            f"{said}; give another path, or --overwrite to rebuild in place a table that has its "
            "manifest"
        )
    elif not sidecar.is_file():
        yield (
            f"{said} and has no {sidecar.name} beside it, so what it was could not be kept; "
            "give another --out"
        )


def refusals(output: Output, builder: str) -> list[str]:
    """Return why an existing table may not be replaced without `--overwrite`.

    A table is replaced only by a run of the same builder, and only while it still matches its
    manifest. Whether the item recipe is the same, `run.map` finds out.

    Args:
        output: where the table is.
        builder: the name of the builder that would replace it.
    """
    if not output.table.exists():
        return []
    remedy = "give another --out, or --overwrite to replace it"
    usual = not output.manifest.is_file()
    try:
        found = manifest.read(manifest.find(output.table) if usual else output.manifest)
    except ManifestError as error:
        return [f"--out: {output.table} exists and its origin is unknown ({error}); {remedy}"]
    made_by = maker(found)
    if made_by != builder:
        return [f"--out: {output.table} was made by {made_by or 'another tool'}; {remedy}"]
    if not item_recipes(found):
        return [f"--out: {output.table} exists; {remedy}"]
    if not matches(output.table, found):
        return [f"--out: {output.table} is no longer what its manifest describes; {remedy}"]
    return []


def matches(table: Path, found: dict[str, Any]) -> bool:
    """Tell whether a table's bytes are those that its manifest describes."""
    from tablehost.files.digests import file_digest  # only where a table exists

    if table.stat().st_size != dig(found, "table", "bytes"):
        return False
    return bool(file_digest(table).sha256 == dig(found, "table", "sha256"))


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def inputs(options: Any) -> list[dict[str, str]]:
    """Return what a dry run says of each input: option, path, and what is there."""
    return [
        {"option": one.option, "path": str(one.path), "found": _kind(one.path)}
        for one in paths_of(options)
    ]


def intention(output: Output) -> str:
    """Return what a run would do to its output, in words."""
    if not output.table.exists():
        go_on = " from the items that its ledger has" if output.ledger.exists() else ""
        return f"make {output.table}{go_on}"
    return f"replace {output.table}, or leave it where nothing is to do"


def _kind(path: Path) -> str:
    if path.is_dir():
        return f"folder, {sum(1 for _ in path.iterdir())} entries"
    if path.is_file():
        return f"file, {path.stat().st_size} bytes"
    parts = parts_of(path)
    return "missing" if parts.single else f"glob, {len(parts.names)} files"
