"""A commit that did not finish: what is there, and what the next run will do."""

from __future__ import annotations

from pathlib import Path

from tablehost.commit.intent import said
from tablehost.commit.output import Output
from tablehost.console.text import shown
from tablehost.trust.evidence.subject import Torn
from tablehost.trust.verify.findings import Finding, unverifiable


def torn(output: Output, found: Torn) -> Finding:
    """Describe how far a commit came that was cut off."""
    if found.live:
        return unverifiable(found.why)
    commit, why = found.cut_off, [found.why]
    if commit is None:
        return Finding(verdict="torn", why=tuple(why))
    state = commit.state()
    why += said({name: [Path(shown(one)) for one in found] for name, found in state.items()})
    if state["gone"]:
        notes = ", ".join(map(str, output.intents))
        why.append(f"the next run refuses; build it again with --overwrite after removing {notes}")
    else:
        why.append(commit.outlook)
    files = {name: list(map(str, found)) for name, found in state.items()}
    return Finding(verdict="torn", why=tuple(why), which={"run_id": commit.run_id, **files})
