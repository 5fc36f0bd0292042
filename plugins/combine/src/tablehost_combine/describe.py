"""The manifest's fields, out of what a combination has noted."""

from __future__ import annotations

from collections import Counter

from tablehost import Build
from tablehost.digests import file_digest
from tablehost_combine.combination import Combination
from tablehost_combine.fields import Fields, Input, OwnManifest, Stats
from tablehost_combine.options import Options
from tablehost_combine.origin import Origin
from tablehost_combine.rows import Tally
from tablehost_combine.shards import Shard
from tablehost_combine.teachers import Teacher


def describe(options: Options, build: Build) -> Fields:
    """Return the builder's manifest fields.

    Raises:
        RuntimeError: rows were lost or added on the way.
    """
    noted: Combination = build.notes
    corpora: Counter[str] = Counter()
    for shard, tally in zip(noted.shards, noted.tallies, strict=True):
        corpora[shard.label] += tally.rows
    if corpora.total() != build.rows:
        msg = f"{corpora.total()} rows were taken from the inputs, but {build.rows} written"
        raise RuntimeError(msg)
    known = {teacher.name for teacher in noted.teachers} - {None}
    return Fields(
        stats=Stats(
            input_count=len(noted.shards),
            output_rows=build.rows,
            corpora=dict(corpora),
            max_rows_per_input=options.max_rows_per_input,
            duplicate_rows=noted.duplicates.rows if noted.duplicates else None,
        ),
        inputs=tuple(
            _input(shard, teacher, tally)
            for shard, teacher, tally in zip(
                noted.shards, noted.teachers, noted.tallies, strict=True
            )
        ),
        output_columns=tuple(noted.schema.names),
        teacher_model=next(iter(known), None),
    )


def _input(shard: Shard, teacher: Teacher, tally: Tally) -> Input:
    taken_from: dict[str, str | None] = {
        name: name if name in shard.has else None for name in ("frame_index", "codec")
    }
    return Input(
        label=shard.label,
        path=str(shard.path),
        sha256=file_digest(shard.path).sha256,
        rows=tally.rows,
        rows_left=shard.rows - tally.rows,
        missing_features=shard.missing_features,
        dropped_columns=shard.dropped,
        taken_from=taken_from | {"source": shard.source_column},
        made_cells=dict(tally.made),
        teacher_model=teacher.name,
        teacher_model_from=teacher.told_by,
        manifest=_own(shard.origin),
    )


def _own(origin: Origin | None) -> OwnManifest | None:
    if origin is None:
        return None
    return OwnManifest(path=str(origin.manifest), matches=origin.matches)
