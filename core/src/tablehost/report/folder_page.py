"""The page of a folder: a catalogue of its tables, and how they are related."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from tablehost.console.text import counted
from tablehost.report.page import render
from tablehost.report.relations import everything, parents_in
from tablehost.report.verdicts import NOT_LOOKED, State, Verdict, tone_of
from tablehost.report.words import share, whole
from tablehost.trust.evidence.subject import Subject
from tablehost.trust.lineage.lineage import Lineage

_PARENTS: Final = 2


@frozen(kw_only=True)
class Entry:
    """A table of the catalogue.

    Args:
        columns_set: number of the set of its columns' names; tables of a builder share it.
        parents: names and pages of the tables that it was made of, as many as there is room for.
        more_parents: how many others there are.
    """

    name: str
    href: str
    builder: str
    rows: int | None
    columns: int
    columns_set: int
    missing: str
    missing_cells: int
    bytes: int | None
    when: str
    sha256: str
    state: State
    parents: tuple[tuple[str, str], ...]
    more_parents: int


def folder_page(
    folder: Path,
    tables: Sequence[Subject],
    states: Sequence[State],
    related: Lineage,
    *,
    pages: Mapping[Path, str],
    stale: Collection[Path],
    asked: bool,
) -> str:
    """Return the page of a folder.

    Args:
        folder: its path.
        tables: that are in it.
        states: what is known of each.
        related: what they were made of.
        pages: by table, where its page is, seen from this one.
        stale: those that are known to be stale.
        asked: whether `verify` and `why` looked at them.
    """
    sets: dict[str, int] = {}
    parents = parents_in(related)
    entries = [
        _entry(table, state, folder, pages, sets, parents=parents.get(table.table.absolute(), []))
        for table, state in zip(tables, states, strict=True)
    ]
    return render(
        "folder.html",
        name=folder.absolute().name or str(folder),
        home="",
        tables=entries,
        rows=sum(one.rows or 0 for one in entries),
        bytes=sum(one.bytes or 0 for one in entries),
        verdicts=_counted(states),
        words=_words(states),
        sets=list(sets),
        relations=everything(related, pages, stale),
        asked=asked,
    )


def _entry(
    table: Subject,
    state: State,
    folder: Path,
    pages: Mapping[Path, str],
    sets: dict[str, int],
    *,
    parents: Sequence[Path],
) -> Entry:
    manifest = table.manifest
    columns = [one for one in manifest.columns or () if isinstance(one, dict)]
    names = " ".join(str(one.get("name")) for one in columns)
    missing = sum(whole(one.get("nulls")) + whole(one.get("nan")) for one in columns)
    cells = len(columns) * (manifest.rows or 0)
    return Entry(
        name=os.path.relpath(table.table, folder),
        href=pages.get(table.table.absolute(), ""),
        builder=manifest.builder or "",
        rows=manifest.rows,
        columns=len(columns),
        columns_set=sets.setdefault(names, len(sets)),
        missing=share(missing, cells) if columns else "",
        missing_cells=missing,
        bytes=manifest.bytes,
        when=manifest.finished_at or "",
        sha256=manifest.sha256 or "",
        state=state,
        parents=tuple((one.name, pages.get(one, "")) for one in parents[:_PARENTS]),
        more_parents=max(0, len(parents) - _PARENTS),
    )


def _counted(states: Sequence[State]) -> list[Verdict]:
    """Return how many tables have each verdict, those first that ask for a look."""
    of_run = Counter(one.run.word for one in states)
    rest = [Counter(one.verify.word for one in states), Counter(one.why.word for one in states)]
    words = of_run
    for one in rest:
        words = words + Counter({word: n for word, n in one.items() if word != NOT_LOOKED})
    order = ("bad", "warn", "", "ok")
    found = [Verdict(f"{number:,} {word}", tone_of(word)) for word, number in words.items()]
    others = sum(bool(one.others) for one in states)
    if others:
        found.append(Verdict(f"{counted(others, 'table')} not as recorded", "bad"))
    if all(one.verify.word == NOT_LOOKED for one in states):
        found.append(Verdict(f"verify and why: {NOT_LOOKED}", ""))
    return sorted(found, key=lambda one: order.index(one.tone))


def _words(states: Sequence[State]) -> list[str]:
    """Return the verdicts that a catalogue can be filtered by: those that not all tables have."""
    counted = Counter(one.word for state in states for one in (state.run, state.verify, state.why))
    return sorted(word for word, number in counted.items() if number < len(states))
