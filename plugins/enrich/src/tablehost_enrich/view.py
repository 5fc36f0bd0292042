"""What is known of the columns that metadata fills, beside their values."""

from __future__ import annotations

from collections.abc import Collection

from tablehost import View

_LABELS = ("mos", "mos_raw_0_100")
_GROUP = "chug_content_name"
_UNIT = {
    "chug_framerate_manifest": "frames/s",
    "chug_height_manifest": "px",
    "chug_width_manifest": "px",
    "chug_bit_depth": "bit",
}
_DESCRIBE = {
    "mos_raw_0_100": "mean opinion score, from 0 to 100",
    "chug_ref": "whether the clip is a reference",
    "chug_content_name": "the content that the clip shows, on every rung of its ladder",
    "split": "train, val or test",
    "chug_split_key": "what the split was made from",
    "chug_split_policy": "how the split was made",
}


def view_of(columns: Collection[str]) -> View:
    """Return what is known of those columns that the table has."""
    return View(
        label=next((name for name in _LABELS if name in columns), None),
        group=_GROUP if _GROUP in columns else None,
        unit={name: unit for name, unit in _UNIT.items() if name in columns},
        describe={name: text for name, text in _DESCRIBE.items() if name in columns},
    )
