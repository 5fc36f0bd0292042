"""What is not as it was when a table was made, one kind of reason a function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

from attrs import frozen

from tablehost.builders.builder import Builder
from tablehost.console.text import counted, flag
from tablehost.contract.errors import ManifestError
from tablehost.files.digest_cache import StatCache
from tablehost.files.digests import file_digest
from tablehost.manifest.read import dig, find, read
from tablehost.options.fields import options_of
from tablehost.trust.evidence.archive import claim_of
from tablehost.trust.evidence.builder import as_json, changed_defaults
from tablehost.trust.evidence.code import code_changes, tool_changes
from tablehost.trust.evidence.inputs import Recorded, State
from tablehost.trust.evidence.subject import Subject

Kind = Literal[
    "table-missing",
    "torn",
    "inputs-changed",
    "parents-rebuilt",
    "defaults-changed",
    "builder-changed",
    "engine-changed",
    "code-changed",
    "items-failed",
    "inputs-missing",
    "not-told",
    "inputs-moved",
    "parents-stale",
]
"""The most important first."""

Weight = Literal["stale", "unknown", "cosmetic"]


@frozen(kw_only=True)
class Reason:
    """Something that is not as it was when the table was made.

    Args:
        kind: what.
        weight: `stale` where the table would be another, `cosmetic` where it would be the same,
            `unknown` where nobody can tell.
        text: one sentence.
        details: names, such as those of files.
    """

    kind: Kind
    weight: Weight
    text: str
    details: tuple[str, ...] = ()


def table_reasons(subject: Subject) -> Iterator[Reason]:
    """Look at the table itself: whether it is there, and all of it."""
    if subject.torn is not None:
        text = f"the commit of run {subject.torn.run_id} was cut off; the next run finishes it"
        yield Reason(kind="torn", weight="unknown", text=text)
    elif not subject.table.exists():
        yield Reason(kind="table-missing", weight="stale", text="the table is not there")
    yield from _failed_items(subject)
    told = {
        "its inputs": subject.provenance("inputs"),
        "which options were defaults": subject.provenance("args_from"),
        "its code": subject.provenance("code", "plugin", "modules"),
    }
    silent = [what for what, value in told.items() if not isinstance(value, dict)]
    if silent:
        text = f"the manifest does not tell {', '.join(silent)}"
        yield Reason(kind="not-told", weight="unknown", text=text)


def input_reasons(subject: Subject, state: State) -> Iterator[Reason]:
    """Tell what became of an input.

    Args:
        subject: the table.
        state: of the input now.
    """
    one = state.input
    if one.move:
        yield Reason(kind="inputs-moved", weight="cosmetic", text=one.move)
    if state.verdict == "missing":
        yield Reason(kind="inputs-missing", weight="unknown", text=f"{one} is not there")
    elif state.verdict == "unverifiable":
        yield Reason(kind="not-told", weight="unknown", text=f"{one}: {state.why}")
    elif rebuilt := _rebuilt(subject, one):
        same = state.verdict == "same"
        text = f"{one} was rebuilt{', to the same bytes' if same else ''}: {rebuilt}"
        yield Reason(kind="parents-rebuilt", weight="cosmetic" if same else "stale", text=text)
    else:
        yield from _content_reasons(subject, state)


def default_reasons(subject: Subject, builder: Builder) -> Iterator[Reason]:
    """Compare the defaults of the options that decide the table.

    Args:
        subject: the table.
        builder: the builder that made it, as it is installed now.
    """
    args, origins = subject.provenance("args"), subject.provenance("args_from")
    if not isinstance(args, dict) or not isinstance(origins, dict):
        return
    options = {option.name: option for option in options_of(builder.options_class)}
    left_out = subject.sequence("recipe", "left_out")
    for name in sorted(args.keys() - options.keys() - {*map(str, left_out)}):
        yield _default_reason(f"{flag(name)} is gone; it was {as_json(args[name])}")
    changed = {option.name for option in changed_defaults(subject, builder)}
    for name, option in options.items():
        now = "to be given" if option.required else as_json(option.default)
        if name in changed:
            yield _default_reason(f"{option.flag}: {as_json(args[name])} -> {now}")
        elif option.semantic and name not in args:
            yield _default_reason(f"{option.flag} is new: {now}")


def version_reasons(subject: Subject, builder: Builder) -> Iterator[Reason]:
    """Compare the version of the builder's distribution."""
    told = subject.provenance("code", "plugin")
    before = f"{dig(told, 'distribution')} {dig(told, 'version')}"
    now = f"{builder.distribution} {builder.version}"
    if dig(told, "version") is not None and before != now:
        yield Reason(kind="builder-changed", weight="stale", text=f"{before} -> {now}")


def engine_reasons(subject: Subject, cache: StatCache) -> Iterator[Reason]:
    """Compare the content of the tools."""
    for text in tool_changes(subject, cache):
        yield Reason(kind="engine-changed", weight="stale", text=text)


def code_reasons(subject: Subject, builder: Builder | Path) -> Iterator[Reason]:
    """Compare the builder's modules, one reason for each kind of change."""
    changes = code_changes(subject, builder)
    for kind in dict.fromkeys(change.kind for change in changes):
        details = tuple(f"{one.what} {one.detail}" for one in changes if one.kind == kind)
        weight: Weight = "stale" if kind == "semantic" else kind
        text = f"{kind}: {counted(len(details), 'module')}"
        yield Reason(kind="code-changed", weight=weight, text=text, details=details)


def _content_reasons(subject: Subject, state: State) -> Iterator[Reason]:
    files = {"changed": state.changed, "new": _new(subject, state), "gone": state.removed}
    if state.verdict == "changed" or files["new"]:
        counts = ", ".join(f"{len(names)} {word}" for word, names in files.items() if names)
        text = f"{state.input}: {counts or state.why or 'other content'}"
        details = tuple(f"{word} {name}" for word, names in files.items() for name in names)
        yield Reason(kind="inputs-changed", weight="stale", text=text, details=details)


def _new(subject: Subject, state: State) -> tuple[str, ...]:
    """Return the files that came into a folder since.

    Where the run took a selection of the folder, those beside it are new only if they are younger.
    """
    if "dir_hash1" in state.input.told:
        return state.added
    try:
        began = datetime.fromisoformat(str(subject.provenance("started_at"))).timestamp()
    except ValueError:
        return ()
    folder = state.input.path
    return tuple(name for name in state.added if (folder / name).lstat().st_ctime > began)


def _rebuilt(subject: Subject, one: Recorded) -> str:
    """Say which run made an input that is a table, and which run had; nothing where it is one."""
    then = claim_of(subject, one)
    try:
        place = find(one.path)
        now = read(place)
    except ManifestError:
        return ""
    if then.get("manifest_sha256") in (None, file_digest(place).sha256):
        return ""
    return f"run {then.get('run_id')} then, {dig(now, 'run_provenance', 'run_id')} now"


def _failed_items(subject: Subject) -> Iterator[Reason]:
    number = subject.says("run", "items", "failed")
    if not isinstance(number, int) or number < 1:
        return
    counts = Counter(str(one.get("reason")) for one in subject.failures)
    why = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
    text = f"{counted(number, 'item')} failed ({why}); a run tries again"
    details = tuple(f"{one.get('key')}: {one.get('reason')}" for one in subject.failures)
    yield Reason(kind="items-failed", weight="stale", text=text, details=details)


def _default_reason(text: str) -> Reason:
    return Reason(kind="defaults-changed", weight="stale", text=text)
