"""`tablehost run --dry-run`: show the plan of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tablehost.cli import complain
from tablehost.console.text import printable
from tablehost.host import preflight
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
        print(printable(f"input    {found['option']}: {found['path']} ({found['found']})"))
    for what, path in plan["outputs"].items():
        print(printable(f"output   {what}: {path}"))
    workers = f"with {plan['workers']} workers" if plan["workers"] else "in this process"
    print(f"would    {plan['would']}, {workers}")
    print(plan["note"])
