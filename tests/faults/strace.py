"""A command under `strace`: the calls that it makes, and the same with one of them failing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from attrs import frozen
from command_line import Ended

CALLS = (
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "rmdir"),
    *("mkdir", "mkdirat", "symlink", "symlinkat", "fsync", "fdatasync", "ftruncate", "flock"),
    *("write", "pwrite64", "open", "openat"),
)
MANY = ("write", "open", "openat")  # most of them are of other files than the output's
_LINE = re.compile(r"(\d+) +(\w+)\((.*)")


def missing() -> str | None:
    """Return why no call can be made to fail on this machine, or None."""
    if not shutil.which("strace"):
        return "strace is not installed"
    tried = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], check=False)
    return None if tried.returncode == 0 else "strace may trace no process here"


@frozen
class Call:
    """One call of the process: the nth of its name."""

    name: str
    nth: int
    line: str

    def failing(self, fault: str) -> str:
        """Return what makes strace let it fail, or kill the process there."""
        how = f"signal={fault}" if fault.startswith("SIG") else f"error={fault}"
        return f"inject={self.name}:{how}:when={self.nth}"


def traced(project, tokens: list[str], *, inject: str | None = None) -> tuple[Ended, list[Call]]:
    """Run `tablehost` under strace; return how it ended, and the calls of all its threads."""
    log = project.path / ".cache" / "strace"
    log.parent.mkdir(exist_ok=True)
    calls = inject.partition("=")[2].partition(":")[0] if inject else ",".join(CALLS)
    command = ["strace", "-f", "-qq", "-y", "-s", "64", "-o", log]
    if inject is None or "signal=" not in inject:
        command.append("--seccomp-bpf")  # faster, but no signal can be sent
    command += ["-e", f"trace={calls}", *(["-e", inject] if inject else [])]
    done = subprocess.run(
        [*command, sys.executable, "-m", "tablehost", *tokens],
        cwd=project.path,
        env=project.environment | project.without_pandas,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr), _calls(log)


def _calls(log: Path) -> list[Call]:
    """Return the calls in a log; `nth` counts within a thread, as strace does."""
    found, counts = [], Counter[tuple[str, str]]()
    for line in log.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is not None:
            thread, name, _ = match.groups()
            counts[thread, name] += 1
            found.append(Call(name, counts[thread, name], line))
    return found


def of_the_output(call: Call) -> bool:
    """Return whether a call is one that a run makes for its output or its own files."""
    if call.name == "write":
        return re.search(r"write\(\d+<[^>]*(t\.parquet|m\.manifest)", call.line) is not None
    return call.name not in MANY or "t.parquet" in call.line or "m.manifest.json" in call.line


def distinct(calls: list[Call]) -> list[Call]:
    """Leave out what the same injection reaches: one of the same number in another thread."""
    return list({(call.name, call.nth): call for call in calls}.values())


def reached(call: Call, calls: list[Call]) -> str:
    """Return whether a fault came to a call of the output, and to no other thread's."""
    injected = [one for one in calls if one.name == call.name and "(INJECTED)" in one.line]
    if not injected:
        return "not reached"
    return "reached" if all(map(of_the_output, injected)) else "elsewhere"
