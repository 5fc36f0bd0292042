"""The contract with builders: two hooks.

The signature is the interface. The annotation of `options` in a builder's `build_table` names its
options class, a frozen attrs class; the return annotation of `describe_manifest` names the attrs
class of its manifest fields. Nothing is declared twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:  # start-up is a budget
    from tablehost.contract.build import ArrowStream, Build
    from tablehost.contract.run import Run

PROJECT = "tablehost"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def build_table(options: Any, run: Run) -> ArrowStream | Build:  # type: ignore[empty-body]
    """Return the table's data as an Arrow stream; the host writes it.

    Args:
        options: an instance of the builder's own options class, every value already checked.
        run: parallel work that survives, progress, a private folder and a log.

    Returns:
        Anything with `__arrow_c_stream__`, or a `Build` with more information.

    Raises:
        Refused: the builder declines; before its first item or row nothing was touched.

    Example:
        >>> from attrs import frozen
        >>> import pyarrow as pa
        >>> from tablehost import Run, hookimpl
        >>> @frozen
        ... class Options:
        ...     size: int = 3
        ...     '''Rows to make.'''
        >>> @hookimpl
        ... def build_table(options: Options, run: Run):
        ...     return pa.table({"n": range(options.size)})
        >>> build_table(Options(size=2), run=None).num_rows
        2
    """


@hookspec(firstresult=True)
def describe_manifest(options: Any, build: Build) -> Any:
    """Return the builder's own manifest fields, after the last row is written.

    Args:
        options: the instance that `build_table` was given.
        build: what `build_table` returned, with `rows`, `schema`, `items`, `sessions` and
            `elapsed` filled in by the host.

    Returns:
        An instance of the attrs class that the return annotation names; its fields become the
        manifest's top-level keys, beside the host's own `run`, `table` and `run_provenance`. Give
        a field that a later version adds `metadata={"since": VERSION}`: older manifests lack it.

    Example:
        >>> from attrs import frozen
        >>> from tablehost import Build, hookimpl
        >>> @frozen
        ... class Fields:
        ...     schema: str = "numbers-manifest-v1"
        ...     numbers: int = 0
        >>> @hookimpl
        ... def describe_manifest(options: object, build: Build) -> Fields:
        ...     return Fields(numbers=build.rows)
        >>> describe_manifest(None, Build(data=[])).numbers
        0
    """
