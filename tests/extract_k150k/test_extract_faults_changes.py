"""Clips that change and engines that die while a run goes on: by an engine that sees to it."""

import shutil

import pytest

# An engine that acts on the clip in its arguments before or after the real one measures it.
ENGINE = """#!/bin/sh
clip=$(printf '%s\\n' "$@" | sed -n 's#^file:\\(.*/clips/.*\\)#\\1#p')
here="{here}"
real="{real}"
case "${{clip##*/}}" in
{before}
esac
"$real" "$@"
code=$?
case "${{clip##*/}}" in
{after}
esac
exit $code
"""
OTHER = 'cp "$here/other.mp4" "$clip.new" && mv "$clip.new" "$clip"'
IN_PLACE = 'cat "$here/other.mp4" > "$clip"'
TRUNCATED = 'truncate -s 1000 "$clip"'
REMOVED = 'rm "$clip"'
GONE_LATER = 'rm "$here/clips/later.mp4"'
# the real engine, and a process that kills it once while it works
KILLED = (
    'if [ ! -e "$here/killed" ]; then touch "$here/killed"; '
    "(sleep 0.15; kill -{signal} $$) > /dev/null 2>&1 & "
    'exec "$real" "$@"; fi'
)
NOTED = 'echo "${clip##*/}" >> "$here/measured"'


def change(words, when, action, reason="changed-while-read"):
    name = f"{words.lower().replace(' ', '-')}.mp4"
    outcome = pytest.mark.outcome(f"Fails as `{reason}`; the other clips are rows.")
    return pytest.param(name, when, action, reason, id=f"A clip {words}", marks=outcome)


CHANGES = [
    change("replaced before it is decoded", "before", OTHER),
    change("replaced after it was decoded", "after", OTHER),
    change("overwritten before it is decoded", "before", IN_PLACE),
    change("overwritten after it was decoded", "after", IN_PLACE),
    change("truncated before it is decoded", "before", TRUNCATED),
    change("truncated after it was decoded", "after", TRUNCATED),
    change("removed before it is decoded", "before", REMOVED),
    change("removed after it was decoded", "after", REMOVED),
    pytest.param(
        "later.mp4", "before", "", "vanished", id="A clip removed before its turn",
        marks=pytest.mark.outcome("Fails as `vanished`; the other clips are rows."),
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def made(real_clips, run_ffmpeg, tmp_path_factory):
    """Make two clips of three frames."""
    folder = tmp_path_factory.mktemp("made")
    cut = ("-frames:v", 3, "-an", "-vf", "scale=320:240")
    for name, source in (("clip.mp4", "bikes.mp4"), ("other.mp4", "bigbuckbunny.mp4")):
        run_ffmpeg("-i", real_clips / source, *cut, folder / name)
    return folder


@pytest.fixture(scope="module")
def longer(real_clips, run_ffmpeg, tmp_path_factory):
    """Make a clip of a hundred frames."""
    path = tmp_path_factory.mktemp("longer") / "longer.mp4"
    run_ffmpeg("-i", real_clips / "bikes.mp4", "-frames:v", 100, "-c", "copy", "-an", path)
    return path


@pytest.fixture(scope="module")
def prepare(made, label, ffmpeg):
    """Put clips of some names, and an engine that acts on some of them, into a project."""

    def prepare(project, names, cases):
        (project.path / "clips").mkdir()
        for name in names:
            shutil.copy(made / "clip.mp4", project.path / "clips" / name)
        shutil.copy(made / "other.mp4", project.path)
        label(project)
        engine = project.path / "engine"
        lines = {"before": [], "after": []}
        for name, when, action in cases:
            lines[when].append(f"    {name}) {action} ;;")
        parts = {when: "\n".join(some) for when, some in lines.items()}
        engine.write_text(ENGINE.format(here=project.path, real=ffmpeg, **parts))
        engine.chmod(0o755)
        return project

    return prepare


@pytest.fixture(scope="module")
def extracted(tmp_path_factory, new_project, prepare, extract):
    """Run the command once on clips all of which change but two."""
    project = new_project(tmp_path_factory.mktemp("changes"))
    cases = [(case.values[0], *case.values[1:3]) for case in CHANGES if case.values[2]]
    names = ["first.mp4", "same.mp4", *(case.values[0] for case in CHANGES)]
    prepare(project, names, [*cases, ("first.mp4", "before", GONE_LATER)])
    return extract(project, "--ffmpeg", "engine", "--audit-clips", 0, "--workers", 1)


@pytest.mark.parametrize(("name", "when", "action", "reason"), CHANGES)
def test_a_clip_that_changes_is_never_a_row(extracted, name, when, action, reason):
    assert name not in extracted.rows
    assert extracted.failures[name][0] == reason


@pytest.mark.outcome("Rows, even where their neighbours fail.")
def test_clips_that_stay_the_same(extracted):
    assert extracted.code == 1
    assert list(extracted.rows) == ["first.mp4", "same.mp4"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, id=f"The engine ended by SIG{name} at its work",
            marks=pytest.mark.outcome(
                "Only its clip fails, as `engine-crashed`; the next run measures it alone."
            ),
        )
        for name in ("KILL", "TERM")
    ],
)  # fmt: skip
def test_a_killed_engine(project, prepare, longer, extract, name):
    killed = KILLED.format(signal=name)
    cases = [("b.mp4", "before", killed), ("*", "after", NOTED)]
    prepare(project, ["a.mp4", "b.mp4", "c.mp4"], cases)
    shutil.copy(longer, project.path / "clips" / "b.mp4")
    command = ("--ffmpeg", "engine", "--audit-clips", 0, "--workers", 1)
    extracted = extract(project, *command)
    assert extracted.code == 1
    assert list(extracted.rows) == ["a.mp4", "c.mp4"]
    assert extracted.failures.keys() == {"b.mp4"}
    assert extracted.failures["b.mp4"][0] == "engine-crashed"
    assert "signal" in extracted.failures["b.mp4"][1]
    (project.path / "measured").unlink()
    again = extract(project, *command)
    assert again.code == 0
    assert list(again.rows) == ["a.mp4", "b.mp4", "c.mp4"]
    assert again.manifest["stats"]["done_before"] == 2
    assert set((project.path / "measured").read_text().split()) == {"b.mp4"}
