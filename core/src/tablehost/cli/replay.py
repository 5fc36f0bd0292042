"""`tablehost replay`: make a table again, and compare."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from tablehost.cli.answer import Json, print_json
from tablehost.console.reporter import reporter
from tablehost.console.text import counted, printable, shown, some
from tablehost.contract.errors import UsageError
from tablehost.trust.evidence.command import replaying
from tablehost.trust.evidence.places import never_there
from tablehost.trust.evidence.subject import Subject, subject

if TYPE_CHECKING:
    from tablehost.trust.diff.rows import RowsDifference
    from tablehost.trust.replay.replay import Answer, Asked, Sampled

_MOST = 20
_AtLeastOne = Annotated[int | None, Parameter(validator=Number(gte=1))]


def replay(
    path: Path,
    /,
    *,
    sample: _AtLeastOne = None,
    seed: int = 0,
    into: Path | None = None,
    moved: Annotated[
        tuple[str, ...], Parameter(name="--map", negative=(), show_default=False)
    ] = (),
    workers: _AtLeastOne = None,
    script: Annotated[bool, Parameter(negative=())] = False,
    as_json: Json = False,
) -> int:
    """Make a table again from its manifest alone, elsewhere, and compare.

    This runs the builder that the manifest names; nothing is left of it without --into. The first
    word of the answer is reproduced-bytes, reproduced-rows or within-tolerance, or with exit code 1
    differs, inputs-changed, code-changed, environment-changed or cannot.

    Args:
        path: The table, or its manifest.
        sample: Do only so many of the table's items, and compare their rows.
        seed: Draws the items of a sample; another seed draws others.
        into: New folder that keeps the table that is made, and its manifest.
        moved: OLD=NEW, where an input or a folder of inputs lies elsewhere now; may be given more
            than once.
        workers: Processes that work in parallel; as many as this process has cores, unless given.
        script: Print the command that makes the table again, in ./replay or --into; run nothing.
        as_json: Write the answer as one JSON object.
    """
    found = subject(path)
    places = _moved(found, moved)
    if script:
        out = (into or Path("replay")) / found.table.name
        _print_script(found, out, places, as_json=as_json)
        return 0
    from tablehost.trust.replay.replay import Asked  # pyarrow, and help does without

    asked = Asked(moved=places, into=into, workers=workers, sample=sample, seed=seed)
    answer = _replay(found, asked, as_json=as_json)
    if as_json:
        print_json(answer)
    else:
        for line in _lines(answer):
            print(printable(line.replace("\n", "\\n")))
    return answer.exit_code


def _replay(found: Subject, asked: Asked, *, as_json: bool) -> Answer:
    from tablehost.trust.replay.replay import replay as again

    says = reporter(as_json=as_json, quiet=False)
    log = logging.getLogger("tablehost")
    log.setLevel(logging.INFO)
    log.addHandler(says)
    try:
        return again(found, asked, says)
    finally:
        log.removeHandler(says)


def _moved(found: Subject, told: Sequence[str]) -> dict[Path, Path]:
    moved = {}
    for one in told:
        old, _, new = one.partition("=")
        if not old or not new:
            msg = f"--map: {one!r} is not OLD=NEW"
            raise UsageError(msg)
        moved[Path(old)] = Path(new)
    unused = never_there(found, moved) if found.manifest else []
    if unused:
        nowhere = some([*map(str, unused)])
        msg = (
            f"--map: no path that {found.place} tells lies in {nowhere}; "
            "`tablehost show` names its inputs"
        )
        raise UsageError(msg)
    return moved


def _print_script(found: Subject, out: Path, moved: dict[Path, Path], *, as_json: bool) -> None:
    script = replaying(found, out, moved)
    if as_json:
        print_json(script)
        return
    for remark in script.remarks:
        print(printable(f"# {remark}".replace("\n", "\\n")))
    print(shlex.join(script.command))


def _lines(answer: Answer) -> Iterator[str]:
    yield f"{answer.verdict}  {shown(Path(answer.table))}"
    details = [*_sample_lines(answer.sample), *answer.why, *_row_lines(answer.rows)]
    for line in (*details[:_MOST], *answer.remarks):
        yield f"  {line}"
    if len(details) > _MOST:
        yield f"  ... and {counted(len(details) - _MOST, 'more line')}, all of it in --json"
    if answer.kept:
        yield f"  kept as {answer.kept}"


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
        yield "the rows stand in another order"
    for name, cells in rows.columns.items():
        largest = "" if cells.largest is None else f", largest difference {cells.largest:.6g}"
        one = cells.example
        where = ", ".join(f"{key} {value}" for key, value in one.where.items())
        yield f"{name}: {counted(cells.changed, 'cell')}{largest}; at {where}: {one.a} -> {one.b}"
    yield from (f"{name}: cannot be compared" for name in rows.incomparable)


def _sample_lines(sample: Sampled | None) -> Iterator[str]:
    if sample is not None:
        yield (
            f"sample: {sample.items} of {counted(sample.of, 'item')}, seed {sample.seed}; were "
            f"{sample.share:.2%} of them bad or more, it would have shown with 95 % probability"
        )
