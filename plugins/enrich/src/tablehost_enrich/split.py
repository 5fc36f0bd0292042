"""The split of a clip, out of its metadata."""

from __future__ import annotations

from functools import cache
from hashlib import blake2s

SPLITS = ("train", "val", "test")
POLICY = "content-name-blake2s-80-10-10"
_TRAIN_BELOW = 0.80
_VAL_BELOW = 0.90


@cache
def split_of(content: str, seed: str) -> str:
    """Return the split of a content: 80 % train, 10 % val, 10 % test, by a hash of its name."""
    digest = blake2s(f"{seed}\0{content}".encode(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    if place < _TRAIN_BELOW:
        return "train"
    return "val" if place < _VAL_BELOW else "test"


def split_values(name: str, content: object, own: object, seed: str) -> tuple[str | None, str, str]:
    """Return the values of `split`, `chug_split_key` and `chug_split_policy`.

    Args:
        name: of the clip's file.
        content: the row's content name, if it has one.
        own: the split that the row names itself, if any.
        seed: of the hash.
    """
    named = content if isinstance(content, str) and content else None
    if isinstance(own, str) and own in SPLITS:
        return own, named or name, POLICY
    return split_of(named, seed) if named else None, named or name, POLICY
