"""Finished items that other code of their builder has made: what `run`, `why` and a plan decide.

What decides is in the ledger, and for the items of a table in its manifest. Whether the code of
today is another one is seen from its sources, without importing them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from tablehost.builders.builder import Builder
from tablehost.console.text import counted, some
from tablehost.contract.errors import Refused
from tablehost.items.finished import Code, RowsOfCode, rows_in
from tablehost.items.ledger import Ledger
from tablehost.manifest.read import Manifest
from tablehost.options.host_options import HostOptions
from tablehost.provenance.item_modules import item_modules_now

_log = logging.getLogger("tablehost")


class UnsettledItems(Refused):
    """Other code has made finished items, and the user has not said what becomes of them."""


@frozen
class OfEarlierCode:
    """Finished items that one code has made which is not that of today.

    Args:
        rows: how many there are, since when, and their code.
        changes: the modules that are others now, each with what became of it.
        keep: whether they are kept, or made again; None where that is not settled.
    """

    rows: RowsOfCode
    changes: tuple[str, ...]
    keep: bool | None

    def __str__(self) -> str:
        since = f"{counted(self.rows.count, 'finished item')}, the first of {self.rows.since}"
        if self.rows.code is None:
            return f"{since}, whose code was not recorded"
        return f"{since} ({some(self.changes)})"


def settle(ledger: Ledger, of_map: int, code: Code, asked: HostOptions) -> None:
    """Decide what becomes of finished items that other code has made, before a map begins.

    Args:
        ledger: which notes what is decided.
        of_map: its number of the map.
        code: the code of today.
        asked: whether to keep them, or to make them again.

    Raises:
        UnsettledItems: there are some, and neither was asked for, now or earlier.
    """
    found = of_earlier_code(ledger.rows_by_code(of_map), lambda _: code)
    if asked.keep_items or asked.redo_items:
        ledger.settle(of_map, [one.rows for one in found], keep=asked.keep_items)
    elif unsettled := [str(one) for one in found if one.keep is None]:
        msg = (
            f"other code has made {'; '.join(unsettled)}: --keep-items keeps them, --redo-items "
            "makes them again, --fresh makes every item again"
        )
        raise UnsettledItems(msg)
    for one in found:
        if asked.keep_items or (one.keep and not asked.redo_items):
            _log.warning("other code has made %s: kept, since --keep-items has settled that", one)


def of_earlier_code(rows: Iterable[RowsOfCode], now: Callable[[Code], Code]) -> list[OfEarlierCode]:
    """Select the rows that are not of the code of today.

    Args:
        rows: by code.
        now: returns what a code is today.
    """
    found = []
    for one in rows:
        before = one.code or Code.of({})
        today = now(before)
        if one.code is None or before.digest != today.digest:
            changes = tuple(_changes(before, today))
            found.append(OfEarlierCode(one, changes, one.settled.get(today.digest)))
    return found


def in_table(manifest: Manifest, builder: Builder | Path) -> list[OfEarlierCode]:
    """Return the items of a table that other code has made than the builder's of today."""
    return of_earlier_code(_rows_of(manifest), _today(builder))


def in_ledger(ledger: Path, manifest: Manifest, builder: Builder | Path) -> list[OfEarlierCode]:
    """Return the finished items that a ledger has for a table, made by other code than today's."""
    recipes = [one for name in manifest.item_recipes or {} for one in manifest.recipes_of(name)]
    return of_earlier_code(rows_in(ledger, recipes), _today(builder))


def _today(builder: Builder | Path) -> Callable[[Code], Code]:
    return lambda before: Code.of(item_modules_now(builder, before.modules))


def _rows_of(manifest: Manifest) -> list[RowsOfCode]:
    """Return a table's items by code; of one session, all are of the code of the table."""
    if manifest.by_code is None:  # tablehost 1.0.0 wrote it
        before = manifest.done_before if manifest.item_recipes else None
        return [RowsOfCode(None, before, manifest.started_at or "")] if before else []
    found = [one for one in manifest.by_code if isinstance(one, dict)]
    return [RowsOfCode(_code(one), one.get("count", 0), str(one.get("since"))) for one in found]


def _code(described: dict[str, Any]) -> Code | None:
    digest, modules = described.get("digest"), described.get("modules")
    if not isinstance(digest, str) or not isinstance(modules, dict):
        return None
    return Code(digest, modules)


def _changes(before: Code, now: Code) -> Sequence[str]:
    names = sorted(before.modules.keys() | now.modules.keys())
    changed = [name for name in names if before.modules.get(name) != now.modules.get(name)]
    return [f"{name} {_became(name, before, now)}" for name in changed]


def _became(name: str, before: Code, now: Code) -> str:
    if name not in now.modules:
        return "is gone"
    return "has other code" if name in before.modules else "is new"
