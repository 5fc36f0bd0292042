"""The hash split: which of some named shares a name belongs to, the same in every run."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from hashlib import blake2s
from itertools import accumulate
from math import isclose


def hash_split(name: str, seed: str, shares: Mapping[str, float]) -> str:
    """Return the share that a name belongs to, by a hash of the name.

    The place of a name is the BLAKE2s digest of 8 bytes of `seed`, a NUL and `name` in UTF-8, as a
    big-endian fraction from 0 to 1; the shares divide that range in their order.

    Args:
        name: what is split, such as a content; all that have one name go into one share.
        seed: another seed gives another split.
        shares: the size of each share, from 0 to 1; together they are 1.

    Returns:
        The name of the share.

    Raises:
        ValueError: the shares are not such sizes.

    >>> shares = {"train": 0.80, "val": 0.10, "test": 0.10}
    >>> [hash_split(name, "chug-hdr-v1", shares) for name in ("street", "beach", "sea")]
    ['train', 'val', 'test']
    """
    bounds = _bounds(tuple(shares.items()))
    *_, last = (share for share, size in shares.items() if size)
    seeded = f"{seed}\0{name}".encode("utf-8", "surrogatepass")
    place = int.from_bytes(blake2s(seeded, digest_size=8).digest(), "big") / 2**64
    return next((share for share, below in bounds if place < below), last)  # it may round to 1


@cache
def _bounds(shares: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    """Return where each share ends; added as decimals, so that 0.7 and 0.1 end at 0.8."""
    if not all(0 <= size <= 1 for _, size in shares) or not isclose(sum(dict(shares).values()), 1):
        msg = f"shares must be sizes from 0 to 1 that add up to 1, got {dict(shares)}"
        raise ValueError(msg)
    ends = accumulate(Decimal(str(size)) for _, size in shares)
    return tuple((share, float(end)) for (share, _), end in zip(shares, ends, strict=True))
