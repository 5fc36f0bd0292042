"""The builder's manifest fields, from what was counted while the rows were read."""

from __future__ import annotations

from collections import Counter

from tablehost import Build, Labelled
from tablehost_combine.combination import Combination
from tablehost_combine.fields import Fields, Input, Stats
from tablehost_combine.options import Options
from tablehost_combine.rows import Share


def describe(options: Options, build: Build) -> Fields:
    """Return the builder's manifest fields, and check that no row was lost or added."""
    noted: Combination = build.notes
    corpora: Counter[str] = Counter()
    for share in noted.shares:
        corpora[share.shard.input.label] += share.tally.rows
    build.invariants["the rows of all corpora add up to the table's"] = (
        corpora.total() == build.rows
    )
    build.invariants["the rows of all inputs add up to the table's"] = noted.rows == build.rows
    if noted.duplicates is None or noted.duplicates.rows:
        build.key = None
    known = {share.teacher.name for share in noted.shares} - {None}
    return Fields(
        stats=Stats(
            input_count=len(options.input),
            output_rows=build.rows,
            corpora=dict(corpora),
            max_rows_per_input=options.max_rows_per_input,
            duplicate_rows=noted.duplicates.rows if noted.duplicates else None,
        ),
        inputs=tuple(map(_input, noted.shares)),
        output_columns=tuple(noted.schema.names),
        teacher_model=next(iter(known), None),
        assumed_teacher_of=tuple(
            str(Labelled(share.shard.input.label, share.shard.path))
            for share in noted.shares
            if share.teacher.assumed
        ),
    )


def _input(share: Share) -> Input:
    shard, tally = share.shard, share.tally
    taken_from: dict[str, str | None] = {
        name: name if name in shard.has else None for name in ("frame_index", "codec")
    }
    return Input(
        label=shard.input.label,
        path=str(shard.path),
        sha256=share.sha256,
        rows=tally.rows,
        rows_left=shard.rows - tally.rows,
        missing_features=shard.missing_features,
        dropped_columns=shard.dropped,
        taken_from=taken_from | {"source": shard.source_column},
        made_cells=dict(tally.made),
        teacher_model=share.teacher.name,
        teacher_model_from=share.teacher.known_from,
        manifest=shard.manifest,
    )
