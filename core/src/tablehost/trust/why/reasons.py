"""What is not as it was when a table was made, one kind of reason a function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

from attrs import frozen

from tablehost.builders.builder import Builder
from tablehost.console.text import counted, shown
from tablehost.contract.errors import TablehostError
from tablehost.contract.names import flag_of
from tablehost.files.digest_cache import StatCache, hash_file
from tablehost.host.earlier_code import in_table
from tablehost.objects.path import ObjectPath
from tablehost.options.fields import options_of
from tablehost.provenance.code import not_followed
from tablehost.trust.evidence.archive import Archive, claim_of
from tablehost.trust.evidence.builder import as_json, changed_defaults
from tablehost.trust.evidence.code import module_changes, tool_changes
from tablehost.trust.evidence.inputs import InputCheck, RecordedInput, observed_by
from tablehost.trust.evidence.rows import number_of_rows
from tablehost.trust.evidence.subject import Subject

ReasonKind = Literal[
    "table-missing",
    "torn",
    "table-changed",
    "inputs-changed",
    "parents-rebuilt",
    "defaults-changed",
    "builder-changed",
    "engine-changed",
    "rows-of-earlier-code",
    "code-changed",
    "items-failed",
    "inputs-missing",
    "inputs-not-looked-at",
    "unverifiable",
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
            `unknown` where that cannot be known.
        text: one sentence.
        details: names, such as those of files.
    """

    kind: ReasonKind
    weight: Weight
    text: str
    details: tuple[str, ...] = ()


def table_reasons(subject: Subject, cache: StatCache) -> Iterator[Reason]:
    """Check that the table itself is there, complete, and the one that its manifest describes."""
    if subject.torn is not None:
        text = subject.torn.why
        text += f"; {subject.torn.cut_off.outlook}" if subject.torn.cut_off else ""
        yield Reason(kind="torn", weight="unknown", text=text)
    elif not subject.table.exists():
        yield Reason(kind="table-missing", weight="stale", text="the table is not there")
    elif not subject.in_history:
        yield from _other_table(subject, cache)
    yield from _failed_items(subject)
    facts = {
        "the table's digest": subject.manifest.sha256,
        "its inputs": subject.manifest.inputs,
        "which options were defaults": subject.manifest.args_from,
        "its code": subject.manifest.modules,
    }
    missing = [what for what, value in facts.items() if value is None]
    if missing:
        text = f"the manifest does not record {', '.join(missing)}"
        yield Reason(kind="unverifiable", weight="unknown", text=text)


def input_reasons(subject: Subject, check: InputCheck, archive: Archive) -> Iterator[Reason]:
    """Yield what became of an input."""
    one = check.input
    if one.move:
        yield Reason(kind="inputs-moved", weight="cosmetic", text=one.move)
    if check.status == "missing":
        yield Reason(kind="inputs-missing", weight="unknown", text=f"{one} is not there")
    elif check.status == "unverifiable":
        yield Reason(kind="unverifiable", weight="unknown", text=f"{one}: {check.why}")
    elif rebuilt := _rebuilt(subject, one, archive):
        same = check.status == "same"
        text = f"{one} was rebuilt{', to the same bytes' if same else ''}: {rebuilt}"
        yield Reason(kind="parents-rebuilt", weight="cosmetic" if same else "stale", text=text)
    else:
        yield from _content_reasons(subject, check)


def unseen_reasons(subject: Subject) -> Iterator[Reason]:
    """Yield what decides the table, and cannot be looked at or is not known."""
    kind: ReasonKind = "inputs-not-looked-at"
    for one in observed_by(subject):
        yield Reason(kind=kind, weight="unknown", text=f"{one}, and was not looked at")
    for name, place in (subject.manifest.not_followed or {}).items():
        text = f"{not_followed(name, place)}; it was not looked at"
        yield Reason(kind=kind, weight="unknown", text=text)
    if subject.manifest.inputs == {} and not subject.manifest.no_inputs:
        text = (
            "the manifest names no input; a builder whose options alone decide its table says so "
            'with Build(inputs="none")'
        )
        yield Reason(kind=kind, weight="unknown", text=text)


def default_reasons(subject: Subject, builder: Builder) -> Iterator[Reason]:
    """Compare the defaults of the options that decide the table."""
    args = subject.manifest.args
    if args is None or subject.manifest.args_from is None:
        return
    options = {option.name: option for option in options_of(builder.options_class)}
    left_out = subject.manifest.left_out or []
    for name in sorted(args.keys() - options.keys() - {*map(str, left_out)}):
        yield _default_reason(f"{flag_of(name)} is gone; it was {as_json(args[name])}")
    changed = {option.name for option in changed_defaults(subject, builder)}
    for name, option in options.items():
        now = "to be given" if option.required else as_json(option.default)
        if name in changed:
            yield _default_reason(f"{option.flag}: {as_json(args[name])} -> {now}")
        elif option.semantic and name not in args:
            yield _default_reason(f"{option.flag} is new: {now}")


