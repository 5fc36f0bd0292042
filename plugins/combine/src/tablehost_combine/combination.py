"""The combination: inputs that fit together, and the stream of their rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from attrs import define

from tablehost import Labelled, Refused, Run
from tablehost_combine.columns import TEACHER
from tablehost_combine.duplicates import MOST_ROWS, Duplicates, KeyHashes, look_again
from tablehost_combine.rows import Tally, batches_of, key_schema, output_schema
from tablehost_combine.shards import Shard, look_at
from tablehost_combine.teachers import Teacher, agree

if TYPE_CHECKING:
    from tablehost_combine.options import Options


@define
class Combination:
    """What a run combines; the tallies are filled while the rows are read.

    Args:
        shards: the inputs, in order.
        teachers: of each.
        tallies: of each.
        schema: of the combined table.
        duplicates: None where they were not counted.
    """

    shards: list[Shard]
    teachers: list[Teacher]
    tallies: list[Tally]
    schema: pa.Schema
    duplicates: Duplicates | None = None


def plan(options: Options) -> Combination:
    """Look at every input, and refuse what cannot be combined.

    Raises:
        Refused: with the problems of all inputs.
    """
    problems = list(_given_twice(options))
    shards = []
    for one in options.input:
        try:
            shards.append(look_at(one.label, one.value, source_column=options.source_column))
        except Refused as refused:
            problems += refused.problems
    teachers: list[Teacher] = []
    try:
        teachers = agree(shards, options.assume_teacher)
    except Refused as refused:
        problems += refused.problems
    for shard in shards:
        problems += _gated(shard, options)
    if problems:
        raise Refused(problems)
    with_teacher = any(TEACHER in shard.has for shard in shards)
    tallies = [Tally() for _ in shards]
    schema = output_schema(with_teacher=with_teacher)
    return Combination(shards, teachers, tallies, schema)


def stream(combination: Combination, options: Options, run: Run) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all inputs, and find the duplicates among them.

    Raises:
        Refused: a value does not fit, or there are duplicates and none are wanted.
    """
    limit = options.max_rows_per_input
    total = sum(min(shard.rows, limit or shard.rows) for shard in combination.shards)
    counted = total <= MOST_ROWS
    hashes = KeyHashes(run.scratch / "keys") if counted else None
    with run.progress(total, "rows") as meter:
        for shard, teacher, tally in zip(
            combination.shards, combination.teachers, combination.tallies, strict=True
        ):
            for batch in batches_of(
                shard, combination.schema, limit=limit, teacher=teacher.name, tally=tally
            ):
                if hashes is not None:
                    hashes.add(batch)
                meter(batch.num_rows)
                yield batch
    if hashes is None:
        run.log.warning("duplicates are not counted: more than %d rows", MOST_ROWS)
        return
    again = _keys(combination.shards, limit)
    combination.duplicates = look_again(hashes.repeated(), again)
    _judge(combination.duplicates, options, run)


def _given_twice(options: Options) -> Iterator[str]:
    """Tell of files that are given more than once, under whatever name."""
    seen: dict[tuple[int, int], Labelled[Path]] = {}
    for one in options.input:
        found = one.value.stat()
        before = seen.setdefault((found.st_dev, found.st_ino), one)
        if before is not one:
            yield f"{before} and {one} are the same file; give it once"


def _gated(shard: Shard, options: Options) -> Iterator[str]:
    """Tell what the options do not let pass."""
    if options.on_missing_feature == "error" and shard.missing_features:
        listed = ", ".join(shard.missing_features)
        yield f"{shard}: lacks {listed}; --on-missing-feature fill makes them NaN"
    if shard.origin is not None and shard.origin.matches is False and not options.allow_drift:
        yield (
            f"{shard}: no longer what its manifest {shard.origin.manifest} describes; build it "
            "again, or go on with --allow-drift"
        )


def _keys(shards: list[Shard], limit: int | None) -> Iterator[pa.RecordBatch]:
    for shard in shards:
        yield from batches_of(shard, key_schema(), limit=limit, teacher=None, tally=Tally())


def _judge(found: Duplicates, options: Options, run: Run) -> None:
    if not found.rows:
        return
    told = (
        f"{found.rows} rows have the corpus, source and frame_index of an earlier one, "
        f"such as {found.example}, which occurs {found.times} times"
    )
    if options.on_duplicate == "error":
        problem = f"{told}; --on-duplicate keep lets them pass"
        raise Refused([problem])
    run.log.warning(told)
