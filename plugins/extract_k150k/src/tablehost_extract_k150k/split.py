"""The splits of clips: their own, or by the hash of their content."""

from __future__ import annotations

from typing import Any

from tablehost.records import NamedRows, as_name
from tablehost.split import hash_split

SHARES = {"train": 0.80, "val": 0.10, "test": 0.10}
POLICY = "content-name-blake2s-80-10-10"


def split_columns(rows: NamedRows, seed: str) -> dict[str, list[Any]]:
    """Return the values of `split`, `chug_split_key` and `chug_split_policy`: all three or none.

    Args:
        rows: with `split`, which counts where it names a share, and `chug_content_name`, of which
            an integer counts as its text.
        seed: of the hash.
    """
    contents = list(map(as_name, rows.columns["chug_content_name"]))
    hashed = {one: one and hash_split(one, seed, SHARES) for one in set(contents)}
    splits = [
        own if isinstance(own, str) and own in SHARES else hashed[content]
        for own, content in zip(rows.columns["split"], contents, strict=True)
    ]
    return {
        "split": splits,
        "chug_split_key": [
            split and (content or name)
            for split, content, name in zip(splits, contents, rows.names, strict=True)
        ],
        "chug_split_policy": [split and POLICY for split in splits],
    }
