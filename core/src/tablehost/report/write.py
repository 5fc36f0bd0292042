"""Where pages land: each whole or not at all, and never over anything but a page."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from attrs import frozen

from tablehost.console.text import shown
from tablehost.contract.errors import UsageError
from tablehost.files.atomic import write_atomically
from tablehost.files.names import LEDGER_SUFFIX, beside
from tablehost.report.folder_page import folder_page
from tablehost.report.page import MARK
from tablehost.report.table_page import UNFINISHED, Asked, is_unfinished, table_at, table_page
from tablehost.report.verdicts import State, states_of
from tablehost.trust.evidence.subject import Subject, subjects
from tablehost.trust.lineage.lineage import lineage_of

SUFFIX = ".report.html"
_BEGIN = 512


@frozen
class Written:
    """A page that was written.

    Args:
        page: where it is; of a folder, the one to begin with.
        is_sound: whether all tables are as they should be, as far as was looked.
    """

    page: Path
    is_sound: bool


def write_report(path: Path, asked: Asked, out: Path | None = None) -> Written:
    """Write the page of a table, or of a folder.

    Args:
        path: a table, its manifest, or a folder.
        asked: what to show.
        out: where to; by default beside the table or in the folder. For a folder it may be a
            folder too, which gets the page of each table as well.

    Raises:
        UsageError: there is no such table, or the place has something else than a page.
    """
    return (
        _write_folder(path, asked, out) if path.is_dir() else write_page(table_at(path), asked, out)
    )


def write_page(table: Subject, asked: Asked, out: Path | None = None) -> Written:
    """Write the page of a table; see `write_report`."""
    place = out or page_beside(table.table)
    _check(place)
    (state,) = states_of([table], ask=asked.verify)
    links = _links(_pages_beside(table.table), place)
    stale = _stale([table], [state])
    _write(place, table_page(table, asked, state=state, pages=links, stale=stale))
    return Written(place, state.is_sound)


def page_beside(table: Path) -> Path:
    """Return the usual place of a table's page."""
    return beside(table, SUFFIX)


def _write_folder(folder: Path, asked: Asked, out: Path | None) -> Written:
    if asked.against or asked.label or asked.group:
        msg = f"{shown(folder)} is a folder; --against, --label and --group are for one table"
        raise UsageError(msg)
    tables = _tables(folder)
    place = out or folder / "report.html"
    single = place.suffix == ".html" and not place.is_dir()
    if single:
        pages = {one.table.absolute(): page_beside(one.table) for one in tables}
        pages = {table: page for table, page in pages.items() if page.is_file()}
    else:
        pages = _inside(tables, folder, place)
        place /= "index.html"
    for page in (place, *(() if single else pages.values())):
        _check(page)
    states = list(states_of(tables, ask=asked.verify))
    related = lineage_of([one for one in tables if one.problem != UNFINISHED])
    stale = _stale(tables, states)
    links = _links(pages, place)
    _write(
        place,
        folder_page(folder, tables, states, related, pages=links, stale=stale, asked=asked.verify),
    )
    for table, state in zip(tables, states, strict=True) if not single else ():
        page = pages[table.table.absolute()]
        links, home = _links(pages, page), _link(place, page)
        text = table_page(
            table, asked, pages=links, state=state, related=related, stale=stale, home=home
        )
        _write(page, text)
    return Written(place, all(one.is_sound for one in states))


def _tables(folder: Path) -> list[Subject]:
    """Return the tables below a folder, and the outputs of first runs that have not ended."""
    ledgers = sorted(folder.rglob(f"*{LEDGER_SUFFIX}"))
    outputs = [one.with_name(one.name.removesuffix(LEDGER_SUFFIX)) for one in ledgers]
    outputs = [one for one in outputs if one.name and not one.exists()]
    unfinished = [table_at(one) for one in outputs if is_unfinished(one)]
    try:
        found = subjects([folder])
    except UsageError:
        if not unfinished:
            raise
        found = []
    known = {one.table.absolute() for one in found}
    return [*found, *(one for one in unfinished if one.table.absolute() not in known)]


def _stale(tables: Sequence[Subject], states: Sequence[State]) -> set[Path]:
    both = zip(tables, states, strict=True)
    return {table.table.absolute() for table, state in both if state.why.word == "stale"}


def _inside(tables: Sequence[Subject], folder: Path, place: Path) -> dict[Path, Path]:
    """Return the pages of tables in a folder of pages, which is like that of the tables."""
    found = {}
    for one in tables:
        table = one.table.absolute()
        name = os.path.relpath(table, folder.absolute())
        if name.startswith(".."):
            name = f"{table.name}-{hashlib.sha256(os.fsencode(table)).hexdigest()[:8]}"
        found[table] = place / f"{name}.html"
    return found


def _pages_beside(table: Path) -> dict[Path, Path]:
    """Return the pages of tables in the same folder, by their tables."""
    folder = table.absolute().parent
    pages = sorted(folder.glob(f"*{SUFFIX}"))
    return {page.with_name(page.name.removesuffix(SUFFIX)): page for page in pages}


def _links(pages: Mapping[Path, Path], page: Path) -> dict[Path, str]:
    return {table: _link(other, page) for table, other in pages.items()}


def _link(to: Path, page: Path) -> str:
    """Return a relative link; with `./` in front a name is never taken for a scheme."""
    path = os.path.relpath(to.absolute(), page.absolute().parent)
    return f"./{quote(os.fsencode(path))}"


def _check(place: Path) -> None:
    """Refuse a place that has something else than a page."""
    if place.is_dir():
        msg = f"{shown(place)} is a folder; give --out a file"
        raise UsageError(msg)
    if os.path.lexists(place) and MARK.encode() not in _begin_of(place):
        msg = f"{shown(place)} is not a page of tablehost and was left as it is; give another --out"
        raise UsageError(msg)


def _begin_of(place: Path) -> bytes:
    """Return the begin of a regular file, and nothing of a link."""
    if place.is_symlink() or not place.is_file():
        return b""
    with place.open("rb") as file:
        return file.read(_BEGIN)


def _write(place: Path, page: str) -> None:
    try:
        write_atomically(place, page)
    except OSError as error:
        msg = f"the page {shown(place)} cannot be written: {error.strerror}; give another --out"
        raise UsageError(msg) from error
