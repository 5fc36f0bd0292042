"""What differs between the inputs of two tables: by option and label, of folders by file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import zip_longest

from attrs import frozen

from tablehost.console.text import flag
from tablehost.manifest.read import folder_digest
from tablehost.trust.diff.manifests import Change
from tablehost.trust.evidence.inputs import Recorded, file_changes, listed, recorded
from tablehost.trust.evidence.subject import Subject


@frozen(kw_only=True)
class InputChange(Change):
    """An input that differs; of a folder, with the files that do.

    `a` and `b` are the paths that the manifests tell.

    Args:
        added: files that only the second has.
        removed: files that only the first has.
        changed: files with other content.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def input_changes(a: Subject, b: Subject) -> Iterator[InputChange]:
    """Yield the inputs with other content; the same content in another place is no change.

    Args:
        a: the first table.
        b: the second.
    """
    if not all(isinstance(one.provenance("inputs"), dict) for one in (a, b)):
        return
    groups: dict[str, tuple[list[Recorded], list[Recorded]]] = defaultdict(lambda: ([], []))
    for side, subject in enumerate((a, b)):
        for one in recorded(subject):
            label = f" {one.label}" if one.label else ""
            groups[f"{flag(one.option)}{label}"][side].append(one)
    for what, (ours, theirs) in groups.items():
        yield from _group_changes(what, ours, theirs)


def _group_changes(
    what: str, ours: list[Recorded], theirs: list[Recorded]
) -> Iterator[InputChange]:
    """Yield how the inputs of one option and label differ; without twins, they go by order."""
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


def _is_same(one: Recorded, other: Recorded) -> bool:
    """Tell whether the content is the same; where that is unknown, the path speaks for it."""
    digests = [folder_digest(dict(each.told)) for each in (one, other)]
    if None in digests:
        return bool(one.told["path"] == other.told["path"])
    return digests[0] == digests[1]


def _change(what: str, one: Recorded | None, other: Recorded | None) -> InputChange:
    if one is None or other is None:
        there = one or other
        path = there.told["path"] if there else None
        if one is None:
            return InputChange(what=what, kind="added", b=path)
        return InputChange(what=what, kind="removed", a=path)
    paths = {"a": one.told["path"], "b": other.told["path"]}
    before, now = listed(one), listed(other)
    if before is None or now is None:
        folder = "directory" in (one.told.get("kind"), other.told.get("kind"))
        note = "other content" + (", and no listing to tell of which files" if folder else "")
        return InputChange(what=what, kind="changed", **paths, note=note)
    files = file_changes(before, now)
    return InputChange(what=what, kind="changed", **paths, note="other content", **files)
