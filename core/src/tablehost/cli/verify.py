"""`tablehost verify`: does a table still belong to its manifest?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from tablehost.cli.answer import JsonSwitch, Switch, print_json
from tablehost.cli.reporting import passing_bar
from tablehost.console.reporter import Meter
from tablehost.console.screen import say
from tablehost.console.text import shown
from tablehost.console.verdicts import style_of
from tablehost.contract.errors import UsageError
from tablehost.files.digest_cache import StatCache
from tablehost.trust.evidence.archive import Archive, with_parents
from tablehost.trust.evidence.subject import Subject, subjects
from tablehost.trust.verify.contents import Depth
from tablehost.trust.verify.findings import Verdict
from tablehost.trust.verify.verify import Question, Verified
from tablehost.trust.verify.verify import verify as verify_table

_FEW = 20
_NOTES = {"fast": " (size, rows and schema only)"}
_Inputs = Literal["none", "stat", "sample", "full"]


def verify(
    paths: list[Path],
    /,
    *,
    fast: Switch = False,
    full: Switch = False,
    inputs: _Inputs = "none",
    parents: Switch = False,
    as_json: JsonSwitch = False,
) -> int:
    """Check whether tables still belong to their manifests, and classify the drift if not.

    The bytes are read and, where they are not as the manifest says, the rows. The verdicts, the
    most severe first: torn, no-manifest, not-its-manifest, rows-changed, columns-changed,
    inputs-changed, unverifiable, missing-values-recoded, rewritten, intact. Exit code 1 if any
    table is not intact.

    Args:
        paths: Tables, manifests, or folders, which mean every table below them.
        fast: Check size, number of rows and schema only: values changed in place go unnoticed.
        full: Read the rows even where the bytes are unchanged: finds an edited manifest too.
        inputs: Check whether the inputs are still the same: `stat` reads files touched since they
            were last hashed, `sample` also 100 others of a folder, `full` all.
        parents: Verify the tables that a table was made of too, and that they are still the same.
        as_json: Write the answer as JSON.
    """
    if fast and full:
        msg = "--fast and --full exclude each other"
        raise UsageError(msg)
    depth: Depth = "fast" if fast else "full" if full else "bytes"
    asked = None if inputs == "none" else inputs
    question = Question(depth=depth, inputs=asked, parents=parents)
    found = subjects(paths)
    archive = Archive(found)
    tables = with_parents(found, archive) if parents else found
    verified = _verify_all(tables, question, archive)
    counts = Counter(one.verdict for one in verified)
    if as_json:
        print_json({"tables": verified, "counts": counts})
    else:
        _print(verified, counts)
    return 0 if set(counts) == {"intact"} else 1


def _verify_all(tables: Sequence[Subject], question: Question, archive: Archive) -> list[Verified]:
    """Verify tables in parallel: hashing and reading release the GIL."""
    with ExitStack() as stack:
        cache = stack.enter_context(StatCache())
        pool = stack.enter_context(ThreadPoolExecutor(len(os.sched_getaffinity(0))))
        meter = stack.enter_context(passing_bar(len(tables), "verify"))
        ask = partial(verify_table, question=question, cache=cache, archive=archive)
        return [_counted(one, meter) for one in pool.map(ask, tables)]


def _counted(one: Verified, meter: Meter) -> Verified:
    meter()
    return one


def _print(verified: Sequence[Verified], counts: Counter[Verdict]) -> None:
    """Print a line for each table; of many tables those that are intact are only counted."""
    few = len(verified) <= _FEW
    for one in verified:
        if few or one.findings or one.notes:
            _print_one(one)
    if len(verified) > 1:
        said = [f"{counts[name]} {name}" for name in get_args(Verdict) if counts[name]]
        note = _NOTES.get(verified[0].depth, "")
        worst = next(name for name in get_args(Verdict) if counts[name])
        say(f"{len(verified)} tables:", f" {', '.join(said)}{note}", style=style_of(worst))


def _print_one(one: Verified) -> None:
    note = _NOTES.get(one.depth, "") if not one.findings else ""
    say(one.verdict, f"{note}  {shown(one.table)}", style=style_of(one.verdict))
    for line in _details(one):
        say(f"    {line}".replace("\n", " "), hang=2)


def _details(one: Verified) -> Iterator[str]:
    for finding in one.findings:
        other = f"{finding.verdict}: " if finding.verdict != one.verdict else ""
        yield from (f"{other}{why}" for why in finding.why)
    yield from one.notes
