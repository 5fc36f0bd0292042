"""Every kind of clip that an operator meets, through the command line: a row or a reason."""

import math
import re
import subprocess

import pytest

from tablehost_extract_k150k.features import FEATURES, MEASURED

X264 = "-c:v libx264 -preset ultrafast"
X265 = "-c:v libx265 -preset ultrafast -x265-params log-level=error"
HLG = "format=yuv420p10le,setparams=color_trc=arib-std-b67"
PQ = "format=yuv420p10le,setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc"
VARIABLE = "setpts='if(lt(N,5),N*2,10+(N-5)*5)/50/TB'"
TWO_FRAMES = "-frames:v 2 -pix_fmt yuv420p -vf scale"
USUAL = {"width": 320, "height": 240, "fps": 25.0, "is_hdr": False, "motion_fps_weight": 1.0}


def row(words, name, recipe, *, says="", same_as=None, **expected):
    """Return a case: a clip made by the engine from 10 frames of 320x240, and its row."""
    outcome = pytest.mark.outcome(f"A row{says}.")
    return pytest.param(name, recipe, same_as, USUAL | expected, id=words, marks=outcome)


def sized(size, codec="-c:v mpeg4"):
    width, height = map(int, size.split("x"))
    recipe = f"{TWO_FRAMES}={width}:{height} {codec}"
    return row(size, f"{size}.mp4", recipe, width=width, height=height)


ROWS = [
    row("10 whole frames", "plain.mp4", "-c copy"),
    row("With sound", "sound.mp4", "-f lavfi -i sine=d=0.2 -map 0:v -map 1:a -c:v copy",
        same_as="plain.mp4"),
    row("With its index in front", "faststart.mp4", "-c copy -movflags +faststart",
        same_as="plain.mp4"),
    row("Fragmented", "fragmented.mp4", "-c copy -movflags +frag_keyframe+empty_moov",
        same_as="plain.mp4"),
    row("Matroska", "plain.mkv", "-c copy", same_as="plain.mp4"),
    row("VP8 in WebM", "plain.webm", "-c:v libvpx -deadline realtime -cpu-used 8"),
    row("MPEG-4 in AVI", "plain.avi", "-c:v mpeg4"),
    row("Two video streams", "streams.mp4",
        "-f lavfi -i testsrc=s=640x480:d=0.4:r=25 -map 0:v -map 1:v -c:v:0 copy -c:v:1 libx264",
        says=" of the first of them", same_as="plain.mp4"),
    row("Cover art beside a video", "cover-video.mp4",
        "-i {picture} -map 1 -map 0 -c copy -disposition:v:0 attached_pic",
        says=" of the video", same_as="plain.mp4"),
    sized("216x216"),
    sized("853x480"),
    sized("961x541"),
    row("321x241, 4:4:4", "odd-444.mp4", f"-vf scale=321:241 -pix_fmt yuv444p {X264}",
        width=321, height=241),
    row("4:2:2", "422.mp4", f"-pix_fmt yuv422p {X264}"),
    row("4:4:4", "444.mp4", f"-pix_fmt yuv444p {X264}"),
    row("10-bit HLG", "hlg.mp4", f"-vf {HLG} {X265}", says=" as HDR", is_hdr=True,
        psnr_y_mean=72.0),
    row("10-bit PQ", "pq.mp4", f"-vf {PQ} {X265}", says=" as HDR", is_hdr=True, psnr_y_mean=72.0),
    row("12-bit", "twelve.mp4", f"-pix_fmt yuv420p12le {X265}", says=", scored as 10-bit",
        psnr_y_mean=72.0),
    row("Full range", "full.mp4", f"-vf scale=out_range=full -pix_fmt yuvj420p {X264}"),
    row("A change of range in mid-stream", "range.mp4", "-i {range} -map 1 -c copy",
        says=" of all its frames, every sample as it is"),
    row("Rotated", "rotated.mp4", "-display_rotation 90 -i {source} -map 1 -c copy",
        says=" of the picture as it is shown", width=240, height=320),
    row("Interlaced", "interlaced.mp4",
        f"-vf setfield=tff {X264} -flags +ildct+ilme -x264opts tff=1"),
    row("Variable rate", "variable.mp4", f"-vf {VARIABLE} -fps_mode vfr {X264}",
        says=" of its own frames, none repeated", fps=15.625, motion_fps_weight=1.92),
    row("Start offset", "offset.mp4", "-c copy -output_ts_offset 5", same_as="plain.mp4"),
    row("Edit list", "edit.mp4", "-ss 0.2 -i {source} -map 1 -c copy",
        says=" of the frames that it shows"),
    row("60 frames a second", "sixty.mp4", f"-vf fps=60 -frames:v 4 {X264}",
        says=", its motion weight 0.5", fps=60.0, motion_fps_weight=0.5),
    row("One frame", "one.mp4", f"-frames:v 1 {X264}", motion_mean=0.0, vmaf_std=0.0),
    row("Two frames", "two.mp4", f"-frames:v 2 {X264}"),
    row("Black", "black.mp4", f"-f lavfi -i color=black:s=320x240:r=25:d=0.12 -map 1 {X264}",
        motion_mean=0.0, cambi_mean=0.0),
    row("Flat red", "red.mp4", f"-f lavfi -i color=red:s=320x240:r=25:d=0.12 -map 1 {X264}",
        motion_mean=0.0, cambi_mean=0.0),
    row("Noise", "noise.mp4",
        "-f lavfi -i nullsrc=s=320x240:r=25:d=0.12,geq=random(1)*255:128:128 -map 1 "
        f"-pix_fmt yuv420p {X264}"),
]  # fmt: skip


