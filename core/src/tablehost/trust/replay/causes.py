"""What is not as it was when a table was made, and may be why it is another one now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from attrs import frozen

from tablehost.builders.builder import Builder
from tablehost.console.text import shown
from tablehost.manifest.read import folder_digest
from tablehost.trust.diff.inputs import input_changes
from tablehost.trust.evidence.code import CodeChange, code_changes, surroundings_changes
from tablehost.trust.evidence.inputs import recorded
from tablehost.trust.evidence.subject import Subject

Cause = Literal["inputs-changed", "code-changed", "environment-changed"]


@frozen(kw_only=True)
class Causes:
    """What changed.

    Args:
        inputs: what the builder read that it had not read then, one sentence each.
        code: its own modules.
        environment: tools, packages, the host, Python and the machine, one sentence each.
    """

    inputs: tuple[str, ...] = ()
    code: tuple[CodeChange, ...]
    environment: tuple[str, ...]

    @property
    def likeliest(self) -> Cause | None:
        """Return what a difference is laid to; None where nothing changed that could make one."""
        if self.inputs:
            return "inputs-changed"
        if any(change.kind == "semantic" for change in self.code):
            return "code-changed"
        return "environment-changed" if self.environment else None

    @property
    def told(self) -> tuple[str, ...]:
        """Return all of it in a sentence each."""
        code = (f"{one.what} {one.detail} ({one.kind})" for one in self.code)
        return (*self.inputs, *code, *self.environment)


def causes_before(subject: Subject, builder: Builder) -> Causes:
    """Tell what can be told before the table is built.

    Args:
        subject: the table.
        builder: the builder that made it, as it is installed now.
    """
    return Causes(
        code=tuple(code_changes(subject, builder)),
        environment=tuple(surroundings_changes(subject, builder)),
    )


def causes_after(before: Causes, subject: Subject, remade: Subject, *, sampled: bool) -> Causes:
    """Add what is known once the table is built.

    Args:
        before: what was known.
        subject: the table.
        remade: the one that was made once more.
        sampled: whether it has but some of the items, and read but some of the inputs.
    """
    inputs = [] if sampled else list(_input_changes(subject, remade))
    return Causes(
        inputs=(*inputs, *_parent_changes(subject, remade)),
        code=before.code,
        environment=(*_tool_changes(subject, remade), *before.environment),
    )


def _input_changes(subject: Subject, remade: Subject) -> Iterator[str]:
    if any(folder_digest(dict(one.told)) is None for one in recorded(subject)):
        return  # what is not known is no change
    for one in input_changes(subject, remade):
        files = ((one.changed, "changed"), (one.added, "added"), (one.removed, "removed"))
        told = [f"{len(names)} {how}, such as {names[0]}" for names, how in files if names]
        yield f"{one.what}: {'; '.join(told) or one.note or one.kind}"


def _parent_changes(subject: Subject, remade: Subject) -> Iterator[str]:
    """Say which inputs are tables whose own manifest is another one now, or gone."""
    now = {one["manifest_sha256"] for one in remade.provenance("parents")}
    for one in subject.sequence("parents"):
        if isinstance(one, dict) and one.get("manifest_sha256") not in now:
            yield f"{one.get('path')}: its own manifest is not there as it was"


def _tool_changes(subject: Subject, remade: Subject) -> Iterator[str]:
    """Say which tools had other content this time, wherever they lie."""
    for name, tool in remade.provenance("code", "tools").items():
        if subject.provenance("code", "tools", name, "sha256") not in (None, tool["sha256"]):
            yield f"tool {name}: {shown(Path(tool['path']))} has other content"
