"""Write `docs/reliability.md` from the tests that are marked with an outcome.

A mark on a test makes one line, whose case is the test's name; a mark on a parameter makes a line
of its own, whose case is the parameter's id.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reliability.md"
# Section: the files whose cases it lists, in this order.
SECTIONS = {
    "Clips": (
        "test_extract_faults_clips.py",
        "test_extract_faults_files.py",
        "test_extract_faults_changes.py",
        "test_extract_checksums.py",
    ),
    "Labels, metadata, options": (
        "test_extract_faults_labels.py",
        "test_extract_faults_options.py",
        "test_options.py",
        "test_broken_options.py",
        "test_renamed_options.py",
        "test_claims.py",
    ),
    "Outputs and machine": (
        "test_outputs.py",
        "test_disk.py",
        "test_identity.py",
        "test_item_values.py",
        "test_results.py",
        "test_large_results.py",
        "test_listing.py",
        "test_ledger.py",
        "test_ledger_bits.py",
        "test_ledger_formats.py",
        "test_earlier_code.py",
        "test_code_edited_meanwhile.py",
        "test_code_of_items.py",
        "test_histories.py",
        "test_ledger_trouble.py",
        "test_digest_cache.py",
        "test_item_files.py",
        "test_checked_items.py",
        "test_commit.py",
        "test_lock.py",
        "test_intent.py",
        "test_every_call.py",
        "test_power_cut.py",
        "test_readers.py",
        "test_interrupted.py",
        "test_extract_faults_restart.py",
        "test_workers.py",
        "test_memory.py",
    ),
    "On a cluster": ("test_cluster.py", "test_cluster_faults.py", "test_cluster_objects.py"),
    "What others wrote": ("test_reading.py",),
    "Inputs in an object store": (
        "test_object_items.py",
        "test_object_builders.py",
        "test_object_store.py",
        "test_object_trust.py",
    ),
    "Builders": (
        "test_plugins.py",
        "test_returns.py",
        "test_described.py",
        "test_handed.py",
        "test_observed.py",
        "test_links.py",
    ),
    "Properties": (
        "test_options_roundtrip.py",
        "test_map_property.py",
        "test_manifest_property.py",
        "test_text.py",
    ),
    "Streams and secrets": (
        "test_streams.py",
        "test_printed.py",
        "test_show.py",
        "test_secrets.py",
    ),
}
HEAD = """# Reliability

What becomes of bad input and of faults, in {count} cases. Nearly all of them run the command line
as a user does, and none may leave a process, a temporary file or a lock behind. The page is made
from the tests by `python tests/reliability.py`; a test fails where it is out of date.

`make faults` lets each call of two small runs fail with EIO or ENOSPC, or be the last one before
SIGKILL, and cuts the power after each of their operations. At the last full run 534 of 534 calls
held, and 140 of 140 states of the disk.

What no decoder notices is no failure here: of 280 clips with one flipped bit that every decoder
took without complaint, 221 had other values than the clip that they came from, and each was a row.
"Fails as `damaged`" holds for damage that breaks the stream. The digests in the manifest are of the
bytes that were measured; they cannot show that these are the bytes that were published. A list of
published checksums does: with `--checksums`, a clip that differs in any bit fails as
`checksum-mismatch`, and one that is not in the list is counted.
"""


class Collector:
    """Collects the tests that have an outcome."""

    def __init__(self) -> None:
        self.lines: dict[str, dict[str, None]] = {}
        self.links: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            mark = item.get_closest_marker("outcome")
            if mark and isinstance(item, pytest.Function):
                lines = self.lines.setdefault(item.path.name, {})
                lines[line(item, mark)] = None
                self.links[item.path.stem] = f"../{item.path.relative_to(TESTS.parent)}"


def line(item: pytest.Function, mark: pytest.Mark) -> str:
    """Return a line of the table; the parameters of one test share it, unless they are marked."""
    of_test = mark in getattr(item.function, "pytestmark", [])
    case = item.originalname.removeprefix("test_").replace("_", " ")
    if not of_test:
        case = item.name[len(item.originalname) + 1 : -1]
    link = f"[{item.originalname}][{item.path.stem}]"
    cells = (f"{case[:1].upper()}{case[1:]}", mark.args[0], link)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def page() -> str:
    """Collect the tests and return the page."""
    collector = Collector()
    options = ["--collect-only", "-q", "-p", "no:cacheprovider", "--rootdir", str(TESTS.parent)]
    marked = [str(path) for path in TESTS.rglob("test_*.py") if "mark.outcome" in path.read_text()]
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        code = pytest.main([*options, *sorted(marked)], plugins=[collector])
    if code:
        sys.exit(f"the tests cannot be collected: {code!r}")
    parts = [HEAD.format(count=sum(map(len, collector.lines.values())))]
    for section, files in SECTIONS.items():
        lines = [line for file in files for line in collector.lines.pop(file, {})]
        if lines:
            table = ["| Case | Outcome | Test |", "| --- | --- | --- |", *lines]
            parts += [f"## {section}\n", "\n".join([*table, ""])]
    if collector.lines:
        sys.exit(f"name the section of {', '.join(collector.lines)} in SECTIONS")
    links = [f"[{name}]: {path}" for name, path in sorted(collector.links.items())]
    return "\n".join([*parts, *links, ""])


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    target.write_text(page())
