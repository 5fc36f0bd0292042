"""Object stores through obstore, which is imported here and nowhere else."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import evolve

from tablehost.contract.errors import UsageError
from tablehost.objects.errors import NoObject, Replaced, StoreError
from tablehost.objects.state import (
    Endpoint,
    Facts,
    State,
    digest_of,
    endpoint,
    facts_of,
    state_of_object,
)

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_RETRIES = 2
_RETRIED = timedelta(seconds=30)  # the library's own are ten in three minutes
_SILENCE = timedelta(seconds=15)  # between two pieces of an answer
_LONGEST = timedelta(days=1)  # of one object; the library's own is 30 seconds
_PIECE = 1 << 20
_SHOWN = 200

_STATUS = re.compile(r"status code: (\d+[\w ]*)")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_NO_ANSWER = "HTTP error"
_NO_CREDENTIALS = "169.254."  # the address where a machine of the cloud would have some


def look_at(url: str) -> Facts | None:
    """Return what the store says of an object; None for a prefix of objects.

    Raises:
        NoObject: there is neither.
        StoreError: the store does not say.
    """
    store, key, at = _found(url)
    with _explained(url):
        if key:
            try:
                return _facts(store.head(key), at)
            except FileNotFoundError:
                pass
        if any(chunk for chunk in store.list(key or None, chunk_size=1)):
            return None
    raise NoObject(url)


def list_below(url: str) -> dict[str, Facts]:
    """Return what the store says of all objects below a prefix, by relative name."""
    store, key, at = _found(url)
    start = len(key) + 1 if key else 0
    found: dict[str, Facts] = {}
    with _explained(url):
        for chunk in store.list(key or None):
            found |= {one["path"][start:]: _facts(one, at) for one in chunk}
        for name in [name for name, facts in found.items() if not facts.size]:
            if not name or _is_marker(store, f"{key}/{name}" if key else name):
                del found[name]
    return {name: found[name] for name in sorted(found, key=os.fsencode)}


def fetch(url: str, known: Facts | None, state: State | None) -> Iterator[bytes]:
    """Yield the content of an object piece by piece.

    Args:
        url: of the object.
        known: what the store has said of it, which must still be so.
        state: that it must have.

    Raises:
        Replaced: it has another.
        StoreError: the store does not give it.
    """
    store, key, at = _found(url)
    options: dict[str, Any] = {}
    if known is not None and known.etag is not None:  # an empty one would be no condition
        options["if_match"] = known.etag
    elif known is not None and known.version is not None:
        options["version"] = known.version
    with _explained(url):
        answer = store.get(key, options=options)  # type: ignore[arg-type]  # a dict of these
        facts = _facts(answer.meta, at)
        # a listing does not say which version it is
        states = [state_of_object(url, one) for one in (facts, evolve(facts, version=None))]
        if state is not None and state not in states:
            raise _replaced(url)
        yield from map(bytes, answer.stream(min_chunk_size=_PIECE))


def _found(url: str) -> tuple[ObjectStore, str, str]:
    """Return the store of an object, the object's name in it, and which store that is."""
    scheme, _, place = url.partition("://")
    bucket, _, key = place.partition("/")
    at = endpoint()
    return _opened(f"{scheme}://{bucket}", at), key, digest_of(at)


def _is_marker(store: ObjectStore, key: str) -> bool:
    """Return whether an empty object only stands for a folder: its name ends with `/`."""
    try:
        store.head(key)
    except FileNotFoundError:
        return True
    return False


def _facts(meta: Any, at: str) -> Facts:
    modified_ns = int(meta["last_modified"].timestamp() * 1e9)
    return facts_of(meta["size"], meta["e_tag"], meta["version"], modified_ns, at)


def _replaced(url: str) -> Replaced:
    return Replaced(f"{url} was replaced while it was read")


@cache
def _opened(root: str, at: Endpoint) -> ObjectStore:
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError:
        msg = f"{root} needs obstore, which is not installed: pip install 'tablehost[objects]'"
        raise UsageError(msg) from None
    plain = any(value.startswith("http://") for _, value in at)  # as the user has written it
    try:
        return from_url(
            root,
            client_options={
                "timeout": _LONGEST,
                "read_timeout": _SILENCE,
                **({"allow_http": True} if plain else {}),
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRIED},
        )
    except BaseError as error:
        msg = f"{root} cannot be opened: {_said(error)}"
        raise UsageError(msg) from None


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turn an error of the library into one that says no more than is needed.

    Its own text may have the id of a key, and a traceback would have its text.
    """
    from obstore.exceptions import (
        BaseError,
        PermissionDeniedError,
        PreconditionError,
        UnauthenticatedError,
    )

    try:
        yield
    except FileNotFoundError:
        raise NoObject(url) from None
    except PreconditionError:
        raise _replaced(url) from None
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StoreError(errno.EACCES, _said(error), url) from None
    except BaseError as error:
        raise StoreError(errno.EIO, _said(error), url) from None


def _said(error: Exception) -> str:
    text = str(error)
    if _NO_CREDENTIALS in text:
        return "no credentials for the store are in the environment"
    status = _STATUS.search(text)
    if status is None:  # its own words, without the store's address, which may have a password
        own = text.splitlines()[0].rpartition("  - ")[2][:_SHOWN]
        return f"no whole answer from the store: {own}" if _NO_ANSWER in own else own
    code = _CODE.search(text)
    return f"the store answers {status[1].strip()}" + (f" ({code[1]})" if code else "")