def version_reasons(subject: Subject, builder: Builder) -> Iterator[Reason]:
    """Compare the version of the builder's distribution."""
    before = f"{subject.manifest.distribution} {subject.manifest.version}"
    now = f"{builder.distribution} {builder.version}"
    if subject.manifest.version is not None and before != now:
        yield Reason(kind="builder-changed", weight="stale", text=f"{before} -> {now}")


def engine_reasons(subject: Subject, cache: StatCache) -> Iterator[Reason]:
    """Compare the content of the tools."""
    for text in tool_changes(subject, cache):
        yield Reason(kind="engine-changed", weight="stale", text=text)


def code_reasons(subject: Subject, builder: Builder | Path) -> Iterator[Reason]:
    """Compare the builder's modules, one reason for each kind of change."""
    changes = module_changes(subject, builder)
    for effect in dict.fromkeys(change.effect for change in changes):
        details = tuple(f"{one.what} {one.detail}" for one in changes if one.effect == effect)
        weight: Weight = "stale" if effect == "semantic" else effect
        text = f"{effect}: {counted(len(details), 'module')}"
        yield Reason(kind="code-changed", weight=weight, text=text, details=details)


def row_reasons(subject: Subject, builder: Builder | Path) -> Iterator[Reason]:
    """Yield which finished items of the table other code has made than that of today."""
    for one in in_table(subject.manifest, builder):
        weight: Weight = "stale" if one.rows.code else "unknown"
        kind: ReasonKind = "rows-of-earlier-code"
        yield Reason(kind=kind, weight=weight, text=str(one), details=one.changes)


def _content_reasons(subject: Subject, check: InputCheck) -> Iterator[Reason]:
    files = {"changed": check.changed, "new": _new(subject, check), "gone": check.removed}
    if check.status == "changed" or files["new"]:
        counts = ", ".join(f"{len(names)} {word}" for word, names in files.items() if names)
        text = f"{check.input}: {counts or check.why or 'other content'}"
        details = tuple(f"{word} {name}" for word, names in files.items() for name in names)
        yield Reason(kind="inputs-changed", weight="stale", text=text, details=details)


def _new(subject: Subject, check: InputCheck) -> tuple[str, ...]:
    """Return the files that were added to a folder since.

    Where the run selected files of it, others count only if they are younger than the run.
    """
    if "dir_hash1" in check.input.descriptor:
        return check.added
    try:
        began = datetime.fromisoformat(subject.manifest.started_at or "").timestamp()
    except ValueError:
        return ()
    folder = check.input.path
    return tuple(name for name in check.added if (folder / name).lstat().st_ctime > began)


def _rebuilt(subject: Subject, one: RecordedInput, archive: Archive) -> str:
    """Say which run made an input that is a table then and now; empty where it is the same run."""
    then = claim_of(subject, one)
    if isinstance(one.path, ObjectPath):
        return ""  # its content is compared, and its manifest is not looked for
    try:
        now = archive.table(one.path).manifest
    except TablehostError:
        return ""
    if not now.digest or then.get("manifest_sha256") in (None, now.digest):
        return ""
    return f"run {then.get('run_id')} then, {now.run_id} now"


def _failed_items(subject: Subject) -> Iterator[Reason]:
    number, failures = subject.manifest.failed or 0, subject.manifest.failures
    if number < 1:
        return
    counts = Counter(str(one.get("reason")) for one in failures)
    why = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
    text = f"{counted(number, 'item')} failed ({why}); a run tries again"
    details = tuple(f"{one.get('key')}: {one.get('reason')}" for one in failures)
    yield Reason(kind="items-failed", weight="stale", text=text, details=details)


def _other_table(subject: Subject, cache: StatCache) -> Iterator[Reason]:
    """Compare the bytes and the number of rows with those in the manifest."""
    manifest, table = subject.manifest, subject.table
    try:
        found = hash_file(table, cache)
        facts = {"sha256": (manifest.sha256, found.sha256), "bytes": (manifest.bytes, found.bytes)}
        if manifest.sha256 == found.sha256:
            facts["rows"] = (manifest.rows, number_of_rows(table))
    except (OSError, TablehostError) as error:
        text = f"the table was not compared with its manifest: {error}"
        yield Reason(kind="unverifiable", weight="unknown", text=text)
        return
    other = [name for name, (recorded, now) in facts.items() if recorded not in (None, now)]
    if other:
        text = (
            f"the table is not as its manifest records, which has other {', '.join(other)}; "
            f"`tablehost verify {shown(table)}` shows what differs"
        )
        yield Reason(kind="table-changed", weight="stale", text=text)


def _default_reason(text: str) -> Reason:
    return Reason(kind="defaults-changed", weight="stale", text=text)
