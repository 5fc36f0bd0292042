"""The filter graph of the engine, and the keys that its log must have."""

from __future__ import annotations

from collections.abc import Sequence

from tablehost_extract_k150k.features import FEATURES, MODEL, log_key
from tablehost_extract_k150k.process import LOG, MODEL_FILE, EngineSettings


def filter_graph(
    settings: EngineSettings,
    extractors: Sequence[str],
    pixel_format: str,
    *,
    is_hdr: bool,
    first: int | None = None,
) -> str:
    """Return the graph in which a decoded clip is both reference and distorted."""
    model = f"path={MODEL_FILE}" if settings.model_file else f"version={settings.model}"
    cut = "" if first is None else f",trim=end_frame={first}"
    names = [r"cambi\:eotf=pq" if is_hdr and name == "cambi" else name for name in extractors]
    features = "|".join(f"name={name}" for name in names)
    return (
        f"[0:V:0]format={pixel_format}{cut},split[a][b];"
        f"[a][b]libvmaf=model={model}:feature='{features}'"
        f":n_threads={settings.threads}:log_fmt=json:log_path={LOG}"
    )


def expected_keys(extractors: Sequence[str], *, is_hdr: bool) -> tuple[str, ...]:
    """Return the keys that every frame of the log must have."""
    made = {MODEL, *extractors}
    return tuple(log_key(one, is_hdr=is_hdr) for one in FEATURES if one.extractor in made)


def refusal(width: int, height: int, extractors: Sequence[str]) -> str | None:
    """Return why the engine would crash on a picture of this size, or omit a feature of it."""
    low, high = sorted((width, height))
    odd = width % 2 or height % 2
    limits = (
        (MODEL, low <= 16, "a side of 16 pixels or less"),  # noqa: PLR2004
        ("cambi", high < 216, "both sides under 216 pixels"),  # noqa: PLR2004
        ("float_ms_ssim", low < 176, "a side under 176 pixels"),  # noqa: PLR2004
        ("speed_temporal", low < 80, "a side under 80 pixels"),  # noqa: PLR2004
        ("speed_chroma", low < 160, "a side under 160 pixels"),  # noqa: PLR2004
        ("ciede", odd, "a side of an odd number of pixels"),
    )
    for name, refused, what in limits:
        if refused and name in {MODEL, *extractors}:
            return f"{name} cannot measure a picture with {what}; this one is {width}x{height}"
    return None
