"""`tablehost replay`: make a table again, and compare."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from attrs import asdict, evolve, frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from tablehost.cli.answer import JsonSwitch, Switch, print_json
from tablehost.cli.reporting import reporter
from tablehost.console.humane import different, number
from tablehost.console.screen import fitted_command, say
from tablehost.console.text import counted, first, printable, shown, some
from tablehost.console.verdicts import style_of
from tablehost.contract.errors import UsageError
from tablehost.objects.path import as_path
from tablehost.trust.evidence.command import replaying
from tablehost.trust.evidence.places import never_there
from tablehost.trust.evidence.subject import Subject, subject

if TYPE_CHECKING:
    from tablehost.trust.diff.rows import RowsDifference
    from tablehost.trust.replay.replay import Asked, Replayed, Sampled

_MOST = 20
_AtLeastOne = Annotated[int | None, Parameter(validator=Number(gte=1))]


@frozen(kw_only=True)
class _Asked:
    sample: _AtLeastOne = None
    """Do only this many of the table's items, and compare their rows."""

    seed: int = 0
    """Seed of the random sample."""

    into: Path | None = None
    """New folder in which to keep the table that is made, and its manifest."""

    workers: _AtLeastOne = None
    """Processes that work in parallel; default: available cores."""

    trust: Switch = False
    """Run what only the manifest names: the file of a builder, and tools by their paths."""


def replay(
    path: Path,
    /,
    *,
    asked: Annotated[_Asked, Parameter(name="*")] = _Asked(),  # it is frozen
    moved: Annotated[
        tuple[str, ...], Parameter(name="--map", negative=(), show_default=False)
    ] = (),
    script: Switch = False,
    as_json: JsonSwitch = False,
) -> int:
    """Make a table again from its manifest alone, elsewhere, and compare.

    This runs the builder that the manifest names; without --into its table is deleted afterwards.
    The file of a builder, and a tool that was given by its path, are run with --trust alone and
    only if they are what they were; what would run is listed first.
    The outcome is reproduced-bytes, reproduced-rows or within-tolerance, or with exit code 1
    differs, inputs-changed, code-changed, environment-changed or cannot.

    Args:
        path: The table, or its manifest.
        asked: How to make it again.
        moved: OLD=NEW, the new place of an input or a folder of inputs; may be given more than
            once.
        script: Print the command that makes the table again, in ./replay or --into; run nothing.
        as_json: Write the answer as one JSON object.
    """
    found = _moved(subject(path), moved)
    if script:
        _print_script(found, (asked.into or Path("replay")) / found.table.name, as_json=as_json)
        return 0
    from tablehost.trust.replay.replay import Asked  # pyarrow, and help does without

    answer = _replay(found, Asked(**asdict(asked)), as_json=as_json)
    if as_json:
        print_json(answer)
    else:
        _print(answer)
    return answer.exit_code


def _replay(found: Subject, asked: Asked, *, as_json: bool) -> Replayed:
    from tablehost.trust.replay.replay import replay as again

    says = reporter(as_json=as_json, quiet=False)
    log = logging.getLogger("tablehost")
    log.setLevel(logging.INFO)
    log.addHandler(says)
    try:
        return again(found, asked, says)
    finally:
        log.removeHandler(says)


def _moved(found: Subject, given: Sequence[str]) -> Subject:
    moved = {}
    for one in given:
        old, _, new = one.partition("=")
        if not old or not new:
            msg = f"--map: {one!r} is not OLD=NEW"
            raise UsageError(msg)
        moved[as_path(old)] = as_path(new)
    found = evolve(found, moved=moved)
    unused = [] if found.problem else never_there(found)
    if unused:
        below = some([*map(str, unused)])
        msg = f"--map: no path in {found.place} is below {below}; see `tablehost show`"
        raise UsageError(msg)
    return found


def _print_script(found: Subject, out: Path, *, as_json: bool) -> None:
    script = replaying(found, out)
    if as_json:
        print_json(script)
        return
    for remark in script.remarks:
        print(printable(f"# {remark}".replace("\n", "\\n")))
    print(fitted_command(sys.stdout, script.command))


def _print(answer: Replayed) -> None:
    say(answer.verdict, f"  {shown(Path(answer.table))}", style=style_of(answer.verdict))
    details = [*_sample_lines(answer.sample), *answer.why, *_row_lines(answer.rows)]
    for line in (*first(details, _MOST, "; --json has them all"), *answer.remarks):
        say(f"  {line}", hang=2)
    if answer.kept:
        say(f"  kept as {answer.kept}", hang=2)


def _row_lines(rows: RowsDifference | None) -> Iterator[str]:
    """Yield what differs in the rows; `a` is the table, `b` what was made again."""
    if rows is None:
        return
    for count, single, several, what in (
        (rows.changed_rows, "has", "have", "other values"),
        (rows.removed, "is", "are", "in the table only"),
        (rows.added, "is", "are", "missing in the table"),
    ):
        if count:
            yield f"{counted(count, 'row')} {single if count == 1 else several} {what}"
    if rows.reordered:
        yield "the rows are in another order"
    for name, cells in rows.columns.items():
        largest = "" if cells.largest is None else f", largest difference {number(cells.largest)}"
        one = cells.example
        where = ", ".join(f"{key} {value}" for key, value in one.where.items())
        a, b = different(one.a, one.b)
        yield f"{name}: {counted(cells.changed, 'cell')}{largest}; at {where}: {a} -> {b}"
    yield from (f"{name}: cannot be compared" for name in rows.incomparable)


def _sample_lines(sample: Sampled | None) -> Iterator[str]:
    if sample is not None:
        yield (
            f"sample: {sample.items} of {counted(sample.of, 'item')}, seed {sample.seed}; a sample "
            f"this size catches {100 * sample.share:.2f} % bad items or more with 95 % probability"
        )
