import json
import re
import shutil
import stat
from pathlib import Path

import attrs
import numpy as np
import pytest

from tablehost import ItemFailed, Refused
from tablehost_extract_k150k import engine
from tablehost_extract_k150k.audit import audit_clip
from tablehost_extract_k150k.engine import check_engine
from tablehost_extract_k150k.features import (
    ALL_EXTRACTORS,
    FEATURES,
    INFORMATIVE_EXTRACTORS,
    KNOWN,
    identity_value,
    log_key,
)
from tablehost_extract_k150k.graph import expected_keys
from tablehost_extract_k150k.probe import Probed, probe
from tablehost_extract_k150k.score import score_clip


def failure(item, settings):
    with pytest.raises(ItemFailed) as caught:
        score_clip(item, settings)
    assert list(settings.scratch.iterdir()) == []
    return caught.value.reason, caught.value.detail


def feature(row, name):
    place = [one.name for one in FEATURES].index(name)
    return row.means[place], row.stds[place]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain.mp4", (320, 240, 25.0, 8, False, 10, "the container")),
        ("plain.mkv", (320, 240, 25.0, 8, False, 10, "its packets")),
        ("plain.webm", (320, 240, 25.0, 8, False, 10, "its packets")),
        ("pq.mp4", (320, 240, 25.0, 10, True, 10, "the container")),
        ("bt2020.mp4", (320, 240, 25.0, 10, True, 10, "the container")),
        ("bt2020-8.mp4", (320, 240, 25.0, 8, False, 10, "the container")),
        ("hlg.mp4", (320, 240, 25.0, 10, True, 10, "the container")),
        ("ten.mp4", (320, 240, 25.0, 10, False, 10, "the container")),
        ("twelve.mkv", (320, 240, 25.0, 12, False, 10, "its packets")),
        ("fast.mp4", (320, 240, 120.0, 8, False, 10, "the container")),
        ("full.mp4", (320, 240, 25.0, 8, False, 10, "the container")),
    ],
)
def test_a_clip_says_its_shape(shape, name, expected):
    assert attrs.astuple(probe(shape(name))) == expected


def probed_at(fps):
    return Probed(
        width=1, height=1, fps=fps, bit_depth=8, is_hdr=False, frames=1, promised_by="test"
    )


@pytest.mark.parametrize(
    ("fps", "weight"), [(None, 1), (24, 1), (32, 1), (60, 0.5), (240, 0.25), (15, 2), (5, 4)]
)
def test_motion_weighs_less_at_high_frame_rates(fps, weight):
    assert probed_at(fps).motion_fps_weight == weight


@pytest.mark.parametrize(
    "name", ["plain.mp4", "plain.mkv", "plain.webm", "vfr.mp4", "full.mp4", "pq.mp4", "twelve.mkv"]
)
def test_a_whole_clip_becomes_a_row(clip, settings, name):
    row = score_clip(clip(name), settings)
    assert (row.clip_name, row.width, row.height) == (name, 320, 240)
    assert row.frames == 10
    assert 95 < feature(row, "vmaf")[0] <= 100
    assert feature(row, "psnr_y") == (60.0 if row.bit_depth == 8 else 72.0, 0.0)
    assert feature(row, "psnr_hvs") == (None, None)
    assert [one.name for one, mean in zip(FEATURES, row.means, strict=True) if mean is None] == [
        "ciede2000",
        "psnr_hvs",
    ]


def test_the_row_is_that_of_a_separate_run_of_the_engine(clip, settings, run_ffmpeg, tmp_path):
    log = tmp_path / "log.json"
    graph = (
        "[0:v]split[a][b];[a][b]libvmaf=feature='name=adm|name=vif|name=motion|name=cambi'"
        f":log_fmt=json:log_path={log}"
    )
    item = clip("plain.mp4")
    run_ffmpeg("-i", item.path, "-filter_complex", graph, "-f", "null", "-")
    frames = [frame["metrics"] for frame in json.loads(log.read_text())["frames"]]
    row = score_clip(item, settings)
    for one in (one for one in FEATURES if not one.known):
        values = [frame[one.key] for frame in frames]
        assert feature(row, one.name) == pytest.approx((np.mean(values), np.std(values)), rel=1e-12)


@pytest.mark.parametrize("name", ["plain.mp4", "pq.mp4", "twelve.mkv"])
def test_measuring_everything_gives_what_is_filled_in(clip, settings, name):
    informative = score_clip(clip(name), settings)
    everything = score_clip(clip(name), attrs.evolve(settings, measure="all"))
    for field in ("means", "stds"):
        seen, filled = getattr(everything, field), getattr(informative, field)
        for one, measured, expected in zip(FEATURES, seen, filled, strict=True):
            near = None if expected is None else pytest.approx(expected, abs=one.within, rel=0)
            assert measured == near, one.name


