"""`tablehost why`: whether tables are stale, and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tablehost.cli.answer import JsonSwitch, print_json
from tablehost.console.text import first, printable, shell_line, shown
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
            for line in _lines(answer):
                print(printable(line.replace("\n", "\\n")), flush=True)
    if as_json:
        print_json({"tables": answers})
    return 0 if all(answer.verdict == "current" for answer in answers) else 1


def _lines(answer: Staleness) -> Iterator[str]:
    yield f"{answer.verdict:<8} {shown(Path(answer.table))}"
    for reason in answer.reasons:
        yield f"    {reason.kind:<22}{reason.text}"
        yield from (f"        {detail}" for detail in first(reason.details, _AS_MANY))
    if answer.notes:
        yield f"    also different        {', '.join(first(answer.notes, _AS_MANY))}"
    for command in answer.refresh.commands if answer.refresh else ():
        yield f"    to refresh            {shell_line(command)}"
    for remark in answer.refresh.remarks if answer.refresh else ():
        yield f"    note                  {remark}"
