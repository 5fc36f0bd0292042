"""What is known of the table's columns beside their values."""

from __future__ import annotations

from collections.abc import Collection

from tablehost import View
from tablehost_extract_k150k.features import FEATURES

_UNIT = {
    "width": "px",
    "height": "px",
    "fps": "frames/s",
    "psnr_y": "dB",
    "psnr_cb": "dB",
    "psnr_cr": "dB",
    "psnr_hvs": "dB",
    "chug_framerate_manifest": "frames/s",
    "chug_height_manifest": "px",
    "chug_width_manifest": "px",
    "chug_bit_depth": "bit",
}
_DESCRIBE = {
    "clip_name": "name of the clip's file",
    "mos": "mean opinion score of the clip",
    "is_hdr": "whether the clip has 10 bits or more and an HDR transfer",
    "motion_fps_weight": "30/fps, held to 0.25..4; 1 from 24 to 32 fps or where fps is unknown",
    "adm2": "detail loss measure",
    **{f"adm_scale{scale}": f"detail loss measure at scale {scale}" for scale in range(4)},
    **{f"vif_scale{scale}": f"visual information fidelity at scale {scale}" for scale in range(4)},
    "motion": "difference between the luma of a frame and of the one before",
    "motion2": "the lesser of a frame's motion and the next frame's",
    "psnr_y": "peak signal-to-noise ratio of luma",
    "psnr_cb": "peak signal-to-noise ratio of Cb",
    "psnr_cr": "peak signal-to-noise ratio of Cr",
    "float_ssim": "structural similarity",
    "float_ms_ssim": "structural similarity at several scales",
    "cambi": "visible banding",
    "ciede2000": "colour difference",
    "psnr_hvs": "peak signal-to-noise ratio, weighted by contrast sensitivity",
    "vmaf": "score of the teacher model",
    "mos_raw_0_100": "mean opinion score, from 0 to 100",
    "chug_ref": "whether the clip is a reference",
    "chug_content_name": "the content that the clip shows, on every rung of its ladder",
    "split": "train, val or test",
    "chug_split_key": "what the split was made from",
    "chug_split_policy": "how the split was made",
}
_OVER_FRAMES = {"mean": "mean over the frames", "std": "standard deviation over the frames"}


def view_of(columns: Collection[str]) -> View:
    """Return what is known of those columns that the table has."""
    features = {feature.name for feature in FEATURES}
    named = {name: (name, "") for name in columns}
    for name in columns:
        feature, _, part = name.rpartition("_")
        if part in _OVER_FRAMES and feature in features:
            named[name] = (feature, f", {_OVER_FRAMES[part]}")
    return View(
        label="mos",
        group="chug_content_name" if "chug_content_name" in columns else None,
        unit={name: _UNIT[one] for name, (one, _) in named.items() if one in _UNIT},
        describe={
            name: f"{_DESCRIBE[one]}{over}"
            for name, (one, over) in named.items()
            if one in _DESCRIBE
        },
    )
