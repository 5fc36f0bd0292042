"""How many rows have the corpus, source and frame_index of an earlier one, in bounded memory.

A 64-bit hash of every row's key goes to a file. Sorted there, keys that occur twice lie side by
side, and so do the few different keys of one hash: the rows of these hashes are looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from attrs import frozen

from tablehost_combine.columns import KEY

MOST_ROWS = 100_000_000
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
    example: tuple[str, str, int] | None = None
    times: int = 0


class KeyHashes:
    """The hashes of all keys, in a file.

    Args:
        path: the file, in a folder that goes away.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def add(self, batch: pa.RecordBatch) -> None:
        """Take the keys of some rows in."""
        with self._path.open("ab") as file:
            file.write(
                key_hashes(batch).tobytes()
            )  # not `tofile`, whose error does not tell of a full disk

    def repeated(self) -> _Hashes:
        """Return the hashes that occur more than once, in order."""
        if self._path.stat().st_size == 0:
            return np.empty(0, _HASH)
        hashes = np.memmap(self._path, _HASH, "r+")
        hashes.sort()
        return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def look_again(repeated: _Hashes, batches: Iterable[pa.RecordBatch]) -> Duplicates:
    """Count the keys themselves, where their hashes occur more than once.

    Args:
        repeated: these hashes, in order.
        batches: the keys of all rows.
    """
    if len(repeated) == 0:
        return Duplicates()
    keys = pa.Table.from_batches(_suspects(repeated, batches))
    counted = keys.group_by(list(KEY)).aggregate([([], "count_all")])
    times = counted["count_all"].to_numpy()
    if times.max() == 1:
        return Duplicates()
    most = int(times.argmax())
    example = tuple(counted[name][most].as_py() for name in KEY)
    return Duplicates(
        rows=keys.num_rows - counted.num_rows, example=example, times=int(times[most])
    )


def _suspects(repeated: _Hashes, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        hashes = key_hashes(batch)
        places = np.searchsorted(repeated, hashes).clip(max=len(repeated) - 1)
        yield batch.filter(pa.array(repeated[places] == hashes))


def key_hashes(batch: pa.RecordBatch) -> _Hashes:
    """Return a 64-bit hash of every row's corpus, source and frame_index."""
    source = batch["source"].dictionary_encode()
    corpus = batch["corpus"][0].as_py() if batch.num_rows else ""
    names = [_name_hash(corpus, name) for name in source.dictionary.to_pylist()]
    by_name = np.array(names, _HASH)[np.from_dlpack(source.indices)]
    return _mixed(by_name + _mixed(np.from_dlpack(batch["frame_index"]).view(_HASH)))


def _name_hash(corpus: str, source: str) -> int:
    key = f"{len(corpus)}:{corpus}{source}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "little")


def _mixed(values: _Hashes) -> _Hashes:
    """Spread values over 64 bits, each to another one (the finaliser of splitmix64)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: _Hashes = values ^ (values >> np.uint64(31))
    return mixed
