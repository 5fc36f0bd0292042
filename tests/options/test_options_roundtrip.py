"""Options say the same in every language that they are written in."""

import json
import math
import tomllib
from pathlib import Path
from typing import Literal

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from tablehost import Gate, InputDir, Labelled, Tuning
from tablehost.cli.flags import parse
from tablehost.options.convert import RawValue
from tablehost.options.fields import from_environment, options_of, resolve
from tablehost.options.record import recorded

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
INTEGER = st.integers(-(2**63), 2**63 - 1)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
PATHS = TEXT.filter(lambda text: text.strip("./")).map(Path)
LABEL = TEXT.filter(lambda text: text.strip() == text and text and "=" not in text)


@frozen
class Options:
    """Every type."""

    whole: int = 0
    """A."""
    number: Tuning[float] = 0.0
    """B."""
    truth: bool = False
    """C."""
    text: str = ""
    """D."""
    choice: Literal["a", "b c", "8"] = "a"
    """E."""
    path: Gate[Path | None] = None
    """F."""
    wholes: tuple[int, ...] = ()
    """G."""
    numbers: Gate[tuple[float, ...]] = ()
    """H."""
    texts: tuple[str, ...] = ()
    """I."""
    parts: tuple[Labelled[InputDir], ...] = ()
    """J."""


EVERY = st.builds(
    Options,
    whole=INTEGER,
    number=NUMBER,
    truth=st.booleans(),
    text=TEXT,
    choice=st.sampled_from(["a", "b c", "8"]),
    path=PATHS,
    wholes=st.lists(INTEGER, max_size=3).map(tuple),
    numbers=st.lists(NUMBER, max_size=3).map(tuple),
    texts=st.lists(TEXT, max_size=3).map(tuple),
    parts=st.lists(st.builds(Labelled, LABEL, PATHS), max_size=3).map(tuple),
)


def plain(options):
    """Return each value as JSON has it."""
    return {option.name: recorded(options)[option.name] for option in options_of(Options)}


def instance(*sources):
    found = resolve(Options, *sources)
    assert found.problems == []
    return found.instance


def token(value):
    return repr(value) if isinstance(value, float) else str(value)


def flags_of(values):
    for name, value in values.items():
        if isinstance(value, bool):
            yield f"--{name}" if value else f"--no-{name}"
        elif isinstance(value, list):
            yield from (f"--{name}={token(one)}" for one in value)
        else:
            yield f"--{name}={token(value)}"


def toml_of(value):
    if isinstance(value, list):
        return f"[{', '.join(map(toml_of, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


@pytest.mark.outcome("Flags, environment, TOML and manifest give the same options.")
@settings(max_examples=25, deadline=None)
@given(EVERY)
def test_options_come_back_from_every_language(options):
    values = plain(options)
    flags = parse("x", "", {"Options": Options}, list(flags_of(values)))
    variables = {
        f"TABLEHOST_X_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
    toml = tomllib.loads("\n".join(f"{name} = {toml_of(one)}" for name, one in values.items()))
    args = json.loads(json.dumps(values, allow_nan=False))
    typed = [
        {n: RawValue(v, "file", "x", text=False) for n, v in one.items()} for one in (toml, args)
    ]
    for source in (flags, from_environment(Options, "x", variables), *typed):
        assert instance(source) == options


@pytest.mark.outcome("Else it is refused.")
@given(st.text())
def test_text_becomes_a_number_only_if_python_and_toml_agree(text):
    found = resolve(Options, {"number": RawValue(text, "flag", "--number")})
    if found.problems:
        return
    assert math.isfinite(found.instance.number)
    assert text.isascii()
    assert "_" not in text
