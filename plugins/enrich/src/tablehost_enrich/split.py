"""The splits of clips, out of their metadata."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2s
from typing import Any

from tablehost_enrich.names import as_name

SPLITS = ("train", "val", "test")
POLICY = "content-name-blake2s-80-10-10"
_TRAIN_BELOW = 0.80
_VAL_BELOW = 0.90


def split_of(content: str, seed: str) -> str:
    """Return the split of a content: 80 % train, 10 % val, 10 % test, by a hash of its name."""
    seeded = f"{seed}\0{content}".encode("utf-8", "surrogatepass")  # such a name is told of later
    place = int.from_bytes(blake2s(seeded, digest_size=8).digest(), "big") / 2**64
    if place < _TRAIN_BELOW:
        return "train"
    return "val" if place < _VAL_BELOW else "test"


def split_columns(
    names: Sequence[str], contents: Sequence[object], own: Sequence[object], seed: str
) -> dict[str, list[Any]]:
    """Return the values of `split`, `chug_split_key` and `chug_split_policy`.

    Args:
        names: of the clips' files.
        contents: the rows' content names, where they have one; an integer counts as its text.
        own: the splits that the rows name themselves, if any.
        seed: of the hash.
    """
    named = list(map(as_name, contents))
    hashed = {one: one and split_of(one, seed) for one in set(named)}
    return {
        "split": [
            said if said and said in SPLITS else hashed[content]
            for said, content in zip(own, named, strict=True)
        ],
        "chug_split_key": [content or name for content, name in zip(named, names, strict=True)],
        "chug_split_policy": [POLICY] * len(names),
    }
