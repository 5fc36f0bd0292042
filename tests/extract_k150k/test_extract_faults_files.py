"""Names that trip shells and engines, files that are none, and clips that change meanwhile."""

import os
import shutil

import pytest

ROW = pytest.mark.outcome("A row.")
NAMES = [
    pytest.param(name, id=words, marks=ROW)
    for words, name in {
        "A name with spaces": "two  words.mp4",
        "A name with #": "#1 of 2.mp4",
        "A name with quotes": 'it\'s "quoted".mp4',
        "A name with a newline": "two\nlines.mp4",
        "A name with a leading dash": "-y.mp4",
        "A name with %d": "%d %03d.mp4",
        "A name 250 bytes long": "ü" * 123 + ".mp4",
        "The name concat:x.mp4": "concat:x.mp4",
        "The name http:x.mp4": "http:x.mp4",
        "The name file:x.mp4": "file:x.mp4",
        "A name in the language of filter graphs": "[0:v],a=b;c|d:e.mp4",
        "A name in the language of shells": "$HOME `id` & <x> *.mp4",
        "A name with a backslash": "back\\slash.mp4",
        "A name with a terminal escape": "\x1b[31mred\x1b[0m\a.mp4",
        "A name in capitals": "LOUD.MP4",
    }.items()
]


def broken_link(path):
    path.symlink_to("nowhere")


def kind(words, name, make, said, reason="not-a-regular-file"):
    outcome = pytest.mark.outcome(f"Fails as `{reason}`: {said}.")
    return pytest.param(name, make, (reason, said), id=words, marks=outcome)


KINDS = [
    kind(
        "A symbolic link to nothing",
        "broken.mp4",
        broken_link,
        "it is a symbolic link to nowhere: No such file or directory",
        "dangling-link",
    ),
    kind("A FIFO", "fifo.mp4", os.mkfifo, "it is a FIFO"),
    kind("A folder named x.mp4", "x.mp4", os.mkdir, "it is a folder"),
]
LINK = "link.mp4"
NOT_UTF8 = os.fsdecode(b"\xff\xfe.mp4")


@pytest.fixture(scope="module")
def two_frames(real_clips, run_ffmpeg, tmp_path_factory):
    """Make a clip of two frames."""
    clip = tmp_path_factory.mktemp("two") / "two.mp4"
    run_ffmpeg("-i", real_clips / "bikes.mp4", "-frames:v", 2, "-vf", "scale=320:240", "-an", clip)
    return clip


@pytest.fixture(scope="module")
def folder(tmp_path_factory, new_project, two_frames, label):
    """Give a project with a clip of every name and a thing of every kind."""
    project = new_project(tmp_path_factory.mktemp("names"))
    clips = project.path / "clips"
    clips.mkdir()
    for name in [NOT_UTF8, *(case.values[0] for case in NAMES)]:
        shutil.copy(two_frames, clips / name)
    (clips / LINK).symlink_to("LOUD.MP4")
    for case in KINDS:
        case.values[1](clips / case.values[0])
    label(project)
    return project


@pytest.fixture(scope="module")
def extracted(folder, extract):
    """Run the command on all of them, once."""
    return extract(folder, "--audit-clips", 0, "--workers", 2)


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_of_any_name_is_a_row(extracted, folder, name):
    row = extracted.rows[name]
    names = sorted(path.name for path in (folder.path / "clips").iterdir())
    assert (row["width"], row["height"]) == (320, 240)
    assert row["mos"] == names.index(name)
    assert row["vmaf_mean"] == extracted.rows["LOUD.MP4"]["vmaf_mean"]


@pytest.mark.outcome("It is a row, with the values of its file.")
def test_a_link_to_a_clip_is_a_clip(extracted):
    ours, its = ({**extracted.rows[name]} for name in (LINK, "LOUD.MP4"))
    for row in (ours, its):
        del row["clip_name"], row["mos"]
    assert repr(ours) == repr(its)


@pytest.mark.parametrize(("name", "make", "failure"), KINDS)
def test_what_is_no_regular_file_is_never_opened(extracted, name, make, failure):
    assert name not in extracted.rows
    assert extracted.failures[name] == failure


@pytest.mark.outcome("Fails as `unsupported-name`: its name is not UTF-8.")
def test_a_name_that_is_not_utf8(extracted):
    assert extracted.failures["\\xff\\xfe.mp4"] == ("unsupported-name", "its name is not UTF-8")


@pytest.mark.outcome("Exit 1; every name is a row or a failure; no name is printed raw.")
def test_a_run_with_strange_names(extracted):
    assert extracted.code == 1
    assert len(extracted.rows) == len(NAMES) + 1
    assert len(extracted.failures) == len(KINDS) + 1
    assert "\x1b" not in extracted.out + extracted.err
    assert all(line.isprintable() for line in extracted.err.splitlines())


@pytest.mark.outcome("The rows that are there are not measured again; the bytes are the same.")
def test_a_second_run_with_strange_names(folder, extracted, extract):
    before = folder.digest("t.parquet")
    again = extract(folder, "--audit-clips", 0, "--json")
    assert again.code == 1
    assert "\x1b" not in again.out + again.err
    assert f'"total": {len(NAMES) + len(KINDS) + 2}, "done": {len(NAMES) + 1}' in again.err
    assert folder.digest("t.parquet") == before
