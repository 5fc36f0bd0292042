"""What the builder adds to its manifest."""

from __future__ import annotations

from attrs import Factory, define, frozen

from tablehost.records import MalformedLine


@frozen(kw_only=True)
class Stats:
    """Counters.

    Args:
        rows: of the table.
        metadata_rows: clips for which the metadata has a value.
        matched_rows: rows of the table that have metadata.
        missing_rows: rows of the table that have none.
        updated_cells: cells that were filled or overwritten.
    """

    rows: int = 0
    metadata_rows: int = 0
    matched_rows: int = 0
    missing_rows: int = 0
    updated_cells: int = 0


@define(kw_only=True)
class Cells:
    """The cells of a key in the rows for which the metadata has a value, so far.

    Args:
        filled: were missing.
        kept: had a value, which stays.
        overwritten: had another value, which was replaced.
        differed: had another value, replaced or not.
    """

    filled: int = 0
    kept: int = 0
    overwritten: int = 0
    differed: int = 0


@frozen(kw_only=True)
class MetadataUse:
    """The lines of the metadata file; of the malformed ones, the first thousand are listed."""

    lines: int = 0
    malformed_lines: int = 0
    malformed: tuple[MalformedLine, ...] = ()


@frozen(kw_only=True)
class Fields:
    """What enrich adds to its manifest."""

    schema: str = "k150k-metadata-enrichment-manifest-v1"
    stats: Stats = Factory(Stats)
    metadata_keys: tuple[str, ...] = ()
    metadata_keys_absent: tuple[str, ...] = ()
    overwrite_metadata: bool = False
    cells: dict[str, Cells] = Factory(dict)
    metadata: MetadataUse = Factory(MetadataUse)
