"""The columns of the combined table, and where each comes from."""

from __future__ import annotations

FULL_FEATURES = (
    *("adm2", "adm_scale0", "adm_scale1", "adm_scale2", "adm_scale3"),
    *("vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3"),
    *("motion", "motion2", "motion3"),
    *("psnr_y", "psnr_cb", "psnr_cr"),
    *("float_ssim", "float_ms_ssim", "cambi", "ciede2000", "psnr_hvs", "ssimulacra2"),
    *("speed_temporal", "speed_chroma_u", "speed_chroma_v", "speed_chroma_uv"),
    "adm3",
)
TARGET = "vmaf"
MEASURED = (*FULL_FEATURES, TARGET)
KEY = ("corpus", "source", "frame_index")
TEACHER = "teacher_model"
SOURCE_COLUMNS = ("source", "key", "dis_basename")
UNKNOWN_CODEC = "unknown"
LONGEST_NAME = 255
"""Characters of a label or a teacher, which every row repeats."""
