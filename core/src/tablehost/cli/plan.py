"""`tablehost run --dry-run`: show the plan of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tablehost.cli import complain
from tablehost.console.screen import say
from tablehost.host import preflight
from tablehost.host.earlier_code import in_ledger
from tablehost.host.replacing import Earlier
from tablehost.host.request import Request
from tablehost.options.record import recorded
from tablehost.provenance.given import given_paths


def dry_run(request: Request) -> int:
    """Show what a run would do; of the builder's code only its validators have run."""
    output, settings = request.output, request.host
    given = given_paths(request.options)
    problems = preflight.problems(given, output, overwrite=settings.overwrite)
    if not problems:
        earlier = Earlier.at(output, overwrite=settings.overwrite)
        problems = earlier.refusals(request.builder.name)
    plan = {
        "builder": str(request.builder),
        "options": {
            name: {"value": value, "from": request.sources[name]}
            for name, value in recorded(request.options).items()
        },
        "inputs": preflight.inputs(given),
        "outputs": {"table": str(output.table), "manifest": str(output.manifest)},
        "would": preflight.intention(output),
        "finished": _finished(request),
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


def _finished(request: Request) -> list[str]:
    """Return what is known of finished items before the builder has listed its items."""
    manifest = Earlier.at(request.output).manifest
    if not manifest.item_recipes:
        return []
    of_earlier_code = in_ledger(request.output.ledger, manifest, request.builder)
    unsettled = [f"other code has made {one}" for one in of_earlier_code if one.keep is None]
    return [*unsettled, "which items are to do is not known before the builder has listed them"]


def _print_plan(plan: Mapping[str, Any]) -> None:
    say(f"builder  {plan['builder']}", hang=9)
    for name, option in plan["options"].items():
        say(f"option   {name} = {json.dumps(option['value'])} (from {option['from']})", hang=9)
    for found in plan["inputs"]:
        say(f"input    {found['option']}: {found['path']} ({found['found']})", hang=9)
    for what, path in plan["outputs"].items():
        say(f"output   {what}: {path}", hang=9)
    workers = f"with {plan['workers']} workers" if plan["workers"] else "in this process"
    say(f"would    {plan['would']}, {workers}", hang=9)
    for line in plan["finished"]:
        say(f"finished {line}", hang=9)
    say(plan["note"])
