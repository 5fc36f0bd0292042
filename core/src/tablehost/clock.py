"""Times and names of runs."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

RUN_ID = r"\d{8}T\d{6}Z-[0-9a-f]{8}"
"""What `new_run_id` returns, as a regular expression."""


def utc_now() -> str:
    """Return the time as the manifest writes it: `2026-05-21T09:30:00.123456Z`."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def new_run_id() -> str:
    """Return a name for a run that sorts by time and is not given twice."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ-") + secrets.token_hex(4)
