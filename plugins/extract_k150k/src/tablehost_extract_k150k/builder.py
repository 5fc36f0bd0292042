"""The entry point: build the table of a folder of clips, and describe how it was made.

This module is imported by `--help` too, so nothing heavy is imported with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablehost import hookimpl
from tablehost_extract_k150k.options import Options

if TYPE_CHECKING:
    from tablehost import Build, Run
    from tablehost_extract_k150k.fields import Fields

ITEM_VERSION = 1
"""Raised whenever the same clip, settings and tools would give another row."""


@hookimpl
def build_table(options: Options, run: Run) -> Build:
    """Score every clip, join labels and metadata, and return the rows by clip name."""
    from tablehost import Build
    from tablehost_extract_k150k.clips import clip_name, clip_path
    from tablehost_extract_k150k.describe import Notes
    from tablehost_extract_k150k.engine import check_engine
    from tablehost_extract_k150k.features import extractors_of, table_schema
    from tablehost_extract_k150k.prepare import prepare, settings_of
    from tablehost_extract_k150k.proof import Proof
    from tablehost_extract_k150k.rows import record_batches
    from tablehost_extract_k150k.score import score_clip
    from tablehost_extract_k150k.view import view_of

    prepared = prepare(options, run)
    run.leave_out(prepared.left_out)
    settings = settings_of(options, run)
    audited = options.measure == "informative" and options.audit_clips > 0
    engine = check_engine(settings, extractors_of("all" if audited else options.measure))

    proof = Proof(
        run=run,
        settings=settings,
        recipe=run.recipe(score_clip, settings),
        checksums=prepared.checksums,
    )
    if audited:
        proof.audit(prepared.clips, options.audit_clips)
    scored = [clip for clip in prepared.clips if clip.name not in proof.lost]
    rows = run.map(
        score_clip,
        scored,
        key=clip_name,
        settings=settings,
        input=clip_path,
        checksums=prepared.checksums,
    )
    if audited:
        proof.audit_bit_depths(prepared.clips, rows)

    schema = table_schema(prepared.metadata.columns)
    data = record_batches(
        rows,
        schema,
        labels=prepared.joined.labels,
        metadata=prepared.metadata,
        leave_out=proof.refused,
    )
    notes = Notes(prepared=prepared, engine=engine, proof=proof, workers=run.workers)
    view = view_of(schema.names)
    return Build(data=data, schema=schema, notes=notes, key=("clip_name",), view=view)


@hookimpl
def describe_manifest(options: Options, build: Build) -> Fields:
    """Return what was measured, by what, how it was audited, and which clips failed."""
    from tablehost_extract_k150k.describe import describe

    return describe(options, build)


def __getattr__(name: str) -> Any:
    """Import the class of the manifest's fields on first use."""
    if name != "Fields":
        raise AttributeError(name)
    from tablehost_extract_k150k.fields import Fields

    return Fields
