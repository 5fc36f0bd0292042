"""The manifest's fields, from the notes of a build."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from tablehost import Build
from tablehost_extract_k150k.engine import Engine
from tablehost_extract_k150k.features import FEATURES, KNOWN, Feature, identity_value
from tablehost_extract_k150k.fields import (
    Adapter,
    Audit,
    AuditedClip,
    AuditedFeature,
    Backend,
    Extractor,
    FailedClip,
    Fields,
    Labels,
    MetadataUse,
    PassedOver,
    Stats,
)
from tablehost_extract_k150k.options import Options
from tablehost_extract_k150k.prepare import Prepared
from tablehost_extract_k150k.proof import Proof

MOST_LISTED = 1000
SCORED_BITS = (8, 10)


@frozen(kw_only=True)
class Notes:
    """What is known of a build before its last row is written.

    Args:
        prepared: clips, labels, metadata.
        engine: what measured.
        proof: the audits.
        workers: processes that measured.
    """

    prepared: Prepared
    engine: Engine
    proof: Proof
    workers: int


def describe(options: Options, build: Build) -> Fields:
    """Return the builder's manifest fields."""
    notes: Notes = build.notes
    metadata = notes.prepared.metadata
    return Fields(
        status="partial" if build.items.failures else "complete",
        stats=_stats(build),
        features=tuple(feature.name for feature in FEATURES),
        teacher_model=teacher_model(options.vmaf_model),
        measure=options.measure,
        extractors={feature.name: _extractor(feature, options, notes) for feature in FEATURES},
        audit=_audit(options, notes.proof),
        backend=Backend(
            version=f"{notes.engine.version}, libvmaf {notes.engine.libvmaf}",
            workers=notes.workers,
            threads_per_worker=options.threads,
        ),
        fr_from_nr_adapter=Adapter(
            allow_fr_from_nr=options.allow_fr_from_nr, split_seed=options.split_seed
        ),
        failures=tuple(
            FailedClip(clip_name=failure.key, reason=failure.reason)
            for failure in build.items.failures
        ),
        labels=Labels(
            clips_without_label=len(notes.prepared.clips) - len(notes.prepared.joined.labels),
            labels_without_clip=notes.prepared.joined.unused,
            labels_from_mos=notes.prepared.scores.from_mos,
        ),
        metadata_keys=tuple(metadata.columns),
        metadata=MetadataUse(
            lines=metadata.lines,
            clips=len(metadata.names),
            matched_clips=notes.prepared.matched,
            malformed_lines=len(metadata.malformed),
            malformed=metadata.malformed[:MOST_LISTED],
        ),
    )


def teacher_model(model: Path | str) -> str:
    """Return the model's name; that of a file is followed by the digest of its content."""
    if isinstance(model, str):
        return model
    from hashlib import sha256  # only for models from files

    return f"{model.stem}@sha256:{sha256(model.read_bytes()).hexdigest()[:16]}"


def _stats(build: Build) -> Stats:
    items = build.items
    ended = items.ok + items.failed
    return Stats(
        total_clips=items.total,
        done_before=items.done_before,
        pending_at_start=items.total - items.done_before,
        recovered_rows=max(0, build.rows - items.ok),
        ok=items.ok,
        fail=items.failed,
        parquet_rows=build.rows,
        elapsed_seconds=build.elapsed,
        rate_clip_per_second=ended / build.elapsed if build.elapsed > 0 else None,
    )


def _extractor(feature: Feature, options: Options, notes: Notes) -> Extractor:
    key = "cambi, or cambi_eotf_pq of an HDR clip" if feature.name == "cambi" else feature.key
    if not feature.known or options.measure == "all":
        return Extractor(source="measured", extractor=feature.extractor, log_key=key)
    compared = notes.proof.compared
    place = KNOWN.index(feature)
    return Extractor(
        source="identity",
        extractor=feature.extractor,
        log_key=key,
        value_by_scored_bits={str(bits): identity_value(feature, bits) for bits in SCORED_BITS},
        audit=AuditedFeature(
            clips=len(compared),
            frames=sum(result.frames for result in compared),
            within=feature.within,
            largest_difference=max(result.largest_differences[place] for result in compared),
        )
        if compared
        else None,
    )


def _audit(options: Options, proof: Proof) -> Audit:
    if options.measure == "all":
        return Audit(why_not="everything is measured (--measure all): nothing is filled in")
    if not options.audit_clips:
        return Audit(why_not="switched off (--audit-clips 0): what is filled in was not audited")
    return Audit(
        enabled=True,
        wanted=options.audit_clips,
        compared=tuple(
            AuditedClip(clip_name=one.clip_name, bit_depth=one.bit_depth, frames=one.frames)
            for one in proof.compared
        ),
        passed_over=tuple(
            PassedOver(clip_name=one.clip_name, reason=one.status, detail=one.detail)
            for one in proof.passed_over[:MOST_LISTED]
        ),
        bit_depths=tuple(sorted(proof.bit_depths)),
    )
