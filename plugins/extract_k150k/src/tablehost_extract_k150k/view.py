"""What is known of the table's columns beside their values."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tablehost import View

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
    "adm2": "detail that is kept",
    "adm3": "detail that is kept, as later models take it",
    **{f"adm_scale{scale}": f"detail that is kept at scale {scale}" for scale in range(4)},
    **{f"vif_scale{scale}": f"visual information fidelity at scale {scale}" for scale in range(4)},
    "motion": "difference of luma to the frame before",
    "motion2": "the lesser motion of a frame and the next",
    "motion3": "motion as later models take it",
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
    "chug_content_name": "the content that the clip shows, on every rung of the ladder",
    "split": "train, val or test",
}
_OVER_FRAMES = {"mean": "mean", "std": "standard deviation"}


def view_of(columns: Collection[str]) -> View:
    """Return what is known of the columns of a table."""
    return View(
        label="mos",
        group="chug_content_name" if "chug_content_name" in columns else None,
        unit=dict(_known(_UNIT, columns, "{0}")),
        describe=dict(_known(_DESCRIBE, columns, "{0}: {1} over the frames")),
    )
