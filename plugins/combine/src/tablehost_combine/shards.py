"""One file of an input: its columns, teacher and manifest, inspected before a row is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as is_type
from attrs import frozen

from tablehost import Labelled, Refused, Run
from tablehost.table import is_text, opened, value_type
from tablehost_combine.columns import FULL_FEATURES, MEASURED, SOURCE_COLUMNS, TARGET, TEACHER
from tablehost_combine.fields import OwnManifest
from tablehost_combine.own_manifest import read_own_manifest

_MOST_NAMES = 5
_SCANNED_ROWS = 1 << 20


@frozen(kw_only=True)
class TeacherColumn:
    """The content of a column of teachers.

    Args:
        names: the different ones, in the order of their first row; a few suffice to refuse them.
        missing: rows without one.
    """

    names: tuple[str, ...]
    missing: int


@frozen(kw_only=True)
class Shard:
    """A file that can be combined.

    Args:
        input: that it is of, as it was given; the label is its corpus.
        path: of the file, as it was found.
        file: where it is read.
        rows: how many it has.
        source_column: the column that names a row's clip; None where the label does.
        has: the columns of the combined table that it has.
        dropped: its other columns.
        teacher_column: the content of its column of the teacher; None without one.
        manifest: its own; None without one.
        recorded_teacher: the teacher in its own manifest, if any.
    """

    input: Labelled[Path]
    path: Path
    file: Path
    rows: int
    source_column: str | None
    has: frozenset[str]
    dropped: tuple[str, ...]
    teacher_column: TeacherColumn | None
    manifest: OwnManifest | None
    recorded_teacher: str | None

    @property
    def missing_features(self) -> tuple[str, ...]:
        """Return the features that it lacks."""
        return tuple(name for name in FULL_FEATURES if name not in self.has)

    def __str__(self) -> str:
        return f"input {self.input.label!r} ({self.path})"


def inspect(
    given: Labelled[Path],
    path: Path,
    run: Run,
    *,
    source_column: str | None = None,
) -> Shard:
    """Read the schema of a file, the column of its teacher and its own manifest.

    Args:
        given: the input that it is of.
        path: of the file.
        run: that knows where it is, and its digest.
        source_column: the one column that names a row's clip; by default the first there is.

    Raises:
        Refused: with every reason why it cannot be combined.
        BadRows: its column of the teacher is damaged.
    """
    who = f"input {given.label!r} ({path})"
    local = run.local(path)
    with opened(local, who) as file:
        schema = file.schema_arrow
        problems = [f"{who}: {problem}" for problem in _problems(schema, source_column)]
        if problems:
            raise Refused(problems)
        teacher_column = _scan_teacher(file) if TEACHER in schema.names else None
        rows = file.metadata.num_rows
    manifest, recorded_teacher = read_own_manifest(path, who, run.digest)
    found = source_column or next((name for name in SOURCE_COLUMNS if name in schema.names), None)
    has = {"frame_index", "codec", TEACHER, *MEASURED} & set(schema.names)
    return Shard(
        input=given,
        path=path,
        file=local,
        rows=rows,
        source_column=found,
        has=frozenset(has),
        dropped=tuple(name for name in schema.names if name not in has | {found}),
        teacher_column=teacher_column,
        manifest=manifest,
        recorded_teacher=recorded_teacher,
    )


def _scan_teacher(file: pq.ParquetFile) -> TeacherColumn:
    """Read the column of the teacher, and no other."""
    names: dict[str, None] = {}
    missing = 0
    for batch in file.iter_batches(_SCANNED_ROWS, columns=[TEACHER]):
        values, counts = batch.column(0).value_counts().flatten()
        for name, count in zip(values.to_pylist(), counts.to_pylist(), strict=True):
            if name is None or not name.strip():
                missing += count
            elif len(names) < _MOST_NAMES:
                names[name] = None
    return TeacherColumn(names=tuple(names), missing=missing)


def _problems(schema: pa.Schema, source_column: str | None) -> Iterator[str]:
    names = set(schema.names)
    averaged = [name for name in schema.names if name in _AVERAGES]
    if TARGET not in names and averaged:
        yield (
            f"a table of one row a clip, with columns such as {averaged[0]}; combine wants one row "
            f"a frame, with the columns {TARGET} and {averaged[0].removesuffix('_mean')}"
        )
        return
    if source_column is not None and source_column not in names:
        yield f"no column {source_column!r}, which --source-column names"
    sources = (source_column,) if source_column else SOURCE_COLUMNS
    rules = [(name, _NUMBER) for name in ("frame_index", *MEASURED)]
    rules += [(name, _TEXT) for name in ("codec", TEACHER)]
    rules += [(name, _NAME) for name in sources]
    variants = {name.lower(): name for name in schema.names if name.lower() != name}
    for name, rule in rules:
        if name not in names and name.lower() in variants:
            yield f"column {variants[name.lower()]!r} differs from {name!r} in case only; rename it"
        elif name == TARGET and name not in names:
            yield f"no column {TARGET!r}, the value to predict; leave this input out"
        elif name in names:
            yield from _type_problem(schema.field(name), rule)


_Rule = tuple[Callable[[pa.DataType], bool], str]


_NUMBER: _Rule = (lambda t: is_type.is_integer(t) or is_type.is_floating(t), "integers or floats")
_TEXT: _Rule = (is_text, "text")
_NAME: _Rule = (lambda t: is_text(t) or is_type.is_integer(t), "text or integers")
_AVERAGES = {f"{name}_mean" for name in FULL_FEATURES}


def _type_problem(column: pa.Field, rule: _Rule) -> Iterator[str]:
    accepts, wanted = rule
    kind = value_type(column.type)
    if not is_type.is_null(kind) and not accepts(kind):
        floats = is_type.is_floating(kind) and wanted == _NAME[1]
        why = ", as pandas makes of integers with a missing one: astype('Int64')" if floats else ""
        yield f"column {column.name!r} has the type {column.type}; convert it to {wanted}{why}"
