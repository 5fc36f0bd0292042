"""Clips that are checked against a list of published checksums."""

import shutil
import subprocess

import pytest

FLIPPED = 50  # bytes before the end of the frames: no decoder complains about it


def flip(path):
    """Flip a bit of a clip's last frame."""
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") - 4
    end = start + int.from_bytes(content[start : start + 4], "big")
    content[end - FLIPPED] ^= 4
    path.write_bytes(content)


@pytest.fixture
def published(project, shape, label):
    """Give a project with two clips and the list that their publisher made in their folder."""
    (project.path / "clips").mkdir()
    for name in ("keyed.mp4", "plain.mp4"):
        shutil.copy(shape(name), project.path / "clips")
    label(project)
    (project.path / "sums").mkdir()
    with (project.path / "sums/md5").open("wb") as file:
        command = ["md5sum", "keyed.mp4", "plain.mp4"]
        subprocess.run(command, cwd=project.path / "clips", stdout=file, check=True)
    return project


CHECKED = ("--checksums", "sums/md5")


@pytest.mark.outcome("A row, with other values; with `--checksums`, it fails: `checksum-mismatch`.")
def test_a_flipped_bit_that_no_decoder_notices(published, extract):
    right = extract(published, *CHECKED, "--audit-clips", 0)
    assert right.code == 0, right.err
    flip(published.path / "clips/plain.mp4")
    wrong = extract(published, "--audit-clips", 0)
    assert wrong.code == 0, wrong.err
    assert repr(wrong.rows["keyed.mp4"]) == repr(
        right.rows["keyed.mp4"]
    )  # NaN is no equal of itself
    assert wrong.rows["plain.mp4"]["motion_mean"] != right.rows["plain.mp4"]["motion_mean"]
    extracted = extract(published, *CHECKED)
    assert extracted.code == 1, extracted.err
    assert repr(extracted.rows) == repr({"keyed.mp4": right.rows["keyed.mp4"]})
    reason, detail = extracted.failures["plain.mp4"]
    assert (reason, "its md5 is " in detail) == ("checksum-mismatch", True)
    assert [one["clip_name"] for one in extracted.manifest["audit"]["compared"]] == ["keyed.mp4"]
    (checked,) = extracted.manifest["run"]["checksums"]
    assert (checked["checked"], checked["differed"], checked["not_listed"]) == (2, 1, 0)


@pytest.mark.outcome("A row, and counted; with `--require-checksums`, exit 2 and nothing touched.")
def test_a_clip_that_is_not_in_the_list_of_checksums(published, extract):
    listed = (published.path / "sums/md5").read_text().splitlines()
    (published.path / "sums/md5").write_text(f"{listed[0]}\n")
    before = published.files()
    refused = extract(published, *CHECKED, "--require-checksums")
    assert refused.code == 2
    assert "sums/md5 does not list 1 of 2 files, the first is " in refused.err
    assert published.files() == before
    extracted = extract(published, *CHECKED, "--audit-clips", 0)
    assert (extracted.code, len(extracted.rows)) == (0, 2)
    assert "1 file not checked: not in sums/md5 (the first is 'plain.mp4')" in extracted.err


@pytest.mark.outcome("Exit 2, nothing touched: file, line and what to do.")
def test_a_list_of_checksums_that_is_none(published, extract):
    published.write("sums/md5", "video_name,video_score\nkeyed.mp4,3\n")
    before = published.files()
    refused = extract(published, *CHECKED)
    assert refused.code == 2
    assert "sums/md5, line 1: 'video_name,video_score' is not a line as sha256sum" in refused.err
    assert published.files() == before
