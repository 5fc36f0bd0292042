"""`tablehost run`: build a table."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablehost.builders.discover import READY, discover, names_with
from tablehost.builders.load import check, load
from tablehost.cli import complain, flags, of_the_system, show_traceback
from tablehost.console.streams import say
from tablehost.console.text import counted, first, printable
from tablehost.contract.errors import Interrupted, Refused, TablehostError, UsageError
from tablehost.options import config_file as config
from tablehost.options.convert import RawValue
from tablehost.options.fields import Resolved, from_environment, resolve
from tablehost.options.host_options import HOST, HostOptions

if TYPE_CHECKING:  # what a run needs, and help does not
    from tablehost.builders.builder import Builder
    from tablehost.console.reporter import Reporter
    from tablehost.host.request import Landed, Request

_HELP = ("--help", "-h")
_MOST_FAILURES = 10
_SUMMARY = "Build a table and its manifest. BUILDER is one of these, or the path of a Python file."


def run(*tokens: str) -> int:
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
    printed: list[str] = []
    try:
        return _parsed(load(name, printed.append), name, rest, printed)
    finally:
        for line in printed:  # which no reporter has shown
            say(printable(line))


def _parsed(builder: Builder, name: str, rest: list[str], before: list[str]) -> int:
    given = flags.parse(
        f"tablehost run {name}",
        builder.summary,
        {f"Options of {builder.name}": builder.options_class, "Of every run": HostOptions},
        rest,
    )
    if given is None:
        return 0
    check(builder)
    return _run(builder, given, before)


def _run(builder: Builder, given: Mapping[str, RawValue], before: list[str]) -> int:
    """Run a builder.

    Args:
        builder: which one.
        given: its options, and the host's.
        before: what it printed while it was imported; shown like everything it prints.
    """
    gc.enable()
    settings = _host_options(builder, given)
    import logging

    from tablehost.cli.reporting import reporter
    from tablehost.console.printed import printing_to

    out = reporter(as_json=settings.json, quiet=settings.quiet)
    log = logging.getLogger("tablehost")
    log.setLevel(logging.DEBUG if settings.verbose else logging.INFO)
    log.addHandler(out)
    redact: Callable[[str], str] = str
    try:
        with printing_to(out) as printed:
            while before:
                printed.line(before.pop(0).encode())
            request = _request(builder, given, settings)
            redact = request.redact
            out.addFilter(request.redact.filter)
            printed.remove(request.redact.of_lines)
        if settings.dry_run:
            from tablehost.cli.plan import dry_run

            return dry_run(request)
        landed = _built(request, out)
    except TablehostError as error:
        return _failed(error, builder, settings, out, redact)
    except OSError as error:
        explained = TablehostError(of_the_system(error)).with_traceback(error.__traceback__)
        return _failed(explained, builder, settings, out, redact)
    finally:
        log.removeHandler(out)
    page = _page(landed) if settings.report else None
    _report(landed, request, out, page)
    return landed.exit_code


def _built(request: Request, out: Reporter) -> Landed:
    from tablehost.host.run import run as run_host

    # Row groups follow each other in memory of one size, which this allocator hands on;
    # Arrow's own give it back to the system, and fetch it again page by page.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    return run_host(request, out)


def _host_options(builder: Builder, given: Mapping[str, RawValue]) -> HostOptions:
    """Resolve the options of every run, which say how a problem is to be reported."""
    explicit = given.get("config") or from_environment(HostOptions, HOST, os.environ).get("config")
    path = config.locate(explicit.raw if explicit else None)
    try:
        settings: HostOptions = _resolved(builder, HostOptions, HOST, given, path).instance
    except Refused as refused:
        problems = list(refused.problems)
        try:
            _resolved(builder, builder.options_class, builder.name, given, path)
        except Refused as more:
            problems += more.problems
        raise Refused(problems) from None
    return settings


def _request(builder: Builder, given: Mapping[str, RawValue], settings: HostOptions) -> Request:
    from tablehost.host.request import Request

    path = config.locate(str(settings.config) if settings.config else None)
    resolved = _resolved(builder, builder.options_class, builder.name, given, path)
    return Request(
        builder=builder,
        options=resolved.instance,
        sources=resolved.sources,
        host=settings,
        argv=tuple(sys.argv),
    )


def _resolved(
    builder: Builder, cls: type, section: str, given: Mapping[str, RawValue], path: Path | None
) -> Resolved:
    """Resolve options from flags, environment and a section of the configuration."""
    known = partial(names_with, builder.name)
    file = config.section(path, section, cls, known)
    resolved = resolve(cls, given, from_environment(cls, section, os.environ), file)
    if resolved.renamed:
        import logging

        for sentence in resolved.renamed:
            logging.getLogger("tablehost").warning(sentence)
    if resolved.problems:
        raise Refused(resolved.problems)
    return resolved


def _page(landed: Landed) -> Path | None:
    """Write the page of a table that has landed; where that fails, say so and go on."""
    from tablehost.report.table_page import Asked
    from tablehost.report.write import write_page
    from tablehost.trust.evidence.subject import at

    try:
        return write_page(at(landed.output.table, landed.output.manifest), Asked()).page
    except (OSError, TablehostError) as error:
        say(printable(f"tablehost: the table has landed, its page could not be written: {error}"))
        return None


def _report(landed: Landed, request: Request, out: Reporter, page: Path | None) -> None:
    from tablehost.console.humane import duration

    items, table, took = landed.items, landed.output.table, duration(landed.elapsed)
    if request.host.json:
        print(json.dumps(_result(landed, page), sort_keys=True))
        return
    if landed.outcome == "nothing-to-do":
        out.say("up to date:", f" {table} ({counted(items.total, 'item')})", style="good")
        _say_page(page, out)
        return
    failures = [f"{one.key}: {one.reason}: {one.detail}" for one in items.failures]
    for line in first(failures, _MOST_FAILURES, ", all in the manifest"):
        out.say("failed", f"  {line}", style="bad")
    out.say(f"table     {table} ({counted(landed.rows, 'row')})")
    out.say(f"manifest  {landed.output.manifest}")
    _say_page(page, out)
    if not items.failed:
        out.say(landed.outcome, f" in {took}", style="good")
        return
    said = f" {items.failed:,} of {items.total:,} failed, in {took}"
    out.say(f"{landed.outcome}:", said, style="doubtful")
    out.say("failed items are tried again by the same command:")
    out.command(["tablehost", *map(request.redact, request.argv[1:])])


def _say_page(page: Path | None, out: Reporter) -> None:
    if page is not None:
        out.say(f"page      {page}")


def _result(landed: Landed, page: Path | None) -> dict[str, Any]:
    counts = ("total", "done_before", "ok", "failed", "removed", "left_out")
    return {
        "status": landed.outcome,
        "exit_code": landed.exit_code,
        "out": str(landed.output.table),
        "manifest": str(landed.output.manifest),
        "run_id": landed.run_id,
        "rows": landed.rows,
        "items": {name: getattr(landed.items, name) for name in counts},
        "elapsed_seconds": round(landed.elapsed, 3),
    } | ({"page": str(page)} if page else {})


def _failed(
    error: TablehostError,
    builder: Builder,
    settings: HostOptions,
    out: Reporter,
    redact: Callable[[str], str],
) -> int:
    problems = [redact(problem) for problem in _problems(error, builder)]
    if settings.verbose:
        show_traceback(error, redact)
    if not settings.json:
        complain(problems)
        return error.exit_code
    for problem in problems:
        out.event("problem", message=problem)
    status = "interrupted" if isinstance(error, Interrupted) else "error"
    result = {"status": status, "exit_code": error.exit_code, "problems": problems}
    print(json.dumps(result, sort_keys=True))
    return error.exit_code


def _problems(error: TablehostError, builder: Builder) -> list[str]:
    if isinstance(error, Interrupted):
        return [f"{error}; finished items are kept, and the same command resumes from there"]
    who = "" if error.builder else f"{builder}: "
    where = f" (details in {error.report})" if error.report else ""
    return [f"{who}{problem}{where}" for problem in error.problems]


def _print_help() -> None:
    from cyclopts import App

    App(
        name="tablehost run",
        help=_SUMMARY,
        usage="Usage: tablehost run BUILDER [OPTIONS]",
        help_flags=(),
        version_flags=(),
    ).help_print([])
    for listing in discover():
        status = listing.summary if listing.status == READY else listing.status
        print(f"  {listing.name:<16} {status}")
    print("\ntablehost run BUILDER --help shows the options of one.")
