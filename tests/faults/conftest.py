"""What all tests of faults share: they count, and the end of the run has the sums."""

from collections import Counter

import pytest


@pytest.fixture
def count(record_property):
    """Give what notes how many of something were tried, and how many of them were not held."""

    def count(what, tried, wrong):
        record_property("faults", (what, tried, tried - wrong))

    return count


def pytest_terminal_summary(terminalreporter):
    """Print how many were tried and held, of all workers."""
    tried, held = Counter(), Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == "faults" and report.when == "call":
                    what, some, good = value
                    tried[what] += some
                    held[what] += good
    for what, number in tried.items():
        terminalreporter.write_line(f"{what}: {number} tried, {held[what]} held")
