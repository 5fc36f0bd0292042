"""The enrichment: what is read before the first row, and the stream of the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
from attrs import frozen

from tablehost import Refused, Run
from tablehost.table import group_rows, opened
from tablehost_enrich.fill import Filler
from tablehost_enrich.fit import fit
from tablehost_enrich.listing import listed
from tablehost_enrich.metadata import Metadata, read_metadata

if TYPE_CHECKING:
    from tablehost_enrich.options import Options


@frozen
class Enrichment:
    """What a run fills into what.

    Args:
        metadata: what the metadata file tells.
        filler: fills it in, and counts.
        rows: of the table.
        who: what to call the table in a message.
    """

    metadata: Metadata
    filler: Filler
    rows: int
    who: str


def plan(options: Options, run: Run) -> Enrichment:
    """Read the metadata and look at the table, and refuse what does not fit together.

    Raises:
        Refused: with the problems of both.
    """
    who = f"the table {options.features_parquet}"
    problems: list[str] = []
    metadata = None
    try:
        metadata = read_metadata(
            options.metadata_jsonl,
            [one for one in options.metadata_keys if one != options.key],
            key=options.key,
            seed=options.split_seed,
        )
    except Refused as refused:
        problems += refused.problems
    try:
        with opened(options.features_parquet, who) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except Refused as refused:
        problems += refused.problems
    if problems or metadata is None:
        raise Refused(problems)
    filled, values = fit(schema, metadata.columns, key=options.key, who=who)
    overwrite = options.overwrite_metadata
    filler = Filler(filled, values, metadata.names, key=options.key, overwrite=overwrite)
    enrichment = Enrichment(metadata, filler, rows, who)
    _tell_malformed(options, run, metadata)
    _check_match(options, enrichment)
    return enrichment


def stream(enrichment: Enrichment, options: Options, run: Run) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the table, the metadata filled in."""
    filler = enrichment.filler
    with (
        run.progress(enrichment.rows, "rows") as meter,
        opened(options.features_parquet, enrichment.who) as file,
    ):
        for batch in file.iter_batches(group_rows(filler.schema), use_threads=False):
            meter(batch.num_rows)
            yield filler.fill(batch)
    unmatched = filler.count.rows - filler.count.matched
    if unmatched:
        run.log.warning("%d of %d rows have no metadata", unmatched, filler.count.rows)
    differed = {name: count.differed for name, count in filler.count.cells.items()}
    for name, cells in differed.items():
        if cells:
            did = "was replaced" if options.overwrite_metadata else "was kept"
            run.log.warning("%s: %d values differ from the metadata's; %s", name, cells, did)


def _check_match(options: Options, enrichment: Enrichment) -> None:
    """Count the rows that have metadata before any is written, where some are demanded."""
    if not options.min_match or not enrichment.rows:
        return
    matched = 0
    size = group_rows(enrichment.filler.schema)
    with opened(options.features_parquet, enrichment.who) as file:
        for batch in file.iter_batches(size, columns=[options.key]):
            matched += enrichment.filler.matched(batch)
    if matched < options.min_match * enrichment.rows:
        problem = (
            f"only {matched} of {enrichment.rows} rows have metadata "
            f"({matched / enrichment.rows:.1%}), less than --min-match {options.min_match}; the "
            f"metadata tells of clips such as {enrichment.metadata.names[0].as_py()!r}"
        )
        raise Refused([problem])


def _tell_malformed(options: Options, run: Run, metadata: Metadata) -> None:
    if not metadata.malformed:
        return
    lines = defaultdict(list)
    for line, reason in metadata.malformed:
        lines[reason].append(str(line))
    told = [
        f"line{'s' if len(where) > 1 else ''} {listed(where)}: {reason}"
        for reason, where in lines.items()
    ]
    run.log.warning(
        "%s: %d malformed lines are left out: %s",
        options.metadata_jsonl,
        len(metadata.malformed),
        listed(told, "; "),
    )