def failure(words, name, recipe, reason, detail):
    """Return a case: a clip made by the engine, or by a function, and its failure."""
    outcome = pytest.mark.outcome(f"Fails as `{reason}`: {detail}".rstrip(": ") + ".")
    return pytest.param(name, recipe, reason, detail, id=words, marks=outcome)


def small(size):
    name, width = f"{size}.mp4", size.split("x")[0]
    codec = "-c:v mpeg4" if int(width) % 2 else X264
    said = "cambi cannot measure a picture with both sides under 216 pixels"
    recipe = f"{TWO_FRAMES}={size.replace('x', ':')} {codec}"
    return failure(size, name, recipe, "refused-by-engine", said)


def empty(make):
    return b""


def text(make):
    return b"\x1b[31mhello\n" * 500


def first_part(data):
    return data[: len(data) * 6 // 10]


def cut(make):
    return first_part(make.read("plain.mp4"))


def cut_with_its_index_in_front(make):
    return first_part(make.read("faststart.mp4"))


def cut_between_samples(make):
    return make.read("faststart.mp4")[: make.packet("faststart.mp4", 6)[0]]


def cut_fragment(make):
    return make.read("fragmented.mp4")[: make.packet("fragmented.mp4", 6)[0]]


def cut_cluster(make):
    return make.read("plain.mkv")[: make.packet("plain.mkv", 6)[0]]


def cut_avi(make):
    return make.read("plain.avi")[: make.packet("plain.avi", 6)[0]]


def zeros_in_the_middle(make):
    start, size = make.packet("plain.mp4", 5)
    return make.changed(start, size, lambda _: 0)


def flipped_bits(make):
    start, size = make.packet("plain.mp4", 5)
    return make.changed(start + size // 3, size // 3, lambda byte: byte ^ 0x5A)


def flipped_length(make):
    start, _ = make.packet("plain.mp4", 5)
    return make.changed(start, 4, lambda byte: byte ^ 0xFF)


FAILURES = [
    failure("Zero bytes", "zero.mp4", empty, "unreadable", "moov atom not found"),
    failure("Text named mp4", "text.mp4", text, "unreadable", "moov atom not found"),
    failure("Truncated, its index at its end", "cut.mp4", cut, "unreadable", "moov atom not found"),
    failure("Truncated, its index in front", "cut-in-front.mp4", cut_with_its_index_in_front,
            "damaged", "Invalid NAL unit size"),
    failure("Truncated exactly between two samples", "cut-between.mp4", cut_between_samples,
            "frames-missing", "6 frames measured, 10 promised by the container"),
    failure("Truncated in a fragment", "cut-fragment.mp4", cut_fragment, "damaged", "partial file"),
    failure("Truncated Matroska", "cut.mkv", cut_cluster, "damaged", "File ended prematurely"),
    failure("Truncated AVI", "cut.avi", cut_avi, "frames-missing", "promised by the container"),
    failure("Zeros in the middle", "zeros.mp4", zeros_in_the_middle,
            "damaged", "Invalid NAL unit size"),
    failure("Flipped bits in a frame", "flipped.mp4", flipped_bits, "damaged", ""),
    failure("Flipped bits in a length", "flipped-length.mp4", flipped_length,
            "damaged", "Invalid NAL unit size"),
    failure("Only sound", "only-sound.mp4", "-f lavfi -i sine=d=0.2 -map 1",
            "no-video", "matches no streams"),
    failure("Sound with cover art", "cover-sound.mp4",
            "-f lavfi -i sine=d=0.2 -i {picture} -map 1 -map 2 -c:v copy "
            "-disposition:v attached_pic", "no-video", "matches no streams"),
    failure("A change of resolution in mid-stream", "resolution.mp4",
            "-i {resolution} -map 1 -c copy",
            "refused-by-engine", "problem during vmaf_read_pictures"),
    failure("16x16", "16x16.mp4", f"{TWO_FRAMES}=16:16 {X264}",
            "refused-by-engine", "model cannot measure a picture with a side of 16 pixels or less"),
    small("100x100"),
    small("161x121"),
    small("176x144"),
    small("215x215"),
    failure("4096x2304", "4096x2304.mp4", f"{TWO_FRAMES}=4096:2304 {X264}",
            "refused-by-engine", "cambi: window_size 69 too large for reciprocal LUT"),
]  # fmt: skip


class Make:
    """Makes clips out of one source, in a folder."""

    def __init__(self, folder, real, run_ffmpeg):
        self.clips, self.parts = folder / "clips", folder / "parts"
        self.clips.mkdir()
        self.parts.mkdir()
        self.run_ffmpeg = run_ffmpeg
        keyed = [*X264.split(), "-g", 4, "-bf", 0]
        source, low, full = (self.parts / f"{name}.mp4" for name in ("source", "low", "full"))
        first = ("-frames:v", 10, "-vf", "scale=320:240")
        run_ffmpeg("-i", real / "bikes.mp4", *first, *keyed, source)
        run_ffmpeg("-i", source, "-frames:v", 1, self.parts / "picture.png")
        run_ffmpeg("-i", source, "-vf", "scale=320:136", *keyed, low)
        full_range = ("-vf", "scale=out_range=full", "-pix_fmt", "yuvj420p")
        run_ffmpeg("-i", source, *full_range, *keyed, full)
        self.known = {
            "{source}": source,
            "{picture}": self.parts / "picture.png",
            "{resolution}": self.joined("resolution", source, low),
            "{range}": self.joined("range", source, full),
        }

    def joined(self, name, *parts):
        """Join clips that differ into one stream, as a recorder does that is switched over."""
        streams = []
        for part in parts:
            stream = part.with_suffix(".ts")
            self.run_ffmpeg("-i", part, "-c", "copy", stream)
            streams.append(stream.read_bytes())
        path = self.parts / f"joined-{name}.ts"
        path.write_bytes(b"".join(streams))
        return path

    def __call__(self, name, recipe):
        """Make a clip by arguments of the engine, or of the bytes that a function returns."""
        if callable(recipe):
            (self.clips / name).write_bytes(recipe(self))
            return
        arguments = [self.known.get(one, one) for one in recipe.split()]
        self.run_ffmpeg("-i", self.known["{source}"], *arguments, self.clips / name)

    def read(self, name):
        return (self.clips / name).read_bytes()

    def packet(self, name, number):
        """Return where a packet of a clip begins, and how long it is."""
        import av

        with av.open(str(self.clips / name)) as container:
            packets = [packet for packet in container.demux(video=0) if packet.size]
            return packets[number].pos, packets[number].size

    def changed(self, start, size, change):
        """Return the plain clip with some of its bytes changed."""
        data = bytearray(self.read("plain.mp4"))
        data[start : start + size] = bytes(map(change, data[start : start + size]))
        return bytes(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, new_project, real_clips, run_ffmpeg, label):
    """Give a project with the clips of all cases."""
    project = new_project(tmp_path_factory.mktemp("clips"))
    make = Make(project.path, real_clips, run_ffmpeg)
    for case in [*ROWS, *FAILURES]:
        make(*case.values[:2])
    label(project)
    return project


@pytest.fixture(scope="module")
def extracted(folder, extract):
    """Run the command on all of them, once."""
    return extract(folder, "--audit-clips", 1, "--workers", 2)


def features(row, of=FEATURES):
    return {name: row[name] for one in of for name in (f"{one.name}_mean", f"{one.name}_std")}


@pytest.mark.parametrize(("name", "recipe", "same_as", "expected"), ROWS)
def test_a_clip_that_decodes_whole_is_a_row(extracted, name, recipe, same_as, expected):
    row = extracted.rows[name]
    assert {key: row[key] for key in expected} == expected
    assert all(map(math.isfinite, features(row, MEASURED).values()))
    assert 90 < row["vmaf_mean"] <= 100
    assert row["psnr_y_mean"] == expected.get("psnr_y_mean", 60.0)
    if same_as:
        twin = features(extracted.rows[same_as])
        assert features(row) == pytest.approx(twin, rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize(("name", "recipe", "reason", "detail"), FAILURES)
def test_a_clip_that_is_not_a_whole_video_is_a_failure(extracted, name, recipe, reason, detail):
    assert name not in extracted.rows
    seen = extracted.failures[name]
    assert seen[0] == reason
    assert detail in seen[1]
    assert seen[1].isprintable()


OWN_LINE = [case for case in FAILURES if case.values[2] in {"unreadable", "damaged", "no-video"}]


@pytest.mark.parametrize("name", [case.values[0] for case in OWN_LINE])
def test_the_detail_of_a_failure_is_the_engines_own_line(extracted, folder, ffmpeg, name):
    asked = [ffmpeg, "-v", "error", "-i", folder.path / "clips" / name]
    asked += ["-map", "0:V:0", "-f", "null", "-"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    lines = [re.sub(r"\[[^]]* @ 0x[0-9a-f]+\] ", "", line) for line in done.stderr.splitlines()]
    assert extracted.failures[name][1] in lines


@pytest.mark.outcome("Exit 1; every clip is a row or a failure, and all are counted.")
def test_a_run_with_bad_clips_lands_the_good_ones(extracted, folder):
    clips = {path.name for path in (folder.path / "clips").iterdir()}
    assert extracted.code == 1
    assert extracted.rows.keys() | extracted.failures.keys() == clips
    assert not extracted.rows.keys() & extracted.failures.keys()
    stats = extracted.manifest["stats"]
    assert stats["total_clips"] == len(clips)
    assert stats["ok"] == stats["parquet_rows"] == len(extracted.rows) == len(ROWS)
    assert stats["fail"] == len(extracted.failures) == len(FAILURES)
    assert extracted.manifest["status"] == "partial"
    assert f"{len(FAILURES)} failed" in extracted.err


@pytest.mark.outcome("Neither the streams nor the manifest hold an escape.")
def test_no_escape_of_a_clip_or_the_engine_is_printed(extracted, folder):
    assert "\x1b" not in extracted.out + extracted.err
    assert b"\x1b" not in (folder.path / "t.parquet.manifest.json").read_bytes()


@pytest.mark.outcome("Only bit depths of which a clip was compared are rows.")
def test_an_audit_finds_its_clips_among_bad_ones(extracted):
    assert extracted.manifest["audit"]["bit_depths"] == [8, 10, 12]


@pytest.mark.outcome("Only the table, its manifest, its ledger and its listing are left.")
def test_bad_clips_leave_nothing_behind(extracted, folder):
    left = {name for name in folder.files() if not name.startswith(("clips/", "parts/"))}
    left = {name for name in left if not name.startswith("t.parquet.history/clips_dir-")}
    assert left == {"scores.csv", "t.parquet", "t.parquet.ledger", "t.parquet.manifest.json"}
