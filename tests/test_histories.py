"""For random builders and random histories, a table that `why` calls current is a fresh build's.

A history is a builder of some kind, and what happens to it, its inputs and its options. After each
event `why` is asked: `current` must mean that a fresh build elsewhere makes the same bytes, and
what `why` says to run must make it so.
"""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest
from attrs import define, field
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from worlds import ARGUMENTS, EVENTS, HARMLESS, Kind, World

ALL = os.environ.get("TABLEHOST_FAULTS") == "all"
many = settings(
    max_examples=3000 if ALL else 100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
kinds = st.builds(
    Kind,
    values=st.booleans(),
    pairs=st.booleans(),
    many_rows=st.booleans(),
    maps=st.sampled_from(["once", "twice", "chained"]),
    helper=st.sampled_from(["nowhere", "beside", "deeper", "package"]),
)
events = st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=4 if ALL else 2)


@define
class History:
    """A table, and what has happened around it."""

    here: Any
    elsewhere: Any
    world: World = field()

    def happens(self, event: str) -> None:
        """Let something happen."""
        before, self.world = self.world, EVENTS[event](self.world)
        (self.here.path / before.folder).rename(self.here.path / self.world.folder)
        self.world.write(self.here.path)

    def build(self, *more: object) -> None:
        """Run the builder with the options of this moment."""
        ended = self._run(self.here, "run", *self.world.tokens, "--out", "t.parquet", *more)
        assert ended.code == 0, ended.err

    def why(self) -> Any:
        """Return what `why` says of the table."""
        (answer,) = self._run(self.here, "why", "t.parquet", "--json").json["tables"]
        note(f"{answer['verdict']}: {[reason['text'] for reason in answer['reasons']]}")
        return answer

    def refresh(self, answer: Any) -> None:
        """Run what `why` says to run."""
        for command in answer["refresh"]["commands"]:
            ended = self._run(self.here, *command[1:])
            assert ended.code == 0, (command, ended.err)

    def redone(self) -> list[str]:
        """Name the items that were worked on since this was last asked."""
        path = self.here.path / "worked-on"
        found = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return found

    def is_as_if_fresh(self) -> bool:
        """Return whether a build from nothing, in another folder, makes the same bytes."""
        shutil.rmtree(self.elsewhere.path, ignore_errors=True)
        self.elsewhere.path.mkdir()
        self.world.write(self.elsewhere.path)
        ended = self._run(self.elsewhere, "run", *self.world.tokens, "--out", "t.parquet")
        assert ended.code == 0, ended.err
        return self.here.digest("t.parquet") == self.elsewhere.digest("t.parquet")

    @staticmethod
    def _run(project: Any, *tokens: object) -> Any:
        return project.run(*tokens, env={"TABLEHOST_WORKERS": "0"})


@pytest.mark.outcome("What `why` calls current is, byte for byte, what a fresh build makes.")
@many
@given(kinds, events)
def test_a_current_table_is_what_a_fresh_build_makes(project, new_project, kind, happened):
    for left in project.path.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    here, elsewhere = project.path / "here", project.path / "elsewhere"
    here.mkdir()
    history = History(new_project(here), new_project(elsewhere), World(kind=kind))
    history.world.write(here)
    history.build()
    history.redone()
    for event in happened:
        history.happens(event)
        if event in ARGUMENTS:
            history.build(*["--overwrite"] * (event == "an option"))
        answer = history.why()
        if event in HARMLESS:
            assert answer["verdict"] == "current"
            assert not history.redone()
        elif answer["verdict"] != "current":
            history.refresh(answer)
            assert history.why()["verdict"] == "current"
        assert history.is_as_if_fresh()
        history.redone()
