"""Start-up: milliseconds and modules imported, beside an empty Python."""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from measure import measure

COMMANDS = (("--version",), ("plugins",), ("run", "extract_k150k", "--help"))
_RUNS = 9
_COUNT = (
    "import sys; from tablehost.cli import execute; execute(sys.argv[1:]); print(len(sys.modules))"
)


def main() -> None:
    print("start-up (median of 9)")
    _line(
        "python -c pass",
        [sys.executable, "-c", "pass"],
        _modules("import sys; print(len(sys.modules))"),
    )
    for tokens in COMMANDS:
        command = [sys.executable, "-m", "tablehost", *tokens]
        _line(f"tablehost {' '.join(tokens)}", command, _modules(_COUNT, *tokens))


def _line(name: str, command: list[str], modules: int) -> None:
    milliseconds = 1000 * median(measure(command).seconds for _ in range(_RUNS))
    print(f"  {name:<52}{milliseconds:8.0f} ms  {modules:5d} modules", flush=True)


def _modules(code: str, *tokens: str) -> int:
    ended = subprocess.run([sys.executable, "-c", code, *tokens], capture_output=True, check=True)
    return int(ended.stdout.split()[-1])


if __name__ == "__main__":
    main()
