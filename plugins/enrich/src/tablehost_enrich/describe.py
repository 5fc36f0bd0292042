"""The manifest's fields, from what an enrichment has counted."""

from __future__ import annotations

from tablehost import Build
from tablehost_enrich.enrichment import Enrichment
from tablehost_enrich.fields import Fields, MetadataUse, Stats
from tablehost_enrich.options import Options

MOST_LISTED = 1000


def describe(options: Options, build: Build) -> Fields:
    """Return the builder's manifest fields."""
    notes: Enrichment = build.notes
    metadata, count = notes.metadata, notes.filler.count
    return Fields(
        stats=Stats(
            rows=build.rows,
            metadata_rows=len(metadata.names),
            matched_rows=count.matched,
            missing_rows=count.rows - count.matched,
            updated_cells=sum(one.filled + one.overwritten for one in count.cells.values()),
        ),
        metadata_keys=tuple(metadata.columns),
        metadata_keys_absent=tuple(
            key for key in options.keys_to_fill if key not in metadata.columns
        ),
        overwrite_metadata=options.overwrite_metadata,
        cells=count.cells,
        metadata=MetadataUse(
            lines=metadata.lines,
            malformed_lines=len(metadata.malformed),
            malformed=metadata.malformed[:MOST_LISTED],
        ),
    )
