"""The host's sections of every manifest.

An optional field that comes later has `metadata={"since": VERSION}`; see `fields_schema`.
"""

from __future__ import annotations

from typing import Any, Literal

from attrs import field, frozen

from tablehost.contract.build import Failure, Session, View
from tablehost.table.column import Column


@frozen(kw_only=True)
class ItemsOfCode:
    """Finished items of the table that one code of the builder has made.

    Args:
        digest: of that code; None where it was not recorded.
        count: how many there are.
        since: when the first of them was finished.
        modules: the digest of what each module of that code does.
    """

    digest: str | None
    count: int
    since: str
    modules: dict[str, str]


@frozen(kw_only=True)
class ItemCounts:
    """How many items this session had, and what became of them.

    Args:
        total: all that the builder named.
        done_before: of these, finished in an earlier session.
        ok: of these, finished in this session.
        failed: of these, failed in this session.
        removed: finished items that the builder did not name any more.
        by_code: finished items by the code that made them, the earliest first.
    """

    total: int
    done_before: int
    ok: int
    failed: int
    removed: int
    left_out: int = field(default=0, metadata={"since": "1.1.0"})
    by_code: tuple[ItemsOfCode, ...] = field(default=(), metadata={"since": "1.1.0"})


@frozen(kw_only=True)
class MapCounts:
    """What became of the items of one `run.map`.

    Args:
        function: the item function.
        recipe: digest of its item recipe.
    """

    function: str
    recipe: str
    total: int
    done_before: int
    ok: int
    failed: int


@frozen(kw_only=True)
class CheckedList:
    """A list of checksums that the items' files were checked against.

    Args:
        path: of the list.
        sha256: of the list.
        algorithm: of its checksums.
        checked: items whose files were compared with it.
        differed: of these, items whose files differ, which are not in the table.
        not_listed: items whose files are not in the list, and so were not checked.
    """

    path: str
    sha256: str
    algorithm: str
    checked: int
    differed: int
    not_listed: int


@frozen(kw_only=True)
class Timeline:
    """When the items of the table, and those that failed, were worked on, in whichever session.

    Args:
        seconds: how long a bin is, a power of two; there are at most 200 bins.
        bins: `bin:done:failed:busy` of every bin in which an item was worked on, in order, with
            spaces between them; in the bins between, all work had stopped. Bin `k` begins
            `k * seconds` after 1970 (UTC). In it, `done` items ended with a result of a `run.map`
            and `failed` without; workers spent `busy` seconds on items, as far as was recorded.
    """

    seconds: int
    bins: str


@frozen(kw_only=True)
class RunSection:
    """Whether every requested item is in the table.

    Args:
        status: `partial` where items failed.
        items: how many there were.
        failures: the failed ones.
        rows_of_others: finished items whose results another user, or another host, has made.
        maps: the items of each `run.map`, in the order of the calls; `items` counts them by key.
        checksums: the lists of checksums that the items' files were checked against.
        failed_by_reason: how many items failed for which reason.
        timeline: None where there was no item.
    """

    status: Literal["complete", "partial"]
    items: ItemCounts
    failures: tuple[Failure, ...]
    rows_of_others: int = field(default=0, metadata={"since": "1.1.0"})
    maps: tuple[MapCounts, ...] = field(default=(), metadata={"since": "1.1.0"})
    checksums: tuple[CheckedList, ...] = field(default=(), metadata={"since": "1.1.0"})
    failed_by_reason: dict[str, int] = field(factory=dict, metadata={"since": "1.1.0"})
    timeline: Timeline | None = field(default=None, metadata={"since": "1.1.0"})


@frozen(kw_only=True)
class Invariant:
    """A condition on every table of a builder, and whether it holds."""

    name: str
    ok: bool


@frozen(kw_only=True)
class TableSection:
    """The table's bytes, rows and columns, and what its builder says of these."""

    sha256: str
    bytes: int
    rows: int
    rows_digest: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] | None
    tolerance: dict[str, float]
    writer: str
    invariants: tuple[Invariant, ...]
    view: View | None = field(default=None, metadata={"since": "1.1.0"})


@frozen(kw_only=True)
class RootSection:
    """The folder that relative paths start from."""

    path: str
    kind: Literal["git", "folder"]
    outside: int


@frozen(kw_only=True)
class Code:
    """The code that made the table."""

    plugin: dict[str, Any]
    host: dict[str, Any]
    tools: dict[str, Any]
    packages: dict[str, str]


@frozen(kw_only=True)
class Environment:
    """The machine that made the table."""

    python: str
    platform: str
    cpu: str


@frozen(kw_only=True)
class Recipe:
    """Digests of what decides the table.

    Args:
        table: of the semantic options, the digests of all inputs and the item recipes.
        item: by item function, of what decides a row beside the item and its inputs; where it was
            mapped with several settings, the digest of their sorted digests.
        left_out: options that are in no recipe.
        item_version: the builder's `ITEM_VERSION`.
    """

    table: str
    item: dict[str, str]
    left_out: tuple[str, ...]
    item_version: int = field(default=1, metadata={"since": "1.1.0"})


@frozen(kw_only=True)
class Parent:
    """A table among the inputs that has a manifest of its own."""

    option: str
    path: str
    run_id: str | None
    table_sha256: str | None
    manifest_sha256: str


@frozen(kw_only=True)
class Replaced:
    """The manifest that was here before, kept in the output's history."""

    run_id: str | None
    manifest_sha256: str


@frozen(kw_only=True)
class HostOfItems:
    """A host that worked on items of this session.

    Args:
        host: its name.
        workers: how many processes did.
        items: how many they have done, also of those that failed.
        versions: of Python and of the packages that the builder and tablehost need.
    """

    host: str
    workers: int
    items: int
    versions: dict[str, str]


@frozen(kw_only=True)
class RunProvenance:
    """How the table was made: enough to verify it, and to make it again.

    Args:
        no_inputs: whether the builder declares that nothing but its options decides the table.
        hosts: that worked on items of this session; empty where the machine of the run did alone.
    """

    schema: str = "ai-run-provenance-v1"
    entrypoint: dict[str, Any]
    argv: tuple[str, ...]
    args: dict[str, Any]
    args_from: dict[str, str]
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    run_id: str
    started_at: str
    finished_at: str
    cwd: str
    root: RootSection
    code: Code
    environment: Environment
    recipe: Recipe
    parents: tuple[Parent, ...]
    replaces: Replaced | None
    sessions: tuple[Session, ...]
    redacted: tuple[str, ...]
    no_inputs: bool = field(default=False, metadata={"since": "1.1.0"})
    hosts: tuple[HostOfItems, ...] = field(default=(), metadata={"since": "1.1.0"})


@frozen(kw_only=True)
class HostSections:
    """What the host adds to every manifest."""

    run: RunSection
    table: TableSection
    run_provenance: RunProvenance
