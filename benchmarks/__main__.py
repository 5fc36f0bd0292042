"""Everything, one after the other: `make bench`."""

import subprocess
import sys
from pathlib import Path

from measure import machine

print(machine(), flush=True)
NAMES = "startup items cluster sync folder clips combine enrich verify".split()
for name in NAMES:
    subprocess.run([sys.executable, Path(__file__).parent / f"{name}.py"], check=True)
