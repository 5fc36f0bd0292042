import os
import subprocess
import sys

import pytest

from tablehost import Refused
from tablehost_extract_k150k.clips import find_clips
from tablehost_extract_k150k.options import USUAL_GLOB, Options


def names(folder, patterns=USUAL_GLOB, limit=None):
    return [clip.name for clip in find_clips(folder, patterns, limit).clips]


def test_clips_come_in_the_order_of_the_bytes_of_their_names(tmp_path):
    for name in ("b.mp4", "a.MOV", "é.mkv", "Z.webm", "notes.txt"):
        (tmp_path / name).touch()
    assert names(tmp_path) == ["Z.webm", "a.MOV", "b.mp4", "é.mkv"]
    assert names(tmp_path, limit=2) == ["Z.webm", "a.MOV"]
    assert find_clips(tmp_path, USUAL_GLOB).passed_over == ("notes.txt",)


def test_what_is_no_regular_file_is_named_and_a_sub_folder_is_not_searched(tmp_path):
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "deep.mp4").touch()
    (tmp_path / "broken.mp4").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.mp4")
    assert names(tmp_path) == ["broken.mp4", "folder.mp4", "pipe.mp4"]


def test_a_name_that_is_not_utf8_is_named(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.mp4")).touch()
    assert [os.fsencode(name) for name in names(tmp_path)] == [b"\xff.mp4"]


def test_a_folder_without_clips_is_refused(tmp_path):
    with pytest.raises(Refused, match="no clip in"):
        names(tmp_path)


def test_a_pattern_of_ones_own_is_followed(tmp_path):
    (tmp_path / "a1.y4m").touch()
    (tmp_path / "b1.y4m").touch()
    assert names(tmp_path, ("a*.y4m",)) == ["a1.y4m"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"threads": 0},
        {"audit_clips": -1},
        {"min_label_coverage": 1.5},
        {"glob": ()},
        {"glob": ("a/*.mp4",)},
        {"vmaf_model": "vmaf:path=x"},
    ],
)
def test_impossible_options_are_refused_with_what_they_must_be(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"must be .*, got"):
        Options(clips_dir=tmp_path, scores=tmp_path / "scores.csv", **wrong)


def test_the_entry_module_imports_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules); import tablehost_extract_k150k.builder; "
        "print(sorted({'pyarrow', 'pandas', 'numpy', 'av', 'imageio_ffmpeg'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
