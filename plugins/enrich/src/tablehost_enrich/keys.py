"""The metadata keys, and the columns that metadata never touches."""

from __future__ import annotations

ROW_KEYS = (
    "mos_raw_0_100",
    "chug_video_id",
    "chug_ref",
    "chug_name",
    "chug_bitladder",
    "chug_resolution",
    "chug_bitrate_label",
    "chug_orientation",
    "chug_framerate_manifest",
    "chug_content_name",
    "chug_height_manifest",
    "chug_width_manifest",
    "chug_bit_depth",
)
SPLIT_KEYS = ("split", "chug_split_key", "chug_split_policy")
FILES = ("src", "filename")
"""The file of a clip, whose base name names it."""
CONTENT = ("chug_content_name", "split")
"""What the split of a clip is made of."""

KEYS = (*ROW_KEYS, *SPLIT_KEYS)

_MEASURED = (
    "clip_name mos width height fps is_hdr motion_fps_weight corpus source frame_index codec "
    "teacher_model adm2 adm_scale0 adm_scale1 adm_scale2 adm_scale3 vif_scale0 vif_scale1 "
    "vif_scale2 vif_scale3 motion motion2 motion3 psnr_y psnr_cb psnr_cr float_ssim float_ms_ssim "
    "cambi ciede2000 psnr_hvs ssimulacra2 vmaf speed_temporal speed_chroma_u speed_chroma_v "
    "speed_chroma_uv adm3"
)


def is_protected(column: str) -> bool:
    """Return whether a column holds features or labels, which metadata never touches."""
    return column in _MEASURED.split() or column.endswith(("_mean", "_std"))