def test_a_clip_is_measured_as_it_is_shown(clip, settings, shape, run_ffmpeg, tmp_path):
    turned, upright = tmp_path / "turned.mp4", tmp_path / "upright.mkv"
    run_ffmpeg("-display_rotation", 90, "-i", shape("plain.mp4"), "-c", "copy", turned)
    run_ffmpeg("-i", turned, "-c:v", "ffv1", upright)
    rows = [score_clip(clip(path), settings) for path in (turned, upright)]
    assert [(row.width, row.height) for row in rows] == [(240, 320)] * 2
    assert rows[0].means == rows[1].means


def test_an_edit_list_cuts_what_is_expected(clip, settings, shape, run_ffmpeg, tmp_path):
    cut = tmp_path / "cut.mp4"
    run_ffmpeg("-ss", 0.2, "-i", shape("keyed.mp4"), "-c", "copy", cut)
    row = score_clip(clip(cut), settings)
    assert row.frames == probe(cut).frames < 10


def test_a_path_may_hold_anything(clip, settings, shape, tmp_path):
    odd = tmp_path / "%d 'q\" é\n" / "a%03d:[x],;'b\nc.mp4"
    odd.parent.mkdir()
    shutil.copy(shape("plain.mp4"), odd)
    assert score_clip(clip(odd), settings).means == score_clip(clip("plain.mp4"), settings).means


def test_a_model_may_be_a_file(clip, settings, ffmpeg, tmp_path):
    embedded = re.search(rb'\{\s*"param_dict"[^\0]*', ffmpeg.read_bytes())
    assert embedded is not None
    model = tmp_path / "it's a: model.json"
    model.write_bytes(embedded[0])
    by_file = attrs.evolve(settings, model="", model_file=model)
    assert check_engine(by_file, INFORMATIVE_EXTRACTORS).libvmaf
    assert score_clip(clip("plain.mp4"), by_file).frames == 10


def test_other_models_do_not_change_the_other_features(clip, settings):
    item = clip("plain.mp4")
    usual = score_clip(item, settings)
    other = score_clip(item, attrs.evolve(settings, model="vmaf_v1.0.16_3d0h"))
    assert feature(usual, "vmaf") != feature(other, "vmaf")
    for one in (one.name for one in FEATURES if one.name != "vmaf"):
        assert feature(usual, one) == feature(other, one)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("small.mp4", ("refused-by-engine", "both sides under 216 pixels; this one is 176x144")),
        ("speck.mkv", ("refused-by-engine", "a side of 16 pixels or less")),
        ("panorama.mp4", ("refused-by-engine", "too large for reciprocal LUT")),
        ("sound.m4a", ("no-video", "matches no streams")),
    ],
)
def test_a_clip_that_cannot_be_measured_fails_with_its_reason(clip, settings, name, expected):
    reason, detail = failure(clip(name), settings)
    assert reason == expected[0]
    assert expected[1] in detail


@pytest.fixture
def broken(shape, tmp_path):
    def make(kind, source="keyed.mp4"):
        data = bytearray(shape(source).read_bytes())
        if kind == "empty":
            data.clear()
        if kind == "text":
            data[:] = b"\x1b[31mhello\n" * 500
        if kind == "cut":
            del data[len(data) * 6 // 10 :]
        if kind == "flipped":
            start = data.index(b"mdat") + 3000
            data[start : start + 200] = bytes(one ^ 0x5A for one in data[start : start + 200])
        path = tmp_path / f"{kind}-{source}"
        path.write_bytes(data)
        return path

    return make


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (("empty", "plain.mp4"), "unreadable"),
        (("text", "plain.mp4"), "unreadable"),
        (("cut", "plain.mp4"), "unreadable"),  # the index is at its end
        (("cut", "plain.mkv"), "damaged"),
        (("flipped", "keyed.mp4"), "damaged"),
    ],
)
def test_a_broken_clip_never_becomes_a_row(clip, settings, broken, how, expected):
    reason, detail = failure(clip(broken(*how)), settings)
    assert reason == expected
    assert detail.isprintable()
    assert detail
    assert " @ 0x" not in detail


