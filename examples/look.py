"""Print some columns of a table, and the main fields of its manifest."""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq

path = sys.argv[1]
columns = ["clip_name", "mos", "width", "height", "vmaf_mean", "motion2_mean", "cambi_mean"]
print(pq.read_table(path, columns=columns).to_pandas().round(3).to_string(index=False))

manifest = json.loads(Path(path + ".manifest.json").read_text())
provenance = manifest["run_provenance"]
main = {
    "schema": manifest["schema"],
    "status": manifest["status"],
    "stats": manifest["stats"],
    "table sha256": manifest["table"]["sha256"],
    "rows digest": manifest["table"]["rows_digest"],
    "clips": provenance["inputs"]["clips_dir"],
    "builder": provenance["code"]["plugin"]["distribution"],
    "version": provenance["code"]["plugin"]["version"],
    "recipe": provenance["recipe"]["table"],
}
print(json.dumps(main, indent=2))
