"""Start-up: CPU time over an empty Python's, and modules imported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from statistics import median

from measure import measure, tablehost

COMMANDS = {"--version": 5, "plugins": 8, "run extract_k150k --help": 15}
_RUNS = 11
_EMPTY = [sys.executable, "-c", "pass"]


def main() -> None:
    print(f"start-up (CPU, median of {_RUNS})")
    empty = _cpu(_EMPTY)
    _line("python -c pass", _EMPTY, empty, "")
    for command, most in COMMANDS.items():
        tokens = tablehost(*command.split())
        seconds = _cpu(tokens)
        _line(f"tablehost {command}", tokens, seconds, f"  x{seconds / empty:.1f}, at most {most}")


def _cpu(command: Sequence[object]) -> float:
    return median(measure(command).cpu for _ in range(_RUNS))


def _line(name: str, command: Sequence[object], seconds: float, ratio: str) -> None:
    print(
        f"  {name:<52}{1000 * seconds:8.0f} ms  {_modules(command):5d} modules{ratio}", flush=True
    )


def _modules(command: Sequence[object]) -> int:
    """Count what Python reports to import."""
    report = os.environ | {"PYTHONPROFILEIMPORTTIME": "1"}
    tokens = [str(one) for one in command]
    ended = subprocess.run(tokens, capture_output=True, text=True, check=True, env=report)
    return sum(line.startswith("import time:") for line in ended.stderr.splitlines()) - 1


if __name__ == "__main__":
    main()
