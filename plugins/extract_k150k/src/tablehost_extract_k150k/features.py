"""The features of a row: their order, their keys in the engine's log, their known values."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    import pyarrow as pa


MODEL = "model"


@frozen
class Feature:
    """One feature, of which a row holds mean and standard deviation.

    Args:
        name: as the columns call it.
        extractor: libvmaf's feature extractor that yields it, or `model`.
        key: its exact key in a frame of the engine's log.
        known: whether an identity pair has a known value, for any content.
        within: how far a measured value may differ from the known one.
    """

    name: str
    extractor: str
    key: str
    known: bool = False
    within: float = 0.0


def _adm(name: str) -> Feature:
    return Feature(name, "adm", f"integer_{name}")


def _vif(name: str) -> Feature:
    return Feature(name, "vif", f"integer_{name}")


def _known(name: str, extractor: str, within: float = 0.0) -> Feature:
    return Feature(name, extractor, name, known=True, within=within)


# The order is locked: other tools read the columns by place. New features are only ever appended.
FEATURES = (
    _adm("adm2"),
    _adm("adm_scale0"),
    _adm("adm_scale1"),
    _adm("adm_scale2"),
    _adm("adm_scale3"),
    _vif("vif_scale0"),
    _vif("vif_scale1"),
    _vif("vif_scale2"),
    _vif("vif_scale3"),
    Feature("motion", "motion", "VMAF_integer_feature_motion_sad_score"),
    Feature("motion2", "motion", "integer_motion2"),
    Feature("motion3", "motion", "integer_motion3"),
    _known("psnr_y", "psnr"),
    _known("psnr_cb", "psnr"),
    _known("psnr_cr", "psnr"),
    _known("float_ssim", "float_ssim", within=1e-6),
    _known("float_ms_ssim", "float_ms_ssim", within=1e-6),
    Feature("cambi", "cambi", "cambi"),
    _known("ciede2000", "ciede"),
    _known("psnr_hvs", "psnr_hvs"),
    Feature("vmaf", MODEL, "vmaf"),
    _known("speed_temporal", "speed_temporal"),
    _known("speed_chroma_u", "speed_chroma"),
    _known("speed_chroma_v", "speed_chroma"),
    _known("speed_chroma_uv", "speed_chroma"),
    _adm("adm3"),
)
KNOWN = tuple(feature for feature in FEATURES if feature.known)
MEASURED = tuple(feature for feature in FEATURES if not feature.known)

# An extractor that cannot start removes all after it from the log: the fragile ones are last.
INFORMATIVE_EXTRACTORS = ("adm", "vif", "motion", "cambi")
ALL_EXTRACTORS = (
    "adm",
    "vif",
    "motion",
    "psnr",
    "psnr_hvs",
    "float_ssim",
    "float_ms_ssim",
    "cambi",
    "speed_temporal",
    "speed_chroma",
    "ciede",
)


def extractors_of(measure: str) -> tuple[str, ...]:
    """Return the extractors that run for `informative` or `all`, in their order."""
    return ALL_EXTRACTORS if measure == "all" else INFORMATIVE_EXTRACTORS


def log_key(feature: Feature, *, is_hdr: bool) -> str:
    """Return the feature's exact key in the engine's log; cambi's names its transfer function."""
    return "cambi_eotf_pq" if is_hdr and feature.name == "cambi" else feature.key


def identity_value(feature: Feature, scored_bits: int) -> float | None:
    """Return what an identity pair is known to have; None where the engine prints null.

    Args:
        feature: one of `KNOWN`.
        scored_bits: bit depth of the samples that are compared, 8 or 10.
    """
    if feature.extractor == "psnr":
        return 6.0 * scored_bits + 12.0
    if feature.extractor in {"float_ssim", "float_ms_ssim"}:
        return 1.0
    if feature.extractor in {"ciede", "psnr_hvs"}:
        return None
    return 0.0


def mean_and_std(values: Iterable[float | None]) -> tuple[float | None, float | None]:
    """Return mean and population standard deviation of the finite values; None without any.

    Both are rounded once, at the end, so that they are the same on every machine.
    """
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if not finite:
        return None, None
    return statistics.mean(finite), statistics.pstdev(finite)


def aggregate(
    frames: list[Mapping[str, float | None]], *, measure: str, is_hdr: bool, scored_bits: int
) -> list[tuple[float | None, float | None]]:
    """Return mean and standard deviation of every feature, in the locked order.

    Args:
        frames: metrics by key, one mapping a frame.
        measure: `informative` fills the known features in, `all` takes them from the frames.
        is_hdr: whether cambi ran for a perceptual quantiser.
        scored_bits: bit depth of the samples that were compared.
    """
    pairs = []
    for feature in FEATURES:
        if feature.known and measure == "informative":
            pairs.append(mean_and_std([identity_value(feature, scored_bits)]))
        else:
            key = log_key(feature, is_hdr=is_hdr)
            pairs.append(mean_and_std(frame[key] for frame in frames))
    return pairs


def table_schema(metadata: Mapping[str, pa.Array]) -> pa.Schema:
    """Return the table's schema: the locked columns, then the metadata's."""
    import pyarrow as pa  # heavy: the entry module must stay light

    fixed = [
        ("clip_name", pa.string()),
        ("mos", pa.float64()),
        ("width", pa.int64()),
        ("height", pa.int64()),
        ("fps", pa.float64()),
        ("is_hdr", pa.bool_()),
        ("motion_fps_weight", pa.float64()),
    ]
    features = [
        (f"{feature.name}_{part}", pa.float64()) for feature in FEATURES for part in ("mean", "std")
    ]
    extra = [(key, values.type) for key, values in metadata.items()]
    return pa.schema([*fixed, *features, *extra])
