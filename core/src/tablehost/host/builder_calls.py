"""The calls of a builder's hooks, and what its exceptions become."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tablehost.console.text import printable
from tablehost.contract.build import Build
from tablehost.contract.errors import BrokenBuilder, TablehostError
from tablehost.contract.run import Run
from tablehost.host.request import Request
from tablehost.options.record import with_placed_tools

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NotWritten(TablehostError):
    """A file could not be written."""


@contextmanager
def builder_at_fault(request: Request, where: str) -> Iterator[None]:
    """Turn any exception of a builder's code into one line that names the builder.

    Args:
        request: the run.
        where: the part of the builder that runs.

    Raises:
        BrokenBuilder: the builder raised something other than an error of tablehost.
        NotWritten: the disk is full.
    """
    try:
        yield
    except TablehostError:
        raise
    except (Exception, SystemExit) as error:  # a builder may raise anything
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            msg = f"{error.filename or 'a file'} could not be written in {where}: {error.strerror}"
            raise NotWritten(msg) from error
        who = str(request.builder)
        said = (
            str(error).partition("Detail: Python exception:")[0].strip()
        )  # Arrow adds a traceback
        text = request.redact(f"{type(error).__name__}: {said}")
        msg = f"builder {who} failed in {where}: {text}"
        raise BrokenBuilder(msg, builder=who, report=request.output.failed) from error


@contextmanager
def disk_at_fault(request: Request) -> Iterator[None]:
    """Turn an error of the disk into a line that names the table.

    Raises:
        NotWritten: the disk is full, or failed for another reason.
    """
    try:
        yield
    except OSError as error:
        table, where = request.output.table, error.filename2 or error.filename
        at = f" ({printable(str(where))})" if where and Path(str(where)) != table else ""
        msg = (
            f"{table} could not be written: {error.strerror or error}{at}; the earlier table, if "
            "any, is untouched and finished items are kept"
        )
        raise NotWritten(msg) from error


def build_table(request: Request, run: Run) -> Build:
    """Let the builder build.

    Raises:
        BrokenBuilder: it failed, or returned no data.
        Refused: it declines.
    """
    with builder_at_fault(request, "build_table"):
        options = with_placed_tools(request.options)
        built = request.builder.hooks.build_table(options=options, run=run)
    if isinstance(built, Build):
        if built.inputs not in (None, "none"):
            msg = f"its Build has inputs={built.inputs!r}; give 'none', or leave it out"
            raise BrokenBuilder(msg)
        return built
    if hasattr(built, "__arrow_c_stream__"):
        return Build(built)
    msg = (
        f"build_table returned {type(built).__name__}; return an Arrow stream (pyarrow, pandas, "
        "polars, DuckDB) or a Build"
    )
    raise BrokenBuilder(msg)


def describe_manifest(request: Request, build: Build) -> Any:
    """Return the builder's fields of the manifest, or None where it has none.

    Raises:
        BrokenBuilder: it failed, or returned something other than it declares.
    """
    declared = request.builder.fields_class
    if declared is None:
        return None
    with builder_at_fault(request, "describe_manifest"):
        fields = request.builder.hooks.describe_manifest(options=request.options, build=build)
    if not isinstance(fields, declared):
        msg = (
            f"describe_manifest returned {fields!r}; it announces {declared.__qualname__}, "
            "return one"
        )
        raise BrokenBuilder(msg)
    return fields
