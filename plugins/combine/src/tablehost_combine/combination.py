"""Check that the inputs fit together, and stream their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from attrs import define

from tablehost import Labelled, Refused, Run
from tablehost.table import BadRows
from tablehost_combine.columns import TEACHER
from tablehost_combine.duplicates import MOST_ROWS, Duplicates, KeyHashes, count_again
from tablehost_combine.rows import Share, Tally, key_schema, output_schema
from tablehost_combine.shards import Shard, inspect
from tablehost_combine.teachers import Teacher, agree

if TYPE_CHECKING:
    from tablehost_combine.options import Options


@define
class Combination:
    """What a run combines.

    Args:
        shares: of all files, in the order of the inputs.
        schema: of the combined table.
        duplicates: None where they were not counted.
    """

    shares: list[Share]
    schema: pa.Schema
    duplicates: Duplicates | None = None

    @property
    def rows(self) -> int:
        """Return how many rows are to be taken in all."""
        return sum(share.rows for share in self.shares)

    def keys(self) -> Iterator[pa.RecordBatch]:
        """Read the keys of all rows again."""
        for share in self.shares:
            yield from share.batches(key_schema(), Tally())


def plan(options: Options, run: Run) -> Combination:
    """Inspect every file, and refuse what cannot be combined.

    Raises:
        Refused: with the problems of all inputs.
    """
    files = [(one, path) for one in options.input for path in run.parts(one.value)]
    problems = list(_given_twice(files))
    shards = []
    for one, path in files:
        try:
            shards.append(inspect(one, path, run, source_column=options.source_column))
        except Refused as refused:
            problems += refused.problems
        except BadRows as damaged:  # in the column of the teacher
            problems += damaged.problems
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
    shares = list(_shares(shards, teachers, options))
    combination = Combination(shares, output_schema(with_teacher=with_teacher))
    if options.on_duplicate == "error" and combination.rows > MOST_ROWS:
        problem = (
            f"--on-duplicate: duplicates are looked for in {MOST_ROWS} rows at most, and these are "
            f"{combination.rows}; give keep, or fewer rows"
        )
        raise Refused([problem])
    return combination


def stream(combination: Combination, options: Options, run: Run) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all files, and find the duplicates among them.

    Raises:
        BadRows: a value does not fit, a file is damaged, or duplicates are an error.
    """
    hashes = KeyHashes(run.scratch / "keys") if combination.rows <= MOST_ROWS else None
    with run.progress(combination.rows, "rows") as meter:
        for share in combination.shares:
            for batch in share.batches(combination.schema, share.tally):
                if hashes is not None:
                    hashes.add(batch)
                meter(batch.num_rows)
                yield batch
    for share in combination.shares:
        share.sha256 = run.digest(share.shard.path)
    if hashes is None:
        run.log.warning("duplicates are not counted: more than %d rows", MOST_ROWS)
        return
    combination.duplicates = count_again(hashes.repeated(), combination.keys)
    _report(combination.duplicates, options, run)


def _given_twice(files: list[tuple[Labelled[Path], Path]]) -> Iterator[str]:
    """Yield a problem for every file that is given more than once, under any name."""
    seen: dict[tuple[int, int], str] = {}
    for one, path in files:
        found = path.stat()
        name = str(Labelled(one.label, path))
        before = seen.setdefault((found.st_dev, found.st_ino), name)
        if before is not name:
            yield f"{before} and {name} are the same file; give it once"


def _shares(shards: list[Shard], teachers: list[Teacher], options: Options) -> Iterator[Share]:
    """Divide the rows that are wanted of an input among its files, in order."""
    limit = options.max_rows_per_input
    taken: Counter[int] = Counter()
    for shard, teacher in zip(shards, teachers, strict=True):
        first = taken[id(shard.input)]
        rows = shard.rows if limit is None else min(shard.rows, limit - first)
        taken[id(shard.input)] += rows
        yield Share(shard, teacher, first, rows, options.fill_unknown)


def _gated(shard: Shard, options: Options) -> Iterator[str]:
    """Yield what the options do not allow."""
    if options.on_missing_feature == "error" and shard.missing_features:
        listed = ", ".join(shard.missing_features)
        yield f"{shard}: lacks {listed}; --on-missing-feature fill makes them NaN"
    own = shard.manifest
    if own is not None and own.matches is False and not options.allow_drift:
        yield (
            f"{shard}: no longer what its manifest {own.path} describes; build it again, or give "
            "--allow-drift"
        )


def _report(found: Duplicates, options: Options, run: Run) -> None:
    if not found.rows:
        return
    problem = (
        f"{found.rows} rows have the corpus, source and frame_index of an earlier one, "
        f"such as {found.example}, which occurs {found.times} times"
    )
    if options.on_duplicate == "error":
        msg = f"{problem}; --on-duplicate keep accepts them"
        raise BadRows(msg)
    run.log.warning(problem)
