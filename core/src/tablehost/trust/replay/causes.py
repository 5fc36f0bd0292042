"""What is not as it was when a table was made, and may be why it cannot be reproduced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from attrs import evolve, frozen

from tablehost.builders.builder import Builder
from tablehost.console.text import shown
from tablehost.manifest.read import dig
from tablehost.trust.diff.inputs import input_changes
from tablehost.trust.evidence.code import ModuleChange, module_changes, surroundings_changes
from tablehost.trust.evidence.inputs import inputs_of
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
    code: tuple[ModuleChange, ...]
    environment: tuple[str, ...]

    @property
    def likeliest(self) -> Cause | None:
        """Return the likeliest cause of a difference; None where nothing relevant changed."""
        if self.inputs:
            return "inputs-changed"
        if any(change.effect == "semantic" for change in self.code):
            return "code-changed"
        return "environment-changed" if self.environment else None

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return one sentence about each change."""
        code = (f"{one.what} {one.detail} ({one.effect})" for one in self.code)
        return (*self.inputs, *code, *self.environment)


def causes_before(subject: Subject, builder: Builder) -> Causes:
    """Find what is known before the table is built."""
    return Causes(
        code=tuple(module_changes(subject, builder)),
        environment=tuple(surroundings_changes(subject, builder)),
    )


def causes_after(before: Causes, subject: Subject, remade: Subject, *, sampled: bool) -> Causes:
    """Add what is known once the table is built.

    Args:
        before: what was known.
        subject: the table.
        remade: the one that was made once more.
        sampled: whether it has only some of the items, and read only some of the inputs.
    """
    inputs = [] if sampled else list(_input_changes(subject, remade))
    return evolve(
        before,
        inputs=(*inputs, *_parent_changes(subject, remade)),
        environment=(*_tool_changes(subject, remade), *before.environment),
    )


def _input_changes(subject: Subject, remade: Subject) -> Iterator[str]:
    if any(one.digest is None for one in inputs_of(subject)):
        return  # unknown is not changed
    for one in input_changes(subject, remade):
        files = ((one.changed, "changed"), (one.added, "added"), (one.removed, "removed"))
        which = [f"{len(names)} {how}, such as {names[0]}" for names, how in files if names]
        yield f"{one.what}: {'; '.join(which) or one.note or one.kind}"


def _parent_changes(subject: Subject, remade: Subject) -> Iterator[str]:
    """Yield which inputs are tables whose own manifest is another one now, or gone."""
    now = {one["manifest_sha256"] for one in remade.manifest.parents or []}
    for one in subject.manifest.parents or []:
        if isinstance(one, dict) and one.get("manifest_sha256") not in now:
            yield f"{one.get('path')}: its own manifest is not there as it was"


def _tool_changes(subject: Subject, remade: Subject) -> Iterator[str]:
    """Yield which tools had other content this time, wherever they are."""
    for name, tool in (remade.manifest.tools or {}).items():
        if dig(subject.manifest.tools, name, "sha256") not in (None, tool["sha256"]):
            yield f"tool {name}: {shown(Path(tool['path']))} has other content"
