"""The entry point: fill metadata into a table, and count the cells of every key.

This module is imported by `--help` too, so nothing heavy is imported with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablehost import hookimpl
from tablehost_enrich.options import Options

if TYPE_CHECKING:
    from tablehost import Build, Run
    from tablehost_enrich.fields import Fields


@hookimpl
def build_table(options: Options, run: Run) -> Build:
    """Read the metadata, then stream the table's rows with it filled in."""
    from tablehost import Build
    from tablehost_enrich.enrichment import plan, stream
    from tablehost_enrich.view import view_of

    enrichment = plan(options, run)
    data, schema = stream(enrichment, options, run), enrichment.filler.schema
    view = view_of(schema.names)
    return Build(data=data, schema=schema, notes=enrichment, key=enrichment.key, view=view)


@hookimpl
def describe_manifest(options: Options, build: Build) -> Fields:
    """Return how many rows have metadata, and the counts of every key's cells."""
    from tablehost_enrich.describe import describe

    return describe(options, build)


def __getattr__(name: str) -> Any:
    """Import the class of the manifest's fields on first use."""
    if name != "Fields":
        raise AttributeError(name)
    from tablehost_enrich.fields import Fields

    return Fields
