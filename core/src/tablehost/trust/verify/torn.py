"""A commit that did not finish: what is there, and what the next run will do."""

from __future__ import annotations

from pathlib import Path

from tablehost.commit.commit import Intent, Move
from tablehost.commit.output import Output
from tablehost.console.text import shown
from tablehost.files.digests import file_digest
from tablehost.trust.verify.findings import Finding


def torn(table: Path, intent: Intent) -> Finding:
    """Describe how far a commit came that was cut off."""
    files: dict[str, list[str]] = {"in_place": [], "still_staged": [], "gone": []}
    for move in intent.moves:
        files[_state(move)].append(move.target)
    why = [f"the commit of run {intent.run_id} was cut off"]
    why += [
        f"{state.replace('_', ' ')}: {', '.join(shown(Path(one)) for one in targets)}"
        for state, targets in files.items()
        if targets
    ]
    if files["gone"]:
        notes = ", ".join(map(str, Output.at(table).intents))
        why.append(f"the next run refuses; build it again with --overwrite after removing {notes}")
    else:
        why.append("the next run on this path finishes it")
    return Finding(verdict="torn", why=tuple(why), which={"run_id": intent.run_id, **files})


def _state(move: Move) -> str:
    if Path(move.source).exists():
        return "still_staged"
    target = Path(move.target)
    landed = target.is_file() and file_digest(target).sha256 == move.sha256
    return "in_place" if landed else "gone"
