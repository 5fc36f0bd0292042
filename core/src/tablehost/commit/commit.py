"""The table and its manifest land together, or neither does.

The order is: both staged and on disk, the intent written, manifest renamed, table renamed, intent
dropped. A run that is killed, or stopped by an error, after the intent was written is rolled
forward by the next run; one that was stopped before has changed nothing. From the intent on, what
is staged belongs to the commit and nothing else removes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tablehost.commit.intent import (
    Intent,
    Move,
    Pending,
    TornCommit,
    moves_of,
    read_intent,
    said,
    write_intent,
)
from tablehost.commit.output import Output
from tablehost.contract.errors import ManifestError, TablehostError
from tablehost.files.atomic import make_folder, own_digest, sync, write_atomically
from tablehost.files.digests import file_digest
from tablehost.files.names import MANIFEST_SUFFIX, usual_manifest
from tablehost.manifest.read import read_typed

_NAME = re.compile(r"[\w-][\w.-]{0,99}")


class UnderWay(TablehostError):
    """An error stopped a commit that had begun; the next run goes on with it."""


def _nothing(step: str) -> None:
    """Do nothing at a step of the commit."""


reached: Callable[[str], None] = _nothing
"""Called after each step with its name. Only tests set it, to die there."""


def commit(output: Output, run_id: str, table_sha256: str) -> None:
    """Make the staged table and manifest the current pair.

    Args:
        output: where they belong; both are staged under `run_id`.
        run_id: this run.
        table_sha256: of the staged table, as it was written.

    Where the new manifest is elsewhere, a sidecar at the usual place is removed: it would describe
    another table.

    Raises:
        OSError: the commit has not begun, and both files are as they were.
        UnderWay: it has begun and was stopped by an error.
    """
    retire = _stale_sidecar(output)
    staged = {target: output.staged(target, run_id) for target in (output.manifest, output.table)}
    for path in staged.values():
        sync(path)
        sync(path.parent)  # its name too, before a note in another folder counts on it
    reached("staged")
    for old in filter(None, (output.manifest, retire)):
        _keep_in_history(output, old)
    reached("history")
    digests = {
        output.table: table_sha256,
        output.manifest: file_digest(staged[output.manifest]).sha256,
    }
    moves = [Move(target.absolute(), run_id, digests[target]) for target in staged]
    retired = file_digest(retire).sha256 if retire else None
    under_way = Pending(run_id, tuple(moves))
    with _stopped_by_errors(output, under_way):
        _note_down(output, under_way, retired, output.intents)
        _carry_out(output, moves, retired)


def recover(output: Output) -> list[str]:
    """Finish a commit that was cut off, and remove what killed runs left staged.

    The caller holds the lock.

    Returns:
        What was done, one sentence each.

    Raises:
        TornCommit: the notes of the commit and what they stand for do not fit together.
        UnderWay: it was stopped by an error once more.
    """
    done = []
    notes = _notes(output)
    if notes:
        commit = _agreed(output, notes)
        with _stopped_by_errors(output, commit):
            done.append(_resume(output, notes, commit))
    remove_leftovers(output)
    return done


def remove_leftovers(output: Output) -> None:
    """Remove what runs left staged, but for a commit under way, which needs it."""
    if _is_under_way(output):
        return
    with suppress(OSError):  # they are in the way of none, and the next run tries again
        for path in output.leftovers():
            path.unlink()


def pending(output: Output) -> Pending | None:
    """Return a commit that did not finish; reading commands report it.

    Raises:
        TornCommit: there is a note of one that cannot be read.
    """
    notes = _notes(output)
    if not notes:
        return None
    moves = [move for place, intent in notes.items() for move in moves_of(place, intent)]
    lacks = None
    with suppress(TornCommit):  # a reader may not know where the other file of the pair is
        lacks = next(iter(_missing(output, notes, _agreed(output, notes))), None)
    return Pending(next(iter(notes.values())).run_id, tuple(moves), lacks)


def _notes(output: Output) -> dict[Path, Intent]:
    found = {place: read_intent(place) for place in output.intents}
    return {place: intent for place, intent in found.items() if intent is not None}


def _agreed(output: Output, notes: dict[Path, Intent]) -> Pending:
    """Return the one commit of this output that notes stand for.

    Raises:
        TornCommit: they are of another output, or of two runs.
    """
    digests: dict[Path, str] = {}
    for place, intent in notes.items():
        targets = output.noted[place]
        others = {target for both in output.noted.values() for target in both} - {*targets}
        if [*intent.moves] != [one.name for one in targets] or bool(others) != bool(intent.apart):
            msg = (
                f"{place} notes the commit of {' and '.join(map(repr, intent.moves))} by run "
                f"{intent.run_id}, not that of this --out and --manifest-out; give those of that "
                "run, or look at the note and remove it"
            )
            raise TornCommit(msg)
        theirs = dict(zip(targets, intent.moves.values(), strict=True))
        theirs |= dict.fromkeys(others, str(intent.apart))
        if any(digests.get(target, sha256) != sha256 for target, sha256 in theirs.items()):
            msg = f"{' and '.join(map(str, notes))} are of different runs; look at them"
            raise TornCommit(msg)
        digests |= theirs
    run_ids = {intent.run_id for intent in notes.values()}
    if len(run_ids) > 1:
        msg = f"{' and '.join(map(str, notes))} are of the runs {' and '.join(sorted(run_ids))}"
        raise TornCommit(msg)
    (run_id,) = run_ids
    order = (output.manifest, output.table)
    return Pending(run_id, tuple(Move(one.absolute(), run_id, digests[one]) for one in order))


def _missing(output: Output, notes: dict[Path, Intent], commit: Pending) -> list[Path]:
    """Return the notes that are gone and must be there: from before the first move to the last."""
    gone = [place for place in output.intents if place not in notes]
    if not gone or all(move.is_in_place() for move in commit.moves):
        return []
    return [] if all(move.is_staged() for move in commit.moves) else gone


def _resume(output: Output, notes: dict[Path, Intent], commit: Pending) -> str:
    """Go on with a commit where it was cut off; what it moves has the noted bytes.

    Returns:
        What was done.
    """
    for missing in _missing(output, notes, commit):
        msg = (
            f"the commit of run {commit.run_id} was cut off and {missing} is missing; give the "
            "--out and --manifest-out of that run, or if these are they and it cannot be put back, "
            f"remove {' and '.join(map(str, notes))} and give --overwrite"
        )
        raise TornCommit(msg)
    waiting = [move for move in commit.moves if not move.is_in_place()]
    for move in waiting:
        if not move.is_staged():
            what = "has other bytes" if os.path.lexists(move.staged) else "is gone"
            msg = (
                f"the commit of run {commit.run_id} was cut off and {move.staged} {what}: "
                f"{move.target} cannot be put in place. Build the table again with --overwrite "
                f"after removing {', '.join(map(str, output.intents))}"
            )
            raise TornCommit(msg)
    retired = next((one.retire for one in notes.values() if one.retire), None)
    if waiting:
        unnoted = [place for place in output.intents if place not in notes]
        _note_down(output, commit, retired, unnoted)
    _carry_out(output, waiting, retired)
    return f"finished the commit of run {commit.run_id}, which had been cut off"


def _note_down(
    output: Output, commit: Pending, retired: str | None, places: Iterable[Path]
) -> None:
    """Write what each folder's note says of a commit."""
    digests = {move.target: move.sha256 for move in commit.moves}
    for place in places:
        names = [target.absolute() for target in output.noted[place]]
        here = {target.name: digests[target] for target in names}
        apart = [sha256 for target, sha256 in digests.items() if target not in names]
        write_intent(place, Intent(commit.run_id, here, next(iter(apart), None), retired))
        reached("intent")


