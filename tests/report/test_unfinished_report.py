"""Pages of runs that have not ended, and of a run that writes its own."""

from __future__ import annotations

import re
import signal
import sqlite3
import time

import pytest
from page_text import words


@pytest.fixture
def going(squares):
    """Give a project in which a slow run is at its work."""
    command = ("--count", 40, "--slow", 0.1, "--workers", 1, "--out", "t.parquet")
    process = squares.start("run", "./squares.py", *command)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        done = squares.path / "worked-on"
        if done.exists() and len(done.read_text().split()) > 3:
            break
        time.sleep(0.02)
    yield squares, process
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (squares.path / "t.parquet.lock").unlink(missing_ok=True)


@pytest.mark.long
def test_the_page_of_a_run_that_has_not_ended_says_what_remains(going):
    project, process = going
    assert project.run("report", "t.parquet", "--out", "running.html").code == 0
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert project.run("report", "t.parquet", "--out", "stopped.html").code == 0
    running, stopped = (
        words((project.path / f"{state}.html").read_text()) for state in ("running", "stopped")
    )
    assert "run: running" in running
    assert re.search(r"[1-9]\d* of 40 items are done \([\d.]+ %\), 0 failed, \d+ are left", running)
    assert "run: stopped" in stopped
    assert "The same command resumes from there" in stopped
    assert "resumes" not in running
    assert project.run("report", ".").code == 0
    assert "1 stopped" in words((project.path / "report.html").read_text())


def test_a_later_run_that_was_stopped_is_said_beside_the_table(squared):
    with sqlite3.connect(squared.path / "t.parquet.ledger") as db:
        db.execute("UPDATE sessions SET run_id = 'later', outcome = NULL, total = 9")
    db.close()
    assert squared.run("report", "t.parquet").code == 0
    said = words((squared.path / "t.parquet.report.html").read_text())
    assert "run: complete" in said
    assert "a later run: stopped" in said
    assert "5 of 9 items are done (55.6 %), 0 failed, 4 are left." in said


def test_a_ledger_that_cannot_be_read_costs_a_page_nothing_else(squared):
    (squared.path / "t.parquet.ledger").write_bytes(b"no ledger")
    assert squared.run("report", "t.parquet").code == 0


def test_run_with_report_writes_the_page_and_says_where(words):
    ended = words.run("run", "./words.py", "--text", "t.txt", "--out", "t.parquet", "--report")
    assert ended.code == 0
    assert "page      t.parquet.report.html" in ended.err
    assert "2 rows × 2 columns" in (words.path / "t.parquet.report.html").read_text()
