"""What an object looks like, in the five numbers that a file's state has."""

from __future__ import annotations

import hashlib
import os
import stat

from attrs import frozen

State = tuple[int, int, int, int, int]
Endpoint = tuple[tuple[str, str], ...]

_ENDPOINTS = ("ENDPOINT", "ACCOUNT_NAME", "BASE_URL", "HOST")
_PROVIDERS = ("AWS_", "AZURE_", "GOOGLE_", "STORAGE_")
_PAST = 1 << 60
_NEVER = 1 << 62  # a time at which no file has been at rest for two seconds


@frozen
class Facts:
    """What a store says of an object.

    Args:
        size: in bytes.
        etag: of its content; None where there is none that identifies it.
        version: where the store keeps versions, and says which.
        modified_ns: when it was written.
        endpoint: a digest that says which store it is.
    """

    size: int
    etag: str | None
    version: str | None
    modified_ns: int
    endpoint: str = ""


def facts_of(
    size: int, etag: str | None, version: str | None, modified_ns: int, at: str = ""
) -> Facts:
    """Return what a store says; a weak or empty ETag and the version `null` identify nothing."""
    strong = etag if etag and etag.strip('"') and not etag.startswith("W/") else None
    kept = version if version and version != "null" else None
    return Facts(size, strong, kept, modified_ns, at)


def state_of_object(url: str, facts: Facts) -> State:
    """Return an object's state: equal states mean equal content.

    The first two numbers name the object and its store, the last two its content. Without an ETag
    and a version these are a time to come, so that no cache takes the object for one at rest.
    """
    first, second = _halves(url, facts.endpoint)
    if facts.etag is None and facts.version is None:
        third, fourth = _halves(facts.modified_ns)
        return first, second, facts.size, _NEVER + third, _NEVER + fourth
    third, fourth = _halves(facts.etag, facts.version)
    return first, second, facts.size, third, fourth


def as_stat(state: State | None, facts: Facts | None) -> os.stat_result:
    """Return a state as the status of a file, or that of a folder where there is none."""
    if state is None or facts is None:
        return os.stat_result((stat.S_IFDIR, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    device, inode, size, mtime_ns, ctime_ns = state
    times = [facts.modified_ns / 1e9] * 3
    status = (stat.S_IFREG, inode, device, 1, 0, 0, size, *map(int, times), *times)
    return os.stat_result(status, {"st_mtime_ns": mtime_ns, "st_ctime_ns": ctime_ns})


def endpoint() -> Endpoint:
    """Return what of the environment says which stores the URLs are of; nothing secret."""
    found = (
        (name, value)
        for name, value in os.environ.items()
        if name.startswith(_PROVIDERS) and any(one in name for one in _ENDPOINTS)
    )
    return tuple(sorted(found))


def digest_of(at: Endpoint) -> str:
    """Return a digest of an endpoint, whose URL may have a password in it."""
    return hashlib.sha256(repr(at).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _halves(*what: object) -> tuple[int, int]:
    digest = hashlib.sha256(repr(what).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) % _PAST, int.from_bytes(digest[8:16]) % _PAST
