"""`tablehost run`: build a table."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import App, Parameter

from tablehost import config, preflight
from tablehost.cli import complain, flags, raise_to_person
from tablehost.errors import Interrupted, Refused, TablehostError, UsageError
from tablehost.options import Given, from_environment, recorded, resolve
from tablehost.plugins import Builder, load
from tablehost.report import Reporter, duration, reporter
from tablehost.request import HostOptions, Landed, Request, check_collisions

_HELP = ("--help", "-h")
_SUMMARY = "Build a table and its manifest with a builder: tablehost run BUILDER [OPTIONS]."


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
    check_collisions(builder)
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
    try:
        request = _request(builder, given, settings)
        if settings.dry_run:
            return _dry_run(request)
        from tablehost import host  # noqa: PLC0415  # what a run needs, and help does not

        landed = host.run(request, says)
    except TablehostError as error:
        return _failed(error, settings, builder, says)
    finally:
        log.removeHandler(says)
    _tell(landed, request, says)
    return landed.exit_code


def _host_options(builder: Builder, given: Mapping[str, Given]) -> HostOptions:
    """Resolve the options of every run; without them it is not even known how to complain."""
    environment = from_environment(HostOptions, "TABLEHOST_", os.environ)
    explicit = given.get("config") or environment.get("config")
    path = config.locate(explicit.raw if explicit else None)
    file = config.section(path, "tablehost", HostOptions, known={builder.name})
    resolved = resolve(HostOptions, given, environment, file)
    if resolved.problems:
        raise Refused([f"{builder}: {problem}" for problem in resolved.problems])
    settings: HostOptions = resolved.instance
    return settings


def _request(builder: Builder, given: Mapping[str, Given], settings: HostOptions) -> Request:
    path = config.locate(str(settings.config) if settings.config else None)
    file = config.section(path, builder.name, builder.options_class, known={builder.name})
    prefix = f"TABLEHOST_{builder.name.upper()}_"
    environment = from_environment(builder.options_class, prefix, os.environ)
    resolved = resolve(builder.options_class, given, environment, file)
    if resolved.problems:
        raise Refused([f"{builder}: {problem}" for problem in resolved.problems])
    return Request(
        builder=builder,
        options=resolved.instance,
        sources=resolved.sources,
        host=settings,
        argv=tuple(sys.argv),
    )


def _dry_run(request: Request) -> int:
    """Say what a run would do; of the builder's code only its validators have run."""
    output, settings = request.output, request.host
    problems = preflight.problems(request.options, output, overwrite=settings.overwrite)
    if not problems and not settings.overwrite:
        problems = preflight.refusals(output, request.builder.name)
    plan = {
        "builder": str(request.builder),
        "options": {
            name: {"value": value, "from": request.sources[name]}
            for name, value in recorded(request.options).items()
        },
        "inputs": preflight.inputs(request.options),
        "outputs": {"table": str(output.table), "manifest": str(output.manifest)},
        "would": preflight.intention(output),
        "workers": request.workers,
        "problems": problems,
        "note": "dry run: nothing was written, and of the builder only its validators ran",
    }
    if settings.json:
        print(json.dumps(plan, indent=2, sort_keys=True))
    else:
        _print_plan(plan)
        complain(problems)
    return 2 if problems else 0


def _print_plan(plan: Mapping[str, Any]) -> None:
    print(f"builder  {plan['builder']}")
    for name, option in plan["options"].items():
        print(f"option   {name} = {json.dumps(option['value'])} (from {option['from']})")
    for found in plan["inputs"]:
        print(f"input    {found['option']}: {found['path']} ({found['found']})")
    for what, path in plan["outputs"].items():
        print(f"output   {what}: {path}")
    print(f"would    {plan['would']}, with {plan['workers']} workers")
    print(plan["note"])


def _tell(landed: Landed, request: Request, says: Reporter) -> None:
    items = landed.items
    if request.host.json:
        print(
            json.dumps(
                {
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
                },
                sort_keys=True,
            )
        )
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


def _failed(error: TablehostError, settings: HostOptions, builder: Builder, says: Reporter) -> int:
    if isinstance(error, Interrupted):
        going_on = "finished items are kept, and the same command goes on from there"
        problems = [f"stopped by {error}; {going_on}"]
    else:
        texts = error.problems if isinstance(error, Refused) else [str(error)]
        who = str(builder)
        problems = [text if who in text else f"{who}: {text}" for text in texts]
    if settings.verbose:
        raise_to_person(error)
    if not settings.json:
        complain(problems)
    else:
        for problem in problems:
            says.event("problem", message=problem)
        status = "interrupted" if isinstance(error, Interrupted) else "error"
        result = {"status": status, "exit_code": error.exit_code, "problems": problems}
        print(json.dumps(result, sort_keys=True))
    return error.exit_code


def _print_help() -> None:
    App(
        name="tablehost run",
        help=_SUMMARY,
        usage="Usage: tablehost run BUILDER [OPTIONS]",
        version_flags=(),
    ).help_print([])
    from tablehost.plugins import READY, discover  # noqa: PLC0415

    for listing in discover():
        status = listing.summary if listing.status == READY else listing.status
        print(f"  {listing.name:<16} {status}")
