"""The table and its manifest land together, or neither does.

The order is: both staged and on disk, the intent written, manifest renamed, table renamed, intent
dropped. A run that is killed after the intent was written is rolled forward by the next run; one
that was killed before has changed nothing.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cattrs
from attrs import asdict, frozen

from tablehost.commit.output import Output
from tablehost.console.text import utc_now
from tablehost.contract.errors import TablehostError, UsageError
from tablehost.files.atomic import sync, write_atomically
from tablehost.files.digests import file_digest
from tablehost.files.names import usual_manifest


class TornCommit(TablehostError):
    """A commit did not finish and cannot be finished."""


_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


@frozen
class Move:
    """A staged file on its way to its place."""

    source: str
    target: str
    sha256: str


@frozen
class Intent:
    """What a commit is about to do, written down before it begins."""

    run_id: str
    moves: tuple[Move, ...]
    remove: str | None


def _nothing(step: str) -> None:
    """Do nothing at a step of the commit."""


reached: Callable[[str], None] = _nothing
"""Called after each step with its name. Only tests set it, to die there."""


@contextmanager
def locked(output: Output, *, must: bool = True) -> Iterator[None]:
    """Hold the output's lock.

    Args:
        output: to lock.
        must: refuse a file system that has no locks, instead of going on without one.

    Raises:
        UsageError: another run holds it, or it cannot be had.
    """
    while True:
        try:
            descriptor = os.open(output.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UsageError(_unlockable(output, error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 4096).decode(errors="replace")
            os.close(descriptor)
            raise UsageError(_busy(output, holder)) from None
        except OSError as error:
            if must or error.errno not in _NO_LOCKS:
                if os.fstat(descriptor).st_size == 0:  # without a note it is of no other run
                    output.lock.unlink(missing_ok=True)
                os.close(descriptor)
                raise UsageError(_unlockable(output, error)) from error
        if _is_still(output.lock, descriptor):
            break
        os.close(descriptor)  # its holder removed it between our open and our lock
    try:
        note = {"pid": os.getpid(), "host": socket.gethostname(), "since": utc_now()}
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(note).encode())
        yield
    finally:
        output.lock.unlink(missing_ok=True)
        os.close(descriptor)


def commit(output: Output, run_id: str, table_sha256: str) -> None:
    """Make the staged table and manifest the current pair.

    Args:
        output: where they belong; both are staged under `run_id`.
        run_id: this run.
        table_sha256: of the staged table, as it was written.

    Where the new manifest is elsewhere, a sidecar at the usual place is removed: it would describe
    another table.
    """
    retire = _stale_sidecar(output)
    staged = {target: output.staged(target, run_id) for target in (output.manifest, output.table)}
    for path in staged.values():
        sync(path)
    reached("staged")
    for old in filter(None, (output.manifest, retire)):
        _keep_in_history(output, old)
    reached("history")
    digests = {
        output.table: table_sha256,
        output.manifest: file_digest(staged[output.manifest]).sha256,
    }
    moves = [
        Move(str(path.absolute()), str(target.absolute()), digests[target])
        for target, path in staged.items()
    ]
    intent = Intent(run_id, tuple(moves), str(retire.absolute()) if retire else None)
    for place in output.intents:
        write_atomically(place, json.dumps(asdict(intent), indent=2) + "\n")
        reached("intent")
    _carry_out(output, intent)


def recover(output: Output) -> list[str]:
    """Finish a commit that was cut off, and remove what killed runs left staged.

    The caller holds the lock.

    Returns:
        What was done, one sentence each.

    Raises:
        TornCommit: a file that the commit was about to place is gone.
    """
    done = []
    intent = pending(output)
    if intent is not None:
        _carry_out(output, intent)
        done.append(f"finished the commit of run {intent.run_id}, which had been cut off")
    for leftover in output.leftovers():
        leftover.unlink()
    return done


def pending(output: Output) -> Intent | None:
    """Return the intent of a commit that did not finish; reading commands report it.

    Raises:
        TornCommit: there is one that cannot be read.
    """
    for place in output.intents:
        try:
            return cattrs.structure(json.loads(place.read_bytes()), Intent)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, cattrs.BaseValidationError) as error:
            msg = f"{place} is not readable as the note of a commit; look at it and remove it"
            raise TornCommit(msg) from error
    return None


def _carry_out(output: Output, intent: Intent) -> None:
    for move in intent.moves:
        source, target = Path(move.source), Path(move.target)
        if source.exists():
            source.replace(target)
            sync(target.parent)
        elif not target.exists() or file_digest(target).sha256 != move.sha256:
            msg = (
                f"the commit of run {intent.run_id} was cut off and {source} is gone: "
                f"{target} cannot be put in place. Build the table again with --overwrite after "
                f"removing {', '.join(str(place) for place in output.intents)}"
            )
            raise TornCommit(msg)
        reached(f"moved {target.name}")
    if intent.remove:
        Path(intent.remove).unlink(missing_ok=True)
    for place in output.intents:
        place.unlink(missing_ok=True)
        sync(place.parent)
    reached("done")


def _keep_in_history(output: Output, manifest: Path) -> None:
    """Keep a manifest that is about to be replaced, under the run that made it."""
    if not manifest.is_file():
        return
    try:
        run_id = str(json.loads(manifest.read_bytes())["run_provenance"]["run_id"])
    except (ValueError, KeyError, TypeError):
        run_id = file_digest(manifest).sha256[:16]  # an older tool's, which names no run
    output.history.mkdir(exist_ok=True)
    kept = output.history / f"{run_id.replace('/', '_')}.manifest.json"
    staged = kept.with_suffix(".tmp")
    shutil.copyfile(manifest, staged)
    sync(staged)
    staged.replace(kept)
    sync(output.history)


def _stale_sidecar(output: Output) -> Path | None:
    usual = usual_manifest(output.table)
    elsewhere = usual.absolute() != output.manifest.absolute()
    return usual if elsewhere and usual.is_file() else None


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _unlockable(output: Output, error: OSError) -> str:
    """Return why there is no lock, and what to do; whose file it is, where that matters."""
    if error.errno in _NO_LOCKS:
        return (
            f"{output.lock.absolute().parent} is on a file system without locks "
            f"({error.strerror}): a second run on {output.table} would not be noticed; build "
            "elsewhere, or see to it yourself and give `run` --no-lock"
        )
    remedy = "wait for its run to end, or build another --out"
    with suppress(OSError):
        owner = os.lstat(output.lock).st_uid
        if owner != os.geteuid():
            return f"{output.lock} is of user id {owner} ({error.strerror}); {remedy}"
    return f"{output.lock} cannot be made or locked: {error.strerror}; build another --out"


def _busy(output: Output, holder: str) -> str:
    try:
        note = json.loads(holder)
        who = f"process {note['pid']} on {note['host']} since {note['since']}"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return f"{output.table} is being built by {who}; wait for it to end, or build another --out"
