"""Whether every row of a table has a key of its own, in bounded memory.

Rows in the order of their keys need no memory at all. For others a 64-bit hash of every key goes
to a temporary file, which is sorted there; the keys themselves are compared where hashes repeat.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tablehost.table.read import opened

_AT_ONCE = 1 << 16
_Hashes = np.ndarray[Any, np.dtype[np.uint64]]


def repeated(table: Path, key: Sequence[str], folder: Path | None = None) -> dict[str, Any] | None:
    """Find a key that two rows of a Parquet file have.

    Args:
        table: the file.
        key: the columns of the key.
        folder: for the temporary file, in place of the system's.

    Returns:
        By column the values of such a key, or None where there is none.

    Raises:
        Refused: it is not a Parquet file.
        BadRows: it is damaged.
    """
    with opened(table, f"the table {table}") as file:
        if _ascend(_keys(file, key)):
            return None
        suspects = _repeated_hashes(_keys(file, key), file.metadata.num_rows, folder)
        return _first(_keys(file, key), suspects) if len(suspects) else None


def _keys(file: pq.ParquetFile, key: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for batch in file.iter_batches(_AT_ONCE, columns=list(key)):
        yield batch.select(list(key))


def _ascend(batches: Iterable[pa.RecordBatch]) -> bool:
    """Return whether each row's key is greater than that of the row before."""
    last: pa.RecordBatch | None = None
    for batch in batches:
        if batch.num_rows == 0:
            continue
        rows = pa.Table.from_batches([one for one in (last, batch) if one is not None])
        if not _all_greater(rows.slice(1), rows.slice(0, rows.num_rows - 1)):
            return False
        last = batch.slice(batch.num_rows - 1)
    return True


def _all_greater(rows: pa.Table, before: pa.Table) -> bool:
    greater, equal = pa.scalar(value=False), pa.scalar(value=True)
    try:
        for one, other in zip(rows.columns, before.columns, strict=True):
            greater = pc.or_(greater, pc.and_(equal, pc.greater(one, other)))
            equal = pc.and_(equal, pc.equal(one, other))
    except pa.ArrowNotImplementedError:  # such values have no order
        return False
    found: bool | None = pc.all(greater, skip_nulls=False, min_count=0).as_py()
    return found is True


def _repeated_hashes(batches: Iterable[pa.RecordBatch], rows: int, folder: Path | None) -> _Hashes:
    with tempfile.TemporaryFile(dir=folder) as file:
        for batch in batches:
            file.write(_hashes(batch).tobytes())
        file.flush()
        hashes = np.memmap(file, "uint64", "r+", shape=(rows,))
        hashes.sort()
        parts = (hashes[at : at + _AT_ONCE + 1] for at in range(0, rows, _AT_ONCE))
        return np.concatenate([part[1:][part[1:] == part[:-1]] for part in parts])


def _first(batches: Iterable[pa.RecordBatch], suspects: _Hashes) -> dict[str, Any] | None:
    """Return the first key that was there before, of those that have one of some hashes."""
    seen: set[str] = set()
    for batch in batches:
        for at in np.flatnonzero(np.isin(_hashes(batch), suspects)).tolist():
            (row,) = batch.slice(at, 1).to_pylist()
            if repr(row) in seen:
                found: dict[str, Any] = row
                return found
            seen.add(repr(row))
    return None


def _hashes(batch: pa.RecordBatch) -> _Hashes:
    """Hash the key of every row."""
    found = np.zeros(batch.num_rows, "uint64")
    for column in batch.columns:
        values = _hashed_values(column)
        found = (found ^ values) * np.uint64(0xBF58476D1CE4E5B9)
        found ^= found >> np.uint64(31)
    return found


# `np.from_dlpack` takes what `to_numpy` does, and does not import pandas.
def _hashed_values(column: pa.Array) -> _Hashes:
    if pa.types.is_integer(column.type) and column.null_count == 0:
        mixed = np.from_dlpack(column).astype("uint64") * np.uint64(0x9E3779B97F4A7C15)
        whole: _Hashes = mixed ^ (mixed >> np.uint64(29))
        return whole
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        encoded = pc.dictionary_encode(column, null_encoding="encode")
    except pa.ArrowNotImplementedError:  # such as lists
        return np.array([_hash(value) for value in column.to_pylist()], "uint64")
    each = np.array([_hash(value) for value in encoded.dictionary.to_pylist()], "uint64")
    found: _Hashes = each[np.from_dlpack(encoded.indices)]
    return found


def _hash(value: object) -> int:
    digest = blake2b(repr(value).encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
