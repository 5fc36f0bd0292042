"""How many rows have the corpus, source and frame_index of an earlier one, in bounded memory.

A 64-bit hash of every row's key goes to a file. Sorted there, keys that occur twice are adjacent,
and so are the few different keys of one hash: the keys of these rows are read again and counted,
a few hundred thousand hashes at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from attrs import evolve, frozen

from tablehost_combine.columns import KEY
from tablehost_combine.rows import key_schema

MOST_ROWS = 100_000_000
_AT_ONCE = 1 << 19
_TIMES = "times"
_HASH = np.dtype("<u8")
_Hashes = np.ndarray[Any, np.dtype[np.uint64]]


@frozen(kw_only=True)
class Duplicates:
    """What was found.

    Args:
        rows: that have the key of an earlier one.
        example: one such key; None without any.
        times: how often it occurs.
    """

    rows: int = 0
    example: tuple[str, str | None, int] | None = None
    times: int = 0


class KeyHashes:
    """The hashes of all keys, in a file.

    Args:
        path: the file, in a temporary folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the keys of some rows."""
        with self._path.open("ab") as file:
            # not `tofile`, whose error does not name a full disk
            file.write(key_hashes(batch).tobytes())

    def repeated(self) -> _Hashes:
        """Return the hashes that occur more than once, each once and in order."""
        if self._path.stat().st_size == 0:
            return np.empty(0, _HASH)
        hashes = np.memmap(self._path, _HASH, "r+")
        hashes.sort()
        return np.concatenate([_seconds(hashes, at) for at in range(0, len(hashes), _AT_ONCE)])


def _seconds(hashes: _Hashes, start: int) -> _Hashes:
    """Return the hashes that occur for the second time in a part of the sorted ones."""
    before = min(start, 2)
    part = hashes[start - before : start + _AT_ONCE]
    same = part[1:] == part[:-1]
    second = same & ~np.append(False, same[:-1])
    if before:
        second[0] = False  # its second time was in the part before
    found: _Hashes = part[1:][second]
    return found


def count_again(repeated: _Hashes, keys: Callable[[], Iterable[pa.RecordBatch]]) -> Duplicates:
    """Count the keys themselves, where their hashes occur more than once.

    Args:
        repeated: these hashes, in order.
        keys: reads the keys of all rows; called once for each part of these hashes.
    """
    parts = [repeated[at : at + _AT_ONCE] for at in range(0, len(repeated), _AT_ONCE)]
    found = [_duplicates(_counted(_suspects(part, keys()))) for part in parts]
    most = max(found, key=attrgetter("times"), default=Duplicates())
    return evolve(most, rows=sum(one.rows for one in found))


def _suspects(hashes: _Hashes, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the rows whose keys have one of some hashes."""
    for batch in batches:
        own = key_hashes(batch)
        rows = np.flatnonzero((own >= hashes[0]) & (own <= hashes[-1]))
        suspects = rows[hashes[np.searchsorted(hashes, own[rows])] == own[rows]]
        yield batch.take(pa.array(suspects))


def _counted(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    """Count how often each key occurs; no more rows are held than there are different keys."""
    counted = key_schema().append(pa.field(_TIMES, pa.int64())).empty_table()
    waiting: list[pa.Table] = []
    for batch in batches:
        ones = pa.array(np.ones(batch.num_rows, np.int64))
        waiting.append(pa.table(batch).append_column(_TIMES, ones))
        if sum(one.num_rows for one in waiting) >= _AT_ONCE:
            counted, waiting = _summed([counted, *waiting]), []
    return _summed([counted, *waiting])


def _summed(tables: list[pa.Table]) -> pa.Table:
    groups = pa.concat_tables(tables).group_by(list(KEY), use_threads=False)
    return groups.aggregate([(_TIMES, "sum")]).rename_columns([*KEY, _TIMES])


def _duplicates(counted: pa.Table) -> Duplicates:
    times = counted[_TIMES].to_numpy()
    if times.max() == 1:  # different keys of one hash
        return Duplicates()
    most = int(times.argmax())
    example = tuple(counted[name][most].as_py() for name in KEY)
    return Duplicates(rows=int(times.sum()) - len(times), example=example, times=int(times[most]))


def key_hashes(batch: pa.RecordBatch) -> _Hashes:
    """Return a 64-bit hash of every row's corpus, source and frame_index."""
    source = batch["source"].dictionary_encode(null_encoding="encode")
    corpus = batch["corpus"][0].as_py() if batch.num_rows else ""
    names = [_name_hash(corpus, name) for name in source.dictionary.to_pylist()]
    by_name = np.array(names, _HASH)[np.from_dlpack(source.indices)]
    return _mixed(by_name + _mixed(np.from_dlpack(batch["frame_index"]).view(_HASH)))


@lru_cache(1 << 16)
def _name_hash(corpus: str, source: str | None) -> int:
    name = f"{corpus}{source}" if source is not None else f"{corpus}\0null"
    key = f"{len(corpus)}:{name}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "little")


def _mixed(values: _Hashes) -> _Hashes:
    """Spread values over 64 bits, each to another one (the finaliser of splitmix64)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: _Hashes = values ^ (values >> np.uint64(31))
    return mixed
