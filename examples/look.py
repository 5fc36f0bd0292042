"""Print some rows of a table, and the main fields of its manifest."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

COLUMNS = ["clip_name", "mos", "vmaf_mean", "cambi_mean", "chug_content_name", "split"]
COLUMNS += ["corpus", "source", "frame_index", "codec", "vmaf", "motion2", "psnr_y"]
MAIN = re.compile(
    r"schema|status|teacher_model|stats\..*|table\.(rows|sha256|rows_digest)|"
    r"run_provenance\.(run_id|code\.plugin\.(distribution|version)|recipe\.table|"
    r"inputs\.\w+(\.\d+)?\.(label|path|sha256|dir_hash1)|parents\.\d+\.(path|run_id))"
)
DIGEST = re.compile("[0-9a-f]{64}")
ROWS = 8


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every single value of a manifest after its place: names with dots between."""
    if not isinstance(value, dict | list):
        yield name.removeprefix("."), value
        return
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(one, f"{name}.{key}")


def brief(value: Any) -> str:
    """Return a value as a line has room for it."""
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value[:12]}..." if DIGEST.fullmatch(str(value)) else str(value)


path = sys.argv[1]
table = pq.read_table(path)
rows = table.select([name for name in COLUMNS if name in table.column_names]).to_pandas()
step = -(-len(rows) // ROWS)
print(rows[::step].round(3).to_string(index=False))
if step > 1:
    print(f"(every {step}th of {len(rows)} rows)")

manifest = json.loads(Path(f"{path}.manifest.json").read_text())
main = {name: brief(value) for name, value in leaves(manifest) if MAIN.fullmatch(name)}
width = max(map(len, main))
print()
for name in sorted(main, key=lambda name: name.startswith("run_provenance")):
    print(f"{name:<{width}}  {main[name]}")
