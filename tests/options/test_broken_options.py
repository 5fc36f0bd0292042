"""Options classes that no run can use."""

import pytest
from small_builders import TYPED


@pytest.mark.outcome("Exit 3: the option and its default.")
@pytest.mark.parametrize(
    ("kind", "default", "words"),
    [
        ("int", "2.7", "an integer"),
        ("int", "True", "an integer"),
        ("float", "'half'", "a number"),
        ("bool", "1", "true or false"),
        ("str", "None", "text"),
        ("tuple[int, ...]", "[1]", "a list, each an integer"),
        ("tuple[int, ...]", "(1.5,)", "a list, each an integer"),
        ("Literal['a']", "'b'", "one of a"),
        ("Tuning[Path]", "'here'", "a path"),
    ],
)
def test_a_default_of_the_wrong_type_is_a_broken_builder(project, kind, default, words):
    old = "size: int = field(default=3, validator=validators.ge(0))"
    source = TYPED.replace(old, f"size: {kind} = {default}").replace("Secret,", "Secret, Tuning,")
    project.write("b.py", source.replace("import sys", "from pathlib import Path"))
    ended = project.run("run", "./b.py", "--out", "t.parquet", "--dry-run")
    assert ended.code == 3
    assert f"option size of b.Options has the default {default}" in ended.err
    assert f"which is not {words}" in ended.err


@pytest.mark.outcome("Exit 3: the option, and the roles that it may have.")
@pytest.mark.parametrize(
    "kind", ["Path", "Path | None", "tuple[Path, ...]", "Path | str", "tuple[Labelled[Path], ...]"]
)
def test_a_path_without_a_role_is_a_broken_builder(project, kind):
    old = "size: int = field(default=3, validator=validators.ge(0))"
    source = TYPED.replace(old, f"size: {kind} = field()")
    project.write("b.py", source.replace("import sys", "from pathlib import Path"))
    ended = project.run("run", "./b.py", "--out", "t.parquet", "--dry-run")
    assert ended.code == 3
    assert "option size of b.Options is a path without a role; make it InputFile, Inp" in ended.err


@pytest.mark.outcome("Exit 3: the option and its type.")
@pytest.mark.parametrize("kind", ["dict[str, int]", "int | str", "bytes", "list[int]", "object"])
def test_an_option_that_cannot_be_set_from_the_command_line_is_a_broken_builder(project, kind):
    old = "size: int = field(default=3, validator=validators.ge(0))"
    project.write("b.py", TYPED.replace(old, f"size: {kind} = None"))
    ended = project.run("run", "./b.py", "--out", "t.parquet", "--dry-run")
    assert ended.code == 3
    assert "option size of b.Options has the " in ended.err
