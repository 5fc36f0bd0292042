"""The names that builders import from core, pinned: a changed face is announced to their authors.

After a change: write the sentence that announces it into a fragment in changelog.d/, and run
`python tests/test_public_face.py "THE SENTENCE"`, which writes tests/public_face.txt again.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FACES = (
    "tablehost",
    "tablehost.records",
    "tablehost.split",
    "tablehost.table",
    "tablehost.testing",
)
REPOSITORY = Path(__file__).parent.parent
PINNED = REPOSITORY / "tests" / "public_face.txt"
ANNOUNCED = "# announced"
REMEDY = (
    "the public face of core changed: announce it in one sentence in a fragment in changelog.d/, "
    'then run python tests/test_public_face.py "THE SENTENCE"'
)


def face(package: str) -> Iterator[str]:
    """Describe the public names of a package, each class with its public members."""
    module = importlib.import_module(package)
    yield f"# {package}"
    for name in sorted(public(module)):
        thing = getattr(module, name)
        yield from described(name, thing)
        if inspect.isclass(thing):
            members = sorted(vars(thing).items())
            for member, found in members:
                if not member.startswith("_"):
                    yield from described(f"    {member}", inspect.unwrap(found))


def public(module: Any) -> Iterator[str]:
    """Yield the names of a package's `__all__`, or those that a single module defines."""
    own = (name for name, one in vars(module).items() if _defined_in(module, one))
    yield from getattr(module, "__all__", [name for name in own if not name.startswith("_")])


def _defined_in(module: Any, thing: Any) -> bool:
    return getattr(thing, "__module__", None) == module.__name__


def described(name: str, thing: Any) -> Iterator[str]:
    if hasattr(thing, "__metadata__"):
        yield f"{name} = Annotated[{thing.__origin__.__name__}, {thing.__metadata__[0].name}]"
    elif inspect.isfunction(thing) or _has_own_arguments(thing):
        yield f"{name}{inspect.signature(thing)}"
    else:
        yield f"{name}: {type(thing).__name__}"


def _has_own_arguments(thing: Any) -> bool:
    return "__init__" in getattr(thing, "__dict__", ()) and not getattr(
        thing, "_is_protocol", False
    )


def pinned() -> tuple[dict[str, str], list[str]]:
    """Read the announcements, sentences by digest of a face, and the lines of the last face."""
    text = PINNED.read_text() if PINNED.exists() else ANNOUNCED
    head, _, lines = text.partition("\n# tablehost\n")
    announced = dict(line.split("  ", 1) for line in head.splitlines() if line != ANNOUNCED)
    return announced, ["# tablehost", *lines.splitlines()]


def faces() -> list[str]:
    return [line for package in FACES for line in face(package)]


def digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def changes() -> str:
    """Return the changelog with all its fragments, line breaks as blanks."""
    files = [REPOSITORY / "CHANGELOG.md", *sorted((REPOSITORY / "changelog.d").glob("*.md"))]
    return " ".join(" ".join(file.read_text() for file in files).split())


def test_the_public_names_and_their_signatures_are_the_pinned_ones():
    assert faces() == pinned()[1], REMEDY


def test_the_face_is_the_last_one_that_was_announced():
    assert list(pinned()[0])[-1] == digest(faces()), REMEDY


def test_every_face_was_announced_in_the_changelog_by_a_sentence_of_its_own():
    announced, _ = pinned()
    text = changes()
    assert len(set(announced.values())) == len(announced), REMEDY
    assert not [sentence for sentence in announced.values() if sentence not in text], REMEDY


@pytest.mark.parametrize("package", FACES)
def test_a_face_has_no_other_names(package):
    module = importlib.import_module(package)
    with pytest.raises(AttributeError, match=r"has no attribute 'nothing_of_this_name'"):
        module.nothing_of_this_name  # noqa: B018


def main(sentence: str) -> None:
    if sentence not in changes():
        sys.exit(f"no fragment in changelog.d/ has the sentence: {sentence}")
    lines = faces()
    announced = pinned()[0] | {digest(lines): sentence}
    head = [f"{one}  {said}" for one, said in announced.items()]
    PINNED.write_text("\n".join([ANNOUNCED, *head, *lines]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