def _carry_out(output: Output, moves: Iterable[Move], retired: str | None) -> None:
    for move in moves:
        move.staged.replace(move.target)
        sync(move.target.parent)
        reached(f"moved {move.target.name}")
    usual = usual_manifest(output.table)
    if retired and _is_elsewhere(output) and own_digest(usual) == retired:
        usual.unlink()
    _drop(output)
    reached("done")


def _drop(output: Output) -> None:
    """Remove the notes, that of the table last: readers begin at the table."""
    for place in reversed(output.intents):
        place.unlink(missing_ok=True)
        with suppress(OSError):  # a note that comes back finds everything in place
            sync(place.parent)


@contextmanager
def _stopped_by_errors(output: Output, commit: Pending) -> Iterator[None]:
    """Say of an error what stands where, once a commit is under way.

    Raises:
        UnderWay: an error stopped it.
        OSError: nothing is under way.
    """
    try:
        yield
    except OSError as error:
        if not _is_under_way(output):
            raise
        try:
            state = "; ".join(said(commit.state()))
        except OSError as other:
            state = f"what stands where cannot be read ({other.strerror})"
        msg = (
            f"{output.table}: the commit of run {commit.run_id} is under way and was stopped by "
            f"an error ({error.filename or 'disk'}: {error.strerror}); {state}; run the same "
            "command to finish it"
        )
        raise UnderWay(msg) from error


def _is_under_way(output: Output) -> bool:
    return any(os.path.lexists(place) for place in output.intents)


def _keep_in_history(output: Output, manifest: Path) -> None:
    """Keep a manifest that is about to be replaced, under the run that made it."""
    if not manifest.is_file():
        return
    content = manifest.read_bytes()
    try:
        run_id = str(json.loads(content)["run_provenance"]["run_id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        run_id = ""
    if not _NAME.fullmatch(run_id):
        run_id = hashlib.sha256(content).hexdigest()[:16]  # an older tool's, which names no run
    make_folder(output.history)
    write_atomically(output.history / f"{run_id}{MANIFEST_SUFFIX}", content)


def retire_older(output: Output) -> Path | None:
    """Put the sidecar of an older tool into the history, and return where it was.

    Its readers would take it for that of the table which is there now.
    """
    older = output.table.with_suffix(MANIFEST_SUFFIX)
    kept = (output.manifest, usual_manifest(output.table))
    if older in kept or older.is_symlink() or not older.is_file():
        return None
    try:
        recorded = read_typed(older).table_path
    except ManifestError:
        return None
    if recorded is not None and Path(recorded).name != output.table.name:
        return None
    _keep_in_history(output, older)
    older.unlink()
    return older


def _stale_sidecar(output: Output) -> Path | None:
    usual = usual_manifest(output.table)
    return usual if _is_elsewhere(output) and usual.is_file() else None


def _is_elsewhere(output: Output) -> bool:
    """Return whether the manifest is not at its usual place."""
    return os.path.realpath(usual_manifest(output.table)) != os.path.realpath(output.manifest)
