"""Everything, one after the other: `make bench`."""

import subprocess
import sys
from pathlib import Path

from measure import machine

print(machine(), flush=True)
FIRST = ("startup", "items", "cluster", "sync")
for name in (*FIRST, "folder", "clips", "combine", "enrich", "verify"):
    subprocess.run([sys.executable, Path(__file__).parent / f"{name}.py"], check=True)
