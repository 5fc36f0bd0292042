"""An option that has another name now is still taken by its earlier one."""

import pytest

BOUND = '''
from typing import Annotated
from attrs import frozen
from tablehost import Run, Was, hookimpl

@frozen
class Options:
    """Put a number in a table."""
    low: Annotated[int, Was("lower"), Was("least")]
    """A number."""
    strict: Annotated[bool, Was("exact")] = False
    """Yes or no."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    return pa.table({"low": [options.low], "strict": [options.strict]})
'''


@pytest.fixture
def bound(project):
    """Give a project with a builder whose options have earlier names."""
    project.write("bound.py", BOUND)
    return project


GIVEN = {
    "flag": (["--lower", "7", "--exact"], {}, "", "--lower"),
    "earliest": (["--least=7", "--strict"], {}, "", "--least"),
    "env": (["--strict"], {"TABLEHOST_BOUND_LOWER": "7"}, "", "TABLEHOST_BOUND_LOWER"),
    "file": ([], {}, "[bound]\nlower = 7\nexact = true\n", "tablehost.toml [bound]"),
}


@pytest.mark.parametrize("source", GIVEN)
def test_an_earlier_name_is_taken_with_a_warning_that_names_the_new_one(bound, source):
    tokens, environment, toml, where = GIVEN[source]
    bound.write("tablehost.toml", toml)
    ended = bound.run("run", "./bound.py", *tokens, "--out", "t.parquet", env=environment)
    assert ended.code == 0, ended.err
    assert f" from {where}" in ended.err
    assert "is named low now; use the new name" in ended.err
    provenance = bound.manifest("t.parquet")["run_provenance"]
    assert provenance["args"] == {"low": 7, "strict": True}
    again = bound.run("run", "./bound.py", "--low=7", "--strict", "--out", "u.parquet")
    assert "is named" not in again.err
    assert bound.digest("u.parquet") == bound.digest("t.parquet")


@pytest.mark.outcome("Exit 2: both names, and the one to give.")
@pytest.mark.parametrize("source", ["flag", "env", "file"])
def test_an_option_that_is_given_by_both_its_names_is_refused(bound, source):
    tokens = ["--lower=7", "--low=8"] if source == "flag" else []
    names = {"TABLEHOST_BOUND_LOWER": "7", "TABLEHOST_BOUND_LOW": "8"} if source == "env" else {}
    bound.write("tablehost.toml", "[bound]\nlower = 7\nlow = 8\n" if source == "file" else "")
    ended = bound.run("run", "./bound.py", *tokens, "--out", "t.parquet", env=names)
    assert ended.code == 2
    assert "are one option; give low alone" in ended.err


def test_help_shows_the_new_name_only(bound):
    shown = bound.run("run", "./bound.py", "--help").out
    assert "--low " in shown
    assert "--lower" not in shown


@pytest.mark.outcome("Exit 3: the name.")
@pytest.mark.parametrize("name", ["strict", "least", "out"])
def test_an_earlier_name_that_another_option_has_is_a_broken_builder(bound, name):
    bound.write("bound.py", BOUND.replace('"exact"', f'"{name}"'))
    ended = bound.run("run", "./bound.py", "--low=7", "--out", "t.parquet")
    assert ended.code == 3
    assert name in ended.err
