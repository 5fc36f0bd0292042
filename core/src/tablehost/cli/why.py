"""`tablehost why`: whether tables are stale, and why."""

from __future__ import annotations

import sys
from pathlib import Path

from tablehost.cli.answer import JsonSwitch, print_json
from tablehost.console.humane import with_moments
from tablehost.console.screen import fitted_command, is_terminal, say
from tablehost.console.text import first, shown
from tablehost.console.verdicts import style_of
from tablehost.trust.evidence.subject import subjects
from tablehost.trust.why.why import Staleness
from tablehost.trust.why.why import why as staleness_of

_AS_MANY = 5
"""How many details of a reason are printed; JSON has them all."""


def why(path: Path, /, *, as_json: JsonSwitch = False) -> int:
    """Show whether a table is stale, why, and which command refreshes it.

    A table is stale if it is not the one that its manifest describes, if its inputs, the
    defaults of its options, a tool, or the version or code of its builder changed since, if a
    table that it was made of was rebuilt, or if items failed that may succeed now. A stale
    parent is reported but does not make it stale. Where too little is recorded, the answer is
    unknown. A builder that is a file is read and not imported. Exit code 1 if any table is not
    current.

    Args:
        path: The table, its manifest, or a folder for every table in it.
        as_json: Write the answers as JSON.
    """
    answers = []
    for answer in staleness_of(subjects([path])):
        answers.append(answer)
        if not as_json:
            _print(answer)
    if as_json:
        print_json({"tables": answers})
    return 0 if all(answer.verdict == "current" for answer in answers) else 1


def _print(answer: Staleness) -> None:
    say(f"{answer.verdict:<8}", f" {shown(Path(answer.table))}", style=style_of(answer.verdict))
    for reason in answer.reasons:
        text = with_moments(reason.text) if is_terminal(sys.stdout) else reason.text
        say(f"    {reason.kind:<22}", text, hang=22)
        for detail in first(reason.details, _AS_MANY):
            say(f"        {detail}")
    if answer.notes:
        say(f"    also different        {', '.join(first(answer.notes, _AS_MANY))}", hang=22)
    for command in answer.refresh.commands if answer.refresh else ():
        print(fitted_command(sys.stdout, command, "    to refresh            "), flush=True)
    for remark in answer.refresh.remarks if answer.refresh else ():
        say(f"    note                  {remark}", hang=22)
