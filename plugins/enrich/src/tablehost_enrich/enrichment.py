"""The enrichment: what is read before the first row, and the stream of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from attrs import frozen

from tablehost import Refused, Run
from tablehost.records import Records, malformed_lines
from tablehost.table import BadRows, group_rows, opened, repeated
from tablehost_enrich.fill import Filler
from tablehost_enrich.fit import fit
from tablehost_enrich.metadata import read_metadata

if TYPE_CHECKING:
    from tablehost_enrich.options import Options


@frozen
class Enrichment:
    """What a run fills into what.

    Args:
        metadata: the records of the metadata file.
        filler: fills them in, and counts.
        rows: of the table.
        who: what to call the table in a message.
        features: the file of the table.
        key: the columns of its key; None where a clip has several rows.
    """

    metadata: Records
    filler: Filler
    rows: int
    who: str
    features: Path
    key: tuple[str, ...] | None


def plan(options: Options, run: Run) -> Enrichment:
    """Read the metadata and the table's schema, and refuse what does not fit together.

    Raises:
        Refused: with the problems of both.
    """
    who = f"the table {options.features_parquet}"
    features, source = run.local(options.features_parquet), run.local(options.metadata_jsonl)
    problems: list[str] = []
    metadata = None
    try:
        metadata = read_metadata(
            source,
            options.keys_to_fill,
            key=options.key,
            seed=options.split_seed,
        )
    except Refused as refused:
        problems += refused.problems
    try:
        with opened(features, who) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except Refused as refused:
        problems += refused.problems
    if problems or metadata is None:
        raise Refused(problems)
    filled, values = fit(schema, metadata.columns, key=options.key, who=who)
    overwrite = options.overwrite_metadata
    filler = Filler(filled, values, metadata.names, key=options.key, overwrite=overwrite)
    enrichment = Enrichment(metadata, filler, rows, who, features, _key(features, options.key))
    if metadata.malformed:
        run.log.warning("%s: %s", options.metadata_jsonl, malformed_lines(metadata.malformed))
    _check_match(options, enrichment)
    return enrichment


def _key(features: Path, key: str) -> tuple[str, ...] | None:
    """Return the key of the table, unless a clip has several rows."""
    try:
        return None if repeated(features, (key,)) else (key,)
    except BadRows as damaged:
        raise Refused([str(damaged)]) from damaged


def stream(enrichment: Enrichment, options: Options, run: Run) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the table with the metadata filled in."""
    filler = enrichment.filler
    with (
        run.progress(enrichment.rows, "rows") as meter,
        opened(enrichment.features, enrichment.who) as file,
    ):
        for batch in file.iter_batches(group_rows(filler.schema), use_threads=False):
            meter(batch.num_rows)
            yield filler.fill(batch)
    unmatched = filler.count.rows - filler.count.matched
    if unmatched:
        run.log.warning("%d of %d rows have no metadata", unmatched, filler.count.rows)
    did = "were replaced" if options.overwrite_metadata else "were kept"
    for name, cells in filler.count.cells.items():
        if cells.differed:
            what = "%s: %d values differ from the metadata's and %s"
            run.log.warning(what, name, cells.differed, did)


def _check_match(options: Options, enrichment: Enrichment) -> None:
    """Count the rows that have metadata before any is written, where --min-match asks for some.

    Raises:
        Refused: too few have.
    """
    if not options.min_match or not enrichment.rows:
        return
    matched = 0
    size = group_rows(enrichment.filler.schema)
    try:
        with opened(enrichment.features, enrichment.who) as file:
            for batch in file.iter_batches(size, columns=[options.key]):
                matched += enrichment.filler.matched(batch)
    except BadRows as damaged:
        raise Refused(damaged.problems) from damaged
    if matched < options.min_match * enrichment.rows:
        names = enrichment.metadata.names
        of = f"is of clips such as {names[0].as_py()!r}" if len(names) else "has no --metadata-keys"
        problem = (
            f"only {matched} of {enrichment.rows} rows have metadata "
            f"({matched / enrichment.rows:.1%}), less than --min-match {options.min_match}; the "
            f"metadata {of}"
        )
        raise Refused([problem])
