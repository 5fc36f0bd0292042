"""Time a command as a whole process, with the memory of everything that it starts."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
from attrs import frozen

_SAMPLE_SECONDS = 0.1  # sampling takes time from the command that is measured
_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}  # modules are compiled once, as installed ones are


@frozen
class Figures:
    """The time and memory of a command.

    Args:
        seconds: from start to end.
        cpu: seconds of all its processes.
        peak: bytes of resident memory of all its processes together, sampled.
    """

    seconds: float
    cpu: float
    peak: int

    def __str__(self) -> str:
        return f"{self.seconds:8.2f} s  {self.cpu:8.2f} s cpu  {self.peak / 1e6:7.0f} MB peak"


def measure(
    command: Sequence[object], *, environment: Mapping[str, str] | None = None, ok: int = 0
) -> Figures:
    """Run a command to its end.

    Args:
        command: with its arguments.
        environment: added to this process's.
        ok: the exit code that it must end with.
    """
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [str(one) for one in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | _COMPILED | (environment or {}),
        )
        peak = _Peak(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = code = os.waitstatus_to_exitcode(status)
        peak.stop()
        if code != ok:
            output.seek(0)
            sys.exit(f"{command} ended with {code}: {output.read().decode(errors='replace')}")
    return Figures(seconds, used.ru_utime + used.ru_stime, peak.bytes)


class _Peak:
    """Samples the memory of a process and of its descendants."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._root = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            try:
                crew = [self._root, *self._root.children(recursive=True)]
            except psutil.Error:
                return
            self.bytes = max(self.bytes, sum(map(_resident, crew)))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def show(name: str, figures: Figures, beside: Figures | None = None) -> None:
    """Print a line: the figures, and the time as a multiple of the other's."""
    ratio = f"  x{figures.seconds / beside.seconds:.2f}" if beside else ""
    print(f"  {name:<52}{figures}{ratio}", flush=True)


def machine() -> str:
    """Describe the machine."""
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{found[1] if found else platform.machine()}, {len(os.sched_getaffinity(0))} cores, "
        f"{memory:.0f} GiB, Python {platform.python_version()}, {platform.system()}"
    )


def tablehost(*tokens: object) -> list[object]:
    """Return the command line of tablehost in this environment."""
    return [sys.executable, "-m", "tablehost", *tokens]
