"""`tablehost clean`: remove the files that tablehost keeps beside a table."""

from __future__ import annotations

import glob
from pathlib import Path

from tablehost.cli.answer import JsonSwitch, Switch, print_json
from tablehost.commit import commit
from tablehost.commit.lock import locked
from tablehost.commit.output import Output
from tablehost.console.text import printable
from tablehost.contract.errors import UsageError
from tablehost.files.folders import remove_folder
from tablehost.files.sqlite_file import pieces


def clean(
    out: Path,
    /,
    *,
    yes: Switch = False,
    as_json: JsonSwitch = False,
) -> int:
    """Remove ledger, history, listings and leftovers of an output, after naming them.

    The table and its manifest stay. Without the ledger, the next run wants --fresh, and does every
    item again.

    Args:
        out: The table that was given as --out.
        yes: Do not ask.
        as_json: Write what was removed as JSON; never asks, so it needs --yes.
    """
    output = Output.at(out)
    with locked(output):
        if commit.pending(output) is not None:
            msg = f"{out}: a commit was cut off; run its command again before cleaning"
            raise UsageError(msg)
        found = [path for path in _removable(output) if path.exists() or path.is_symlink()]
        if not as_json:
            for path in found:
                print(printable(str(path)))
        agreed = yes or not found or (not as_json and _ask())
        if agreed:
            for path in found:
                _remove(path)
    if as_json:
        removed = [str(path) for path in found]
        print_json({"found": removed, "removed": removed if agreed else []})
    elif not found:
        print(f"nothing to remove beside {printable(str(out))}")
    elif not agreed:
        print("nothing was removed; --yes removes it without asking")
    return 0 if agreed else 1


def _removable(output: Output) -> list[Path]:
    set_aside = sorted(output.table.absolute().parent.glob(f"{glob.escape(output.ledger.name)}.*"))
    return [
        *reversed(pieces(output.ledger)),
        *set_aside,
        output.history,
        output.failed,
        output.scratch(None),
        *output.leftovers(),
    ]


def _ask() -> bool:
    try:
        return input("remove these? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()  # end the line of the question
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_folder(path)
    else:
        path.unlink()
