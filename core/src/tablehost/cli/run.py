"""`tablehost run`: build a table."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from cyclopts import App, Parameter

from tablehost.builders.builder import Builder
from tablehost.builders.discover import names_with
from tablehost.builders.load import load
from tablehost.cli import complain, flags, show_traceback
from tablehost.cli.plan import dry_run
from tablehost.console.reporter import Reporter, duration, reporter
from tablehost.contract.errors import Interrupted, Refused, TablehostError, UsageError
from tablehost.host.request import Landed, Request
from tablehost.options import config_file as config
from tablehost.options.fields import Given, from_environment, resolve
from tablehost.options.host_options import HostOptions

_HELP = ("--help", "-h")
_SUMMARY = "Build a table and its manifest. BUILDER is one of these, or the path of a Python file."


def run(
    *tokens: Annotated[str, Parameter(allow_leading_hyphen=True, show=False)],
) -> int:
    """Build a table and its manifest with a builder.

    `tablehost plugins` lists the builders; `tablehost run BUILDER --help` shows the options of
    one. A builder may also be a file: `tablehost run ./my_builder.py`.
    """
    if not tokens or tokens[0] in _HELP:
        _print_help()
        return 0 if tokens else 2
    name, *rest = tokens
    if name.startswith("-"):
        msg = f"name the builder before its options: tablehost run BUILDER {' '.join(tokens)}"
        raise UsageError(msg)
    builder = load(name)
    given = flags.parse(
        f"tablehost run {name}",
        builder.summary,
        {f"Options of {builder.name}": builder.options_class, "Of every run": HostOptions},
        rest,
    )
    if given is None:
        return 0
    return _run(builder, given)


def _run(builder: Builder, given: Mapping[str, Given]) -> int:
    settings = _host_options(builder, given)
    says = reporter(as_json=settings.json, quiet=settings.quiet)
    log = logging.getLogger("tablehost")
    log.setLevel(logging.DEBUG if settings.verbose else logging.INFO)
    log.addHandler(says)
    redact: Callable[[str], str] = str
    try:
        request = _request(builder, given, settings)
        redact = request.redact
        says.addFilter(request.redact.filter)
        if settings.dry_run:
            return dry_run(request)
        from tablehost.host.run import run as run_host  # what a run needs, and help does not

        # Row groups follow each other in memory of one size, which this allocator hands on;
        # Arrow's own give it back to the system, and fetch it again page by page.
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        landed = run_host(request, says)
    except TablehostError as error:
        return _failed(error, builder, settings, says, redact)
    finally:
        log.removeHandler(says)
    _tell(landed, request, says)
    return landed.exit_code


def _host_options(builder: Builder, given: Mapping[str, Given]) -> HostOptions:
    """Resolve the options of every run; without them it is not even known how to complain."""
    environment = from_environment(HostOptions, "TABLEHOST_", os.environ)
    explicit = given.get("config") or environment.get("config")
    path = config.locate(explicit.raw if explicit else None)
    file = config.section(path, "tablehost", HostOptions, known=partial(names_with, builder.name))
    resolved = resolve(HostOptions, given, environment, file)
    if resolved.problems:
        raise Refused([f"{builder}: {problem}" for problem in resolved.problems])
    settings: HostOptions = resolved.instance
    return settings


def _request(builder: Builder, given: Mapping[str, Given], settings: HostOptions) -> Request:
    path = config.locate(str(settings.config) if settings.config else None)
    file = config.section(
        path, builder.name, builder.options_class, known=partial(names_with, builder.name)
    )
    prefix = f"TABLEHOST_{builder.name.upper()}_"
    environment = from_environment(builder.options_class, prefix, os.environ)
    resolved = resolve(builder.options_class, given, environment, file)
    if resolved.problems:
        raise Refused(resolved.problems)
    return Request(
        builder=builder,
        options=resolved.instance,
        sources=resolved.sources,
        host=settings,
        argv=tuple(sys.argv),
    )


def _tell(landed: Landed, request: Request, says: Reporter) -> None:
    items = landed.items
    if request.host.json:
        print(json.dumps(_result(landed), sort_keys=True))
        return
    if landed.outcome == "nothing-to-do":
        says.say(f"nothing to do: {landed.output.table} is up to date and was left as it is")
        return
    for failure in items.failures[:10]:
        says.say(f"failed  {failure.key}: {failure.reason}: {failure.detail}")
    if len(items.failures) > 10:  # noqa: PLR2004  # as many as a screen takes
        says.say(f"failed  ... and {len(items.failures) - 10} more, all in the manifest")
    says.say(f"table     {landed.output.table} ({landed.rows} rows)")
    says.say(f"manifest  {landed.output.manifest}")
    says.say(f"{landed.outcome} in {duration(landed.elapsed)}")
    if items.failed:
        says.say("failed items are tried again by the same command")


def _result(landed: Landed) -> dict[str, Any]:
    items = landed.items
    return {
        "status": landed.outcome,
        "exit_code": landed.exit_code,
        "out": str(landed.output.table),
        "manifest": str(landed.output.manifest),
        "run_id": landed.run_id,
        "rows": landed.rows,
        "items": {
            "total": items.total,
            "done_before": items.done_before,
            "ok": items.ok,
            "failed": items.failed,
            "removed": items.removed,
        },
        "elapsed_seconds": round(landed.elapsed, 3),
    }


def _failed(
    error: TablehostError,
    builder: Builder,
    settings: HostOptions,
    says: Reporter,
    redact: Callable[[str], str],
) -> int:
    problems = [redact(problem) for problem in _problems(error, builder)]
    if settings.verbose:
        show_traceback(error, redact)
    if not settings.json:
        complain(problems)
        return error.exit_code
    for problem in problems:
        says.event("problem", message=problem)
    status = "interrupted" if isinstance(error, Interrupted) else "error"
    result = {"status": status, "exit_code": error.exit_code, "problems": problems}
    print(json.dumps(result, sort_keys=True))
    return error.exit_code


def _problems(error: TablehostError, builder: Builder) -> list[str]:
    if isinstance(error, Interrupted):
        return [f"{error}; finished items are kept, and the same command goes on from there"]
    who = "" if error.builder else f"{builder}: "
    where = f" (details in {error.report})" if error.report else ""
    return [f"{who}{problem}{where}" for problem in error.problems]


def _print_help() -> None:
    App(
        name="tablehost run",
        help=_SUMMARY,
        usage="Usage: tablehost run BUILDER [OPTIONS]",
        help_flags=(),
        version_flags=(),
    ).help_print([])
    from tablehost.builders.discover import READY, discover  # only for this

    for listing in discover():
        status = listing.summary if listing.status == READY else listing.status
        print(f"  {listing.name:<16} {status}")
    print("\ntablehost run BUILDER --help shows the options of one.")
