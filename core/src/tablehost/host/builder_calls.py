"""Whose fault an exception is, in one line."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tablehost.contract.build import Build
from tablehost.contract.errors import BrokenBuilder, TablehostError
from tablehost.contract.run import Run
from tablehost.host.request import Request

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NotWritten(TablehostError):
    """The disk did not take what was written."""


@contextmanager
def builder_at_fault(request: Request, where: str) -> Iterator[None]:
    """Turn whatever a builder's code raises into one line that names the builder.

    Args:
        request: the run.
        where: the part of the builder that runs.

    Raises:
        BrokenBuilder: the builder raised something that is not the host's to say.
        NotWritten: a disk took no more of what the builder wrote.
    """
    try:
        yield
    except BrokenBuilder as error:
        if str(request.builder) in str(error):
            raise
        msg = f"builder {request.builder}: {error}"
        raise BrokenBuilder(msg) from error
    except TablehostError:
        raise
    except (Exception, SystemExit) as error:  # a builder may raise anything
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            msg = f"{error.filename or 'a file'} could not be written in {where}: {error.strerror}"
            raise NotWritten(msg) from error
        text = request.redact(f"{type(error).__name__}: {error}")
        report = request.output.failed
        msg = f"builder {request.builder} failed in {where}: {text} (details in {report})"
        raise BrokenBuilder(msg) from error


@contextmanager
def disk_at_fault(request: Request) -> Iterator[None]:
    """Say of a write that failed what could not be written.

    Raises:
        NotWritten: the disk is full, or took no more for another reason.
    """
    try:
        yield
    except OSError as error:
        msg = (
            f"{request.output.table} could not be written: {error.strerror or error}; the earlier "
            "table, if any, is untouched and finished items are kept"
        )
        raise NotWritten(msg) from error


def guarded(request: Request, data: Any) -> Any:
    """Return a builder's data so that its own errors are told from those of the disk."""
    if hasattr(data, "__arrow_c_stream__") or not isinstance(data, Iterator):
        return data
    return _batches(request, data)


def _batches(request: Request, data: Iterable[Any]) -> Iterator[Any]:
    with builder_at_fault(request, "the generator of build_table"):
        yield from data


def build_table(request: Request, run: Run) -> Build:
    """Let the builder build.

    Args:
        request: which builder, with which options.
        run: what it is handed.

    Raises:
        BrokenBuilder: it failed, or returned no data.
        Refused: it will not.
    """
    with builder_at_fault(request, "build_table"):
        built = request.builder.hooks.build_table(options=request.options, run=run)
    if isinstance(built, Build):
        return built
    if hasattr(built, "__arrow_c_stream__"):
        return Build(built)
    msg = (
        f"builder {request.builder}: build_table returned {type(built).__name__}; return "
        "an Arrow stream (pyarrow, pandas, polars, DuckDB) or a Build"
    )
    raise BrokenBuilder(msg)


def describe_manifest(request: Request, build: Build) -> Any:
    """Let the builder tell its manifest fields; None where it has none to tell.

    Args:
        request: which builder, with which options.
        build: with its last row written.

    Raises:
        BrokenBuilder: it failed, or returned something else than it announces.
    """
    announced = request.builder.fields_class
    if announced is None:
        return None
    with builder_at_fault(request, "describe_manifest"):
        fields = request.builder.hooks.describe_manifest(options=request.options, build=build)
    if not isinstance(fields, announced):
        msg = (
            f"builder {request.builder}: describe_manifest returned {fields!r}; it "
            f"announces {announced.__qualname__}, return one"
        )
        raise BrokenBuilder(msg)
    return fields
