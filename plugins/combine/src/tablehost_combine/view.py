"""What is known of the combined table's columns beside their values."""

from __future__ import annotations

from tablehost import View
from tablehost_combine.columns import TARGET

VIEW = View(
    label=TARGET,
    group="corpus",
    unit=dict.fromkeys(("psnr_y", "psnr_cb", "psnr_cr", "psnr_hvs"), "dB"),
    describe={
        "corpus": "label of the input that the row comes from",
        "source": "the clip, as the input names it",
        "frame_index": "place of the frame in its clip, from 0",
        "codec": "codec of the distorted clip, or unknown",
        "adm2": "detail loss measure",
        **{f"adm_scale{scale}": f"detail loss measure at scale {scale}" for scale in range(4)},
        **{
            f"vif_scale{scale}": f"visual information fidelity at scale {scale}"
            for scale in range(4)
        },
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
        TARGET: "score of the teacher model",
    },
)
