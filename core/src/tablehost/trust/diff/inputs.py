"""What differs between the inputs of two tables: by option and label, of folders by file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from attrs import frozen

from tablehost.contract.names import flag_of
from tablehost.trust.diff.manifests import Change
from tablehost.trust.evidence.inputs import (
    Observed,
    RecordedInput,
    file_changes,
    inputs_of,
    listed,
    observed_by,
)
from tablehost.trust.evidence.subject import Subject


@frozen(kw_only=True)
class InputChange(Change):
    """An input that differs; of a folder, with the files that do.

    `a` and `b` are the recorded paths.

    Args:
        added: files that only the second has.
        removed: files that only the first has.
        changed: files with other content.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def input_changes(a: Subject, b: Subject) -> Iterator[InputChange]:
    """Yield the inputs with other content; the same content in another place is not a change."""
    if a.manifest.inputs is None or b.manifest.inputs is None:
        return
    groups: dict[str, tuple[list[RecordedInput], list[RecordedInput]]] = defaultdict(
        lambda: ([], [])
    )
    for side, subject in enumerate((a, b)):
        for one in inputs_of(subject):
            label = f" {one.label}" if one.label else ""
            groups[f"{flag_of(one.option)}{label}"][side].append(one)
    for what, (ours, theirs) in groups.items():
        yield from _group_changes(what, ours, theirs)
    before, now = ({one.name: one for one in observed_by(subject)} for subject in (a, b))
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield _other_version(name, before.get(name), now.get(name))


def _other_version(name: str, one: Observed | None, other: Observed | None) -> InputChange:
    uris: dict[str, Any] = {side: each.uri for side, each in (("a", one), ("b", other)) if each}
    if one is None or other is None:
        return InputChange(what=name, kind="added" if other else "removed", **uris)
    note = f"version {one.version} -> {other.version}"
    return InputChange(what=name, kind="changed", **uris, note=note)


def _group_changes(
    what: str, ours: list[RecordedInput], theirs: list[RecordedInput]
) -> Iterator[InputChange]:
    """Yield how the inputs of one option and label differ.

    Those without a counterpart of the same content are compared in their order.
    """
    rest_a, rest_b = [], list(theirs)
    for one in ours:
        twin = next((other for other in rest_b if _is_same(one, other)), None)
        if twin is None:
            rest_a.append(one)
        else:
            rest_b.remove(twin)
    for one, other in zip_longest(rest_a, rest_b):
        yield _change(what, one, other)
    moved = not all(map(_is_same, ours, theirs))
    if moved and not rest_a and not rest_b:
        yield InputChange(what=what, kind="changed", note="in another order")


def _is_same(one: RecordedInput, other: RecordedInput) -> bool:
    """Return whether the content is the same; where that is unknown, whether the path is."""
    if one.digest is None or other.digest is None:
        return bool(one.descriptor["path"] == other.descriptor["path"])
    return one.digest == other.digest


def _change(what: str, one: RecordedInput | None, other: RecordedInput | None) -> InputChange:
    paths = {side: each.descriptor["path"] for side, each in (("a", one), ("b", other)) if each}
    if one is None or other is None:
        return InputChange(what=what, kind="added" if other else "removed", **paths)
    before, now = listed(one), listed(other)
    if before is None or now is None:
        folder = one.is_folder or other.is_folder
        unknown = "; without a listing the files cannot be named" if folder else ""
        return InputChange(what=what, kind="changed", **paths, note=f"other content{unknown}")
    files = file_changes(before, now)
    return InputChange(what=what, kind="changed", **paths, note="other content", **files)
