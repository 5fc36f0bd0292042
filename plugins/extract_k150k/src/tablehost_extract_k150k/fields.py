"""What the builder adds to its manifest."""

from __future__ import annotations

from typing import Literal

from attrs import Factory, frozen

from tablehost.records import MalformedLine


@frozen(kw_only=True)
class Stats:
    """Counters: totals and rows are the table's, ok, fail, seconds and rate this session's."""

    total_clips: int = 0
    done_before: int = 0
    pending_at_start: int = 0
    recovered_rows: int = 0
    ok: int = 0
    fail: int = 0
    parquet_rows: int = 0
    elapsed_seconds: float = 0.0
    rate_clip_per_second: float | None = None


@frozen(kw_only=True)
class AuditedFeature:
    """What the audits compared of one filled-in feature."""

    clips: int
    frames: int
    within: float
    largest_difference: float


@frozen(kw_only=True)
class Extractor:
    """Where a feature's values come from.

    Args:
        source: `measured` by the engine, or `identity`: the known value of a clip compared with
            itself.
        extractor: the engine's feature extractor that yields it.
        log_key: its key in the engine's log.
        value_by_scored_bits: of an identity feature; null where the engine prints null.
        audit: what the audits compared; null where there was nothing to compare, or no audit.
    """

    source: Literal["measured", "identity"]
    extractor: str
    log_key: str
    value_by_scored_bits: dict[str, float | None] | None = None
    audit: AuditedFeature | None = None


@frozen(kw_only=True)
class Backend:
    """What measured."""

    engine: str = "ffmpeg-libvmaf"
    version: str = "unknown"
    use_cuda: bool = False
    workers: int = 1
    threads_per_worker: int = 1


@frozen(kw_only=True)
class Adapter:
    """How a clip without a reference is measured: against itself."""

    enabled: bool = True
    allow_fr_from_nr: bool = False
    split_seed: str = ""


@frozen(kw_only=True)
class FailedClip:
    """A clip that is not in the table."""

    clip_name: str
    reason: str


@frozen(kw_only=True)
class AuditedClip:
    """A clip of which the first frames were measured with everything."""

    clip_name: str
    bit_depth: int
    frames: int


@frozen(kw_only=True)
class PassedOver:
    """A clip that could not be audited."""

    clip_name: str
    reason: str
    detail: str


@frozen(kw_only=True)
class Audit:
    """The proof of what was filled in.

    Args:
        enabled: whether there was one.
        why_not: where there was none.
        wanted: how many clips were to be compared.
        compared: the clips in which everything agreed.
        passed_over: the clips that were tried before and could not be compared.
        bit_depths: of which a clip was compared.
    """

    enabled: bool = False
    why_not: str | None = None
    wanted: int = 0
    compared: tuple[AuditedClip, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    bit_depths: tuple[int, ...] = ()


@frozen(kw_only=True)
class Labels:
    """How labels and clips met.

    Args:
        clips_without_label: rows with a null `mos`, and failed clips, that no label fits.
        labels_without_clip: labels that no clip has.
        labels_from_mos: labels taken from the column `mos`, where there was no `video_score`.
    """

    clips_without_label: int = 0
    labels_without_clip: int = 0
    labels_from_mos: int = 0


@frozen(kw_only=True)
class MetadataUse:
    """How metadata and clips met."""

    lines: int = 0
    clips: int = 0
    matched_clips: int = 0
    malformed_lines: int = 0
    malformed: tuple[MalformedLine, ...] = ()


@frozen(kw_only=True)
class Fields:
    """What extract_k150k adds to its manifest."""

    schema: str = "k150k-feature-extraction-manifest-v1"
    status: Literal["complete", "partial"] = "complete"
    stats: Stats = Factory(Stats)
    features: tuple[str, ...] = ()
    teacher_model: str = ""
    measure: Literal["informative", "all"] = "informative"
    extractors: dict[str, Extractor] = Factory(dict)
    audit: Audit = Factory(Audit)
    backend: Backend = Factory(Backend)
    fr_from_nr_adapter: Adapter = Factory(Adapter)
    failures: tuple[FailedClip, ...] = ()
    labels: Labels = Factory(Labels)
    metadata_keys: tuple[str, ...] = ()
    metadata: MetadataUse = Factory(MetadataUse)
