"""The report of a run that failed, `<out>.failed.json`."""

from __future__ import annotations

import logging
import traceback

import attrs

from tablehost.console.text import utc_now
from tablehost.contract.build import Items
from tablehost.files.atomic import write_atomically
from tablehost.host.request import Request
from tablehost.manifest.write import to_json
from tablehost.options.record import recorded

_log = logging.getLogger("tablehost")


def report(request: Request, run_id: str, items: Items, error: BaseException) -> None:
    """Write why a run failed, which items failed in it, and what to do next."""
    path = request.output.failed
    content = {
        "schema": "tablehost-failed-run-v1",
        "run_id": run_id,
        "builder": str(request.builder),
        "args": recorded(request.options),
        "failed_at": utc_now(),
        "error": request.redact(str(error)),
        "traceback": request.redact("".join(traceback.format_exception(error))),
        "failures": [attrs.asdict(failure) for failure in items.failures],
        "go_on": "fix the cause and run the same command again; finished items are kept",
    }
    try:
        write_atomically(path, to_json(content))
    except OSError as cause:
        _log.warning("%s could not be written: %s", path, cause.strerror)
