"""The entry point: combine the inputs, and record what was taken from each.

This module is imported by `--help` too, so nothing heavy is imported with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablehost import hookimpl
from tablehost_combine.columns import KEY
from tablehost_combine.options import Options

if TYPE_CHECKING:
    from tablehost import Build, Run
    from tablehost_combine.fields import Fields


@hookimpl
def build_table(options: Options, run: Run) -> Build:
    """Check all inputs, then stream their rows in the order in which they are given."""
    from tablehost import Build
    from tablehost_combine.combination import plan, stream
    from tablehost_combine.view import VIEW

    combination = plan(options, run)
    data = stream(combination, options, run)
    return Build(data=data, schema=combination.schema, notes=combination, key=KEY, view=VIEW)


@hookimpl
def describe_manifest(options: Options, build: Build) -> Fields:
    """Return what every input gave and lacked, and which teacher its rows have."""
    from tablehost_combine.describe import describe

    return describe(options, build)


def __getattr__(name: str) -> Any:
    """Import the class of the manifest's fields on first use."""
    if name != "Fields":
        raise AttributeError(name)
    from tablehost_combine.fields import Fields

    return Fields
