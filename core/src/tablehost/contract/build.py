"""What a builder hands back: data, and what the host then knows about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from attrs import define, field, frozen
from attrs.validators import deep_mapping, instance_of, optional

if TYPE_CHECKING:
    import pyarrow as pa


class ArrowStream(Protocol):
    """Anything that exports an Arrow stream: pyarrow, pandas, polars, DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the data as an Arrow C stream capsule."""


@frozen
class Failure:
    """One item that did not become a result."""

    key: str
    reason: str
    detail: str = ""


@frozen
class Items:
    """How the items of one session ended: total = done_before + ok + failed.

    Args:
        total: items that the builder named in this session.
        done_before: of these, finished in an earlier session.
        ok: of these, finished in this session.
        failed: of these, failed in this session.
        removed: items of an earlier session that the builder did not name any more.
        failures: the failed ones, ordered by key.
        left_out: items of an earlier session that the builder left out as its options say.
    """

    total: int = 0
    done_before: int = 0
    ok: int = 0
    failed: int = 0
    removed: int = 0
    failures: tuple[Failure, ...] = ()
    left_out: int = 0


@frozen
class Session:
    """One session of a run: a run that was interrupted has several.

    Args:
        run_id: the session's own id.
        started_at: UTC, ISO 8601 with `Z`.
        finished_at: the same, or None while it runs or when it was killed.
        ok: items that it finished.
        failed: items that failed in it.
        workers: processes that it used.
        outcome: `complete`, `partial`, `nothing-to-do`, `failed`, `interrupted`, or None
            when it was killed.
        user: who ran it, or None where an earlier version did not record it.
        host: the machine, or None likewise.
        packages: the versions of the packages that the builder and tablehost need, or None
            likewise.
        in_table: finished items of the table that this session made, or None likewise.
    """

    run_id: str
    started_at: str
    finished_at: str | None = None
    ok: int = 0
    failed: int = 0
    workers: int = 1
    outcome: str | None = None
    user: str | None = field(default=None, metadata={"since": "1.1.0"})
    host: str | None = field(default=None, metadata={"since": "1.1.0"})
    packages: dict[str, str] | None = field(default=None, metadata={"since": "1.1.0"})
    in_table: int | None = field(default=None, metadata={"since": "1.1.0"})


_name = optional(instance_of(str))
_texts = deep_mapping(instance_of(str), instance_of(str))


@frozen(kw_only=True)
class View:
    """What a builder knows of its columns, for whoever looks at the table.

    Args:
        label: the column that the others are to predict.
        group: the column whose values are the groups that the rows fall into.
        unit: by column, the unit of its values.
        describe: by column, what it holds, in a few words.
    """

    label: str | None = field(default=None, validator=_name)
    group: str | None = field(default=None, validator=_name)
    unit: Mapping[str, str] = field(factory=dict, validator=_texts)
    describe: Mapping[str, str] = field(factory=dict, validator=_texts)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return every column that is named here."""
        named = (name for name in (self.label, self.group) if name is not None)
        return tuple(dict.fromkeys([*named, *self.unit, *self.describe]))


@define
class Build:
    """A table being built, with what its builder says about it.

    Args:
        data: an Arrow stream, or a generator of record batches when `schema` is given.
        schema: the table's Arrow schema; taken from `data` where it is None.
        notes: the builder's own object; it may go on filling it while the stream is consumed.
        key: the columns that identify a row; the host checks that no two rows share one. It may be
            set to None until `describe_manifest` returns, where rows turned out not to have one.
        tolerance: by column, the absolute difference within which two builds agree.
        invariants: in a sentence each, what must hold of the table, and whether it does; they may
            be filled in until `describe_manifest` returns, and no table lands where one is false.
        inputs: `none` declares that nothing but the options decides the table; without that, and
            without an input on record, it is unknown to `why` whether the table is current.
        view: what else it knows of the columns; all that it names must be there.

    The host fills `rows`, `schema`, `items`, `sessions` and `elapsed` (seconds of this session)
    before it calls `describe_manifest`.
    """

    data: ArrowStream | Iterable[pa.RecordBatch]
    schema: pa.Schema | None = None
    notes: Any = None
    key: tuple[str, ...] | None = None
    tolerance: Mapping[str, float] = field(factory=dict)
    invariants: dict[str, bool] = field(factory=dict)
    view: View | None = field(default=None, validator=optional(instance_of(View)))
    inputs: Literal["none"] | None = field(default=None, kw_only=True)
    rows: int = field(default=0, init=False)
    items: Items = field(factory=Items, init=False)
    sessions: tuple[Session, ...] = field(default=(), init=False)
    elapsed: float = field(default=0.0, init=False)
