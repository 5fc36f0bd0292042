"""The two calls of a builder's hooks, and what may come back from them."""

from __future__ import annotations

from typing import Any

from tablehost.blame import builder_at_fault
from tablehost.build import Build
from tablehost.errors import BrokenBuilder
from tablehost.request import Request
from tablehost.run import Run


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
