"""What the builder adds to its manifest."""

from __future__ import annotations

from typing import Literal

from attrs import Factory, field, frozen

TeacherFrom = Literal["column", "manifest", "assumed", "unknown"]


@frozen(kw_only=True)
class Stats:
    """Counters.

    Args:
        input_count: inputs that were given.
        output_rows: rows of the table.
        corpora: rows by label.
        max_rows_per_input: the limit that was set.
        duplicate_rows: rows whose corpus, source and frame_index an earlier row has; None where
            there are too many rows to count in bounded memory.
    """

    input_count: int = 0
    output_rows: int = 0
    corpora: dict[str, int] = Factory(dict)
    max_rows_per_input: int | None = None
    duplicate_rows: int | None = None


@frozen(kw_only=True)
class OwnManifest:
    """The manifest that an input came with.

    Args:
        path: of the manifest.
        matches: whether the input has the recorded sha256; None where it is not recorded.
    """

    path: str
    matches: bool | None


@frozen(kw_only=True)
class Input:
    """One file of an input.

    Args:
        label: its corpus.
        path: as it was given, or as it was found in the folder or by the glob.
        sha256: of the file.
        rows: how many were taken.
        rows_left: how many were not, because of the limit.
        missing_features: filled with NaN.
        dropped_columns: that the combined table does not have.
        taken_from: for source, frame_index and codec, the column that gave them; None where they
            were made.
        made_cells: how many cells of these were made.
        teacher_model: None where it is unknown.
        teacher_model_from: how it is known.
        manifest: the input's own.
    """

    label: str
    path: str
    sha256: str
    rows: int
    rows_left: int
    missing_features: tuple[str, ...]
    dropped_columns: tuple[str, ...]
    taken_from: dict[str, str | None]
    made_cells: dict[str, int]
    teacher_model: str | None
    teacher_model_from: TeacherFrom
    manifest: OwnManifest | None


@frozen(kw_only=True)
class Fields:
    """What combine adds to its manifest."""

    schema: str = "full-feature-parquet-combine-manifest-v1"
    stats: Stats = Factory(Stats)
    inputs: tuple[Input, ...] = ()
    output_columns: tuple[str, ...] = ()
    teacher_model: str | None = None
    assumed_teacher_of: tuple[str, ...] = field(default=(), metadata={"since": "1.1.0"})
    """The files of whose rows, some or all, the teacher was assumed, as LABEL=PATH."""