def test_a_clip_cut_on_the_boundary_of_a_frame_is_found_by_its_index(
    clip, settings, shape, run_ffmpeg, tmp_path
):
    whole, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    run_ffmpeg("-i", shape("keyed.mp4"), "-c", "copy", "-movflags", "+faststart", whole)
    import av

    with av.open(str(whole)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        end = packets[6].pos
    cut.write_bytes(whole.read_bytes()[:end])
    reason, _ = failure(clip(cut), settings)
    assert reason in {"frames-missing", "damaged"}


def test_cover_art_is_no_video(clip, settings, shape, run_ffmpeg, tmp_path):
    cover = tmp_path / "cover.mp4"
    picture = tmp_path / "cover.png"
    run_ffmpeg("-i", shape("plain.mp4"), "-frames:v", 1, picture)
    inputs = ("-i", shape("sound.m4a"), "-i", picture)
    run_ffmpeg(*inputs, "-map", 0, "-map", 1, "-c", "copy", "-disposition:v", "attached_pic", cover)
    assert failure(clip(cover), settings)[0] == "no-video"


def test_a_change_of_size_in_mid_stream_is_refused(clip, settings, shape, run_ffmpeg, tmp_path):
    parts = []
    for name in ("keyed.mp4", "low.mp4"):
        part = tmp_path / f"{name}.ts"
        run_ffmpeg("-i", shape(name), "-c", "copy", part)
        parts.append(part.read_bytes())
    both = tmp_path / "both.ts"
    both.write_bytes(b"".join(parts))
    assert failure(clip(both), settings)[0] in {"refused-by-engine", "damaged"}


@pytest.fixture
def engine_that(tmp_path):
    """An ffmpeg that does something else: what may befall a process cannot be had from a clip."""

    def make(script):
        path = tmp_path / "ffmpeg"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("kill -SEGV $$", ("engine-crashed", "signal 11")),
        ("exit 0", ("no-log", "no log")),
        ("exit 7", ("damaged", "exit code 7")),
        ("echo '{' > v.json", ("no-log", "cannot be read")),
        ("echo '{\"frames\": []}' > v.json", ("frames-missing", "0 frames measured, 10 promised")),
        (
            'echo \'{"frames": [{"frameNum": 1, "metrics": {}}]}\' > v.json',
            ("frames-missing", "without a gap"),
        ),
        ("printf '\\033[31mbad\\a\\n' >&2", ("damaged", "?[31mbad?")),
    ],
)
def test_an_exit_code_of_0_proves_nothing(clip, settings, engine_that, script, expected):
    reason, detail = failure(clip("plain.mp4"), attrs.evolve(settings, ffmpeg=engine_that(script)))
    assert reason == expected[0]
    assert expected[1] in detail


def test_a_metric_that_is_missing_from_a_frame_is_a_failure(clip, settings, engine_that):
    keys = expected_keys(INFORMATIVE_EXTRACTORS, is_hdr=False)
    frames = [{"frameNum": at, "metrics": dict.fromkeys(keys, 1.0)} for at in range(10)]
    del frames[4]["metrics"]["integer_vif_scale2"]
    liar = engine_that(f"echo '{json.dumps({'frames': frames})}' > v.json")
    seen = failure(clip("plain.mp4"), attrs.evolve(settings, ffmpeg=liar))
    assert seen == ("metric-missing", "integer_vif_scale2 is not in the log of frame 4")


def test_an_engine_that_does_not_end_is_ended(clip, settings, engine_that, monkeypatch):
    monkeypatch.setattr(engine, "_seconds", lambda *_: 0.2)
    stuck = engine_that("trap '' TERM; exec sleep 60")
    seen = failure(clip("plain.mp4"), attrs.evolve(settings, ffmpeg=stuck))
    assert seen == ("timeout", "the engine took more than 0 s")


def test_the_engine_is_checked_before_the_first_clip(settings, engine_that, tmp_path):
    found = check_engine(settings, ALL_EXTRACTORS)
    assert found.version.startswith("n")
    assert found.libvmaf
    for wrong in (
        {"model": "vmaf_v9"},
        {"ffmpeg": tmp_path / "nowhere"},
        {"ffmpeg": engine_that("exit 1")},
        {"ffmpeg": Path("/bin/true")},
    ):
        with pytest.raises(Refused, match="ffmpeg"):
            check_engine(attrs.evolve(settings, **wrong), INFORMATIVE_EXTRACTORS)


@pytest.mark.parametrize("name", ["plain.mp4", "pq.mp4", "twelve.mkv"])
def test_an_audit_compares_the_first_frames_with_everything(clip, settings, name):
    result = audit_clip(clip(name), settings)
    assert (result.status, result.frames) == ("compared", 8)
    assert result.bit_depth == probe(clip(name).path).bit_depth
    assert len(result.largest_differences) == len(KNOWN)


@pytest.mark.parametrize(
    ("name", "status"),
    [("odd.mkv", "too-small"), ("low.mp4", "too-small"), ("sound.m4a", "undecodable")],
)
def test_an_audit_passes_over_what_an_extractor_cannot_take(clip, settings, name, status):
    result = audit_clip(clip(name), settings)
    assert result.status == status
    assert result.detail


def test_an_audit_names_what_differs(clip, settings, engine_that):
    metrics = {log_key(one, is_hdr=False): 1.0 for one in FEATURES}
    metrics |= {one.key: identity_value(one, 8) for one in KNOWN}
    frames = [{"frameNum": at, "metrics": dict(metrics)} for at in range(8)]
    frames[3]["metrics"]["psnr_cb"] = 59.5
    liar = engine_that(f"echo '{json.dumps({'frames': frames})}' > v.json")
    result = audit_clip(clip("plain.mp4"), attrs.evolve(settings, ffmpeg=liar))
    assert result.status == "differs"
    assert result.detail == "psnr_cb of frame 3: expected 60.0, seen 59.5"
