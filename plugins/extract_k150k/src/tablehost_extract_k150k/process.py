"""One process of the engine: in a folder of its own, with a time limit, and what it wrote."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from tablehost import ItemFailed, Tool, Tuning

LOG = "v.json"
MODEL_FILE = "model.json"
_MOST_TEXT = 64 * 1024
_MOST_DETAIL = 300
_CONTEXT = re.compile(r"\[[^\]]* @ 0x[0-9a-f]+\]\s*")
_REFUSALS = re.compile(
    r"libvmaf ERROR|problem during vmaf|libvmaf model|Error initializing filters"
)


@frozen(kw_only=True)
class EngineSettings:
    """How the engine is called.

    Args:
        ffmpeg: the program.
        model: name of a model inside libvmaf; empty where `model_file` is given.
        model_file: a model's JSON.
        threads: of one process.
        scratch: folder for working folders.
    """

    ffmpeg: Tool
    model: str = ""
    model_file: Tool | None = None
    threads: Tuning[int] = 1
    scratch: Tuning[Path] = Path(tempfile.gettempdir())


@frozen
class Outcome:
    """How a process ended.

    Args:
        code: its exit code, negative where a signal ended it.
        complaint: the first line that it wrote to stderr.
        kind: of failure that its complaint is.
        remark: the first line that libvmaf wrote to stdout.
        log: what it measured; None unless it ended well and wrote it.
    """

    code: int
    complaint: str
    kind: str
    remark: str
    log: bytes | None


def run_engine(settings: EngineSettings, arguments: Sequence[str], seconds: float) -> Outcome:
    """Run the engine in a working folder of its own, and end it by force when time is up."""
    command = [
        *(str(settings.ffmpeg.resolve()), "-hide_banner", "-nostdin", "-loglevel", "error", "-y"),
        *("-reinit_filter", "0", "-max_error_rate", "0", "-protocol_whitelist", "file,pipe"),
        *arguments,
        *("-f", "null", "-"),
    ]
    with working_folder(settings) as folder:
        if settings.model_file:
            shutil.copyfile(settings.model_file, folder / MODEL_FILE)
        with (
            (folder / "err").open("wb") as err,
            subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,  # its end is seen at once when the process ends
                stderr=err,
            ) as process,
        ):
            try:
                out, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                reason = "timeout"
                raise ItemFailed(reason, f"the engine took more than {seconds:.0f} s") from None
            finally:
                process.kill()
        log = folder / LOG
        with (folder / "err").open("rb") as written:
            complaint = written.read(_MOST_TEXT).decode(errors="replace")
        return Outcome(
            process.returncode,
            _first_line(complaint),
            _kind(complaint),
            _first_line(out[:_MOST_TEXT].decode(errors="replace")),
            log.read_bytes() if process.returncode == 0 and log.is_file() else None,
        )


def _kind(complaint: str) -> str:
    if _REFUSALS.search(complaint):
        return "refused-by-engine"
    if "matches no streams" in complaint:
        return "no-video"
    return "unreadable" if "Error opening input" in complaint else "damaged"


@contextmanager
def working_folder(settings: EngineSettings) -> Iterator[Path]:
    """Make a private folder that goes away."""
    with tempfile.TemporaryDirectory(
        prefix="clip-", dir=settings.scratch, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def _environment() -> dict[str, str]:
    """Return this process's environment without what makes ffmpeg write reports or colours."""
    kept = {key: value for key, value in os.environ.items() if key != "FFREPORT"}
    return {**kept, "AV_LOG_FORCE_NOCOLOR": "1"}


def _first_line(text: str) -> str:
    return next((line for line in map(printable, text.splitlines()) if line), "")


def printable(text: str) -> str:
    """Return text without addresses, which differ every time, and without control characters."""
    plain = _CONTEXT.sub("", text).strip()
    return "".join(one if one.isprintable() else "?" for one in plain)[:_MOST_DETAIL]
