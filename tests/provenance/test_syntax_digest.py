"""The digest of what code does: the same by every Python, and for code that does the same."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tablehost.provenance import syntax

GOLDEN = Path(__file__).with_name("golden.txt")
DIGEST = "5bd25a6495c968eb3a54db4b9c1336c7e7b3039fff140a5bf5a8fa9333fd002c"
PROGRAM = """
import runpy, sys
syntax = runpy.run_path(sys.argv[1])
for path in sys.argv[2:]:
    print(syntax["syntax_digest"](syntax["parsed"](open(path, "rb").read())))
"""
OLDEST = (3, 11)


def pythons():
    """Return the Pythons of this machine that tablehost supports, by version."""
    places = [Path(folder) for folder in os.get_exec_path()]
    places += Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin")
    found = {}
    for place in places:
        for path in place.glob("python3.*") if place.is_dir() else ():
            version = (
                tuple(map(int, path.name.removeprefix("python").split(".")))
                if re.fullmatch(r"python3\.\d+", path.name)
                else (0,)
            )
            if version >= OLDEST and "shims" not in path.parts:
                found.setdefault(version, path)
    return found


PYTHONS = pythons()


def digest(source):
    tree = syntax.parsed(source.encode())
    assert tree is not None
    return syntax.syntax_digest(tree)


@pytest.mark.parametrize("version", sorted(PYTHONS), ids=lambda one: ".".join(map(str, one)))
def test_every_python_at_hand_gives_the_stored_digest(version):
    command = [PYTHONS[version], "-I", "-c", PROGRAM, syntax.__file__, GOLDEN]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [DIGEST]


SAME = {
    "comment": ("x = 1", "x = 1  # one"),
    "layout": ("f(a, b)", "f(\n    a,\n    b,\n)"),
    "docstring": ('def f():\n    "a"\n    return 1', "def f():\n    return 1"),
    "help text": ('class A:\n    x: int\n    "Help."', 'class A:\n    x: int\n    "Other."'),
    "bare string": ('if a:\n    b\n    "note"', "if a:\n    b"),
    "quotes": ("x = 'a' 'b'", 'x = "ab"'),
    "f-string in pieces": ('f"{a}" "b" f"c{d:}"', 'f"{a}bc{d}"'),
    "warning": ('x = "\\d"', 'x = "\\\\d"'),
}


@pytest.mark.parametrize("case", SAME)
def test_what_does_the_same_has_the_same_digest(case):
    one, other = SAME[case]
    assert digest(one) == digest(other)


OTHER = {
    "value": ("x = 1", "x = 2"),
    "type": ("x = 1", "x = 1.0"),
    "truth": ("x = 1", "x = True"),
    "sign of zero": ("x = 0.0", "x = -0.0"),
    "text and bytes": ("x = 'a'", "x = b'a'"),
    "name and text": ("f(a)", "f('a')"),
    "f-string and text": ("f'a'", "'a'.x"),
    "conversion": ('f"{a!r}"', 'f"{a}"'),
    "format": ('f"{a:1}"', 'f"{a}1"'),
    "nothing and None": ("return_ = {**a}", "return_ = {None: a}"),
    "default": ("def f(*, a, b=1): 0", "def f(*, a=1, b): 0"),
    "order": ("a\nb", "b\na"),
    "decorator": ("@a\ndef f(): 0", "def f(): 0"),
    "annotation": ("x: int", "x: str"),
    "nesting": ("if a:\n    b\n    c", "if a:\n    b\nc"),
    "string that is used": ('def f():\n    return "a"', 'def f():\n    return "b"'),
}


@pytest.mark.parametrize("case", OTHER)
def test_what_may_do_otherwise_has_another_digest(case):
    one, other = OTHER[case]
    assert digest(one) != digest(other)


def test_a_sum_of_many_terms_is_digested():
    assert digest("x = " + "+".join("a" * 900)) != digest("x = " + "+".join("a" * 901))


def test_a_number_of_many_digits_is_digested():
    assert digest(f"x = 0x{'f' * 5000}") != digest(f"x = 0x{'f' * 5001}")
