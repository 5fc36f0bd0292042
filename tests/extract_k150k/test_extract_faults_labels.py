"""Labels and metadata as operators have them, through the command line."""

import json
import shutil

import pytest

CLIPS = ("a.mp4", "b.mp4", "dir c.mp4")
HEADER = "video_name,video_score\n"


@pytest.fixture(scope="module")
def two_frames(real_clips, run_ffmpeg, tmp_path_factory):
    """Make a clip of two frames."""
    clip = tmp_path_factory.mktemp("two") / "two.mp4"
    run_ffmpeg("-i", real_clips / "bikes.mp4", "-frames:v", 2, "-vf", "scale=320:240", "-an", clip)
    return clip


@pytest.fixture(scope="module")
def measured(tmp_path_factory, new_project, two_frames, label, extract):
    """Give a project in which three clips are measured, once."""
    project = new_project(tmp_path_factory.mktemp("measured"))
    (project.path / "clips").mkdir()
    for name in CLIPS:
        shutil.copy(two_frames, project.path / "clips" / name)
    label(project)
    assert extract(project, "--audit-clips", 0).code == 0
    return project


@pytest.fixture
def ready(project, measured):
    """Give a copy of it: the clips are measured, the labels are still to be joined."""
    shutil.copytree(measured.path, project.path, dirs_exist_ok=True)
    return project


@pytest.fixture
def joined(ready, extract):
    """Join other labels or metadata to the clips that are measured."""

    def run(*tokens, scores=None, metadata=None):
        if scores is not None:
            data = scores if isinstance(scores, bytes) else scores.encode()
            (ready.path / "scores.csv").write_bytes(data)
        if metadata is not None:
            lines = [one if isinstance(one, str) else json.dumps(one) for one in metadata]
            ready.write("m.jsonl", "".join(f"{line}\n" for line in lines))
            tokens = ("--metadata-jsonl", "m.jsonl", *tokens)
        before = (ready.files(), ready.digest("t.parquet"), ready.digest("t.parquet.manifest.json"))
        extracted = extract(ready, "--audit-clips", 0, *tokens)
        after = (ready.files(), ready.digest("t.parquet"), ready.digest("t.parquet.manifest.json"))
        if extracted.code == 2:
            before[0].update({"m.jsonl"} & after[0])
            assert after == before, "a refused run touched something"
        return extracted

    return run


def measured_nothing(extracted):
    stats = extracted.manifest["stats"]
    return stats["done_before"] == stats["total_clips"] and stats["ok"] == stats["fail"] == 0


def refused(words, text, *said):
    outcome = pytest.mark.outcome(f"Exit 2, nothing touched: {said[0]}")
    return pytest.param(text, said, id=words, marks=outcome)


BAD_SCORES = [
    refused("An empty score file", "", "the file is empty"),
    refused("Only a header", HEADER, "no label below the header"),
    refused("A wrong header", "name,score\na,1\n", "no column video_name", "name, score",
            "no column video_score or mos"),
    refused("A column that is there twice", "video_name,mos,mos\na,1,1\n",
            "more than one column is named 'mos'"),
    refused("The same name twice, with the same label", f"{HEADER}a,1\na,1\n",
            "'a' is there 2 times, on lines 2, 3"),
    refused("The same name twice, with another label", f"{HEADER}a,1\na,2\n",
            "'a' is there 2 times, on lines 2, 3"),
    refused("A NaN for a label", f"{HEADER}a,nan\n",
            "line 2: video_score is not a finite number: 'nan'"),
    refused("A label that is infinite", f"{HEADER}a,1e999\n",
            "line 2: video_score is not a finite number"),
    refused("A text for a label", f"{HEADER}a,good\n",
            "line 2: video_score is not a finite number: 'good'"),
    refused("No label in a line", f"{HEADER}a,\n",
            "line 2: video_score is not a finite number: ''"),
    refused("A line with too many fields", f"{HEADER}a,1,2\n", "line 2: 3 fields"),
    refused("An open quote", f'{HEADER}"a,1\n', "not readable as a CSV"),
    refused("Labels in UTF-16", f"{HEADER}a,1\n".encode("utf-16"), "not readable as a CSV"),
    refused("Terminal escapes in labels", f"{HEADER}a,\x1b[31mred\n",
            "line 2: video_score is not a finite number"),
    refused("Names with a path, which fit no clip", f"{HEADER}x/a.mp4,1\n",
            "no label fits a clip", "'x/a.mp4'", "'a.mp4'"),
    refused("Two labels for one clip by its stem", f"{HEADER}a.avi,1\na.mov,2\n",
            "fits the labels a.avi, a.mov"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BAD_SCORES)
def test_scores_that_cannot_be_meant(joined, text, said):
    extracted = joined(scores=text)
    assert extracted.code == 2
    assert all(one in extracted.err for one in said), extracted.err
    assert "\x1b" not in extracted.err
    assert "Traceback" not in extracted.err


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        pytest.param(text, labels, id=words, marks=pytest.mark.outcome(outcome))
        for words, text, labels, outcome in [
            ("A BOM, CRLF and quotes", '\ufeffvideo_name,video_score\r\n"a.mp4","1.5"\r\nb,2\r\n',
             [1.5, 2.0, None], "Joined; no clip is measured again."),
            ("A stem and a whole name", f"{HEADER}a,1\nb.mp4,2\ndir c.mp4,3\n", [1.0, 2.0, 3.0],
             "Joined by name, then by stem; no clip is measured again."),
            ("Labels of set B", "video_name,mos,video_score\na,1,5\nb,2,\n", [5.0, 2.0, None],
             "`video_score`, and `mos` where there is none; no clip is measured again."),
            ("Labels for some clips, and for some that are gone", f"{HEADER}b,2\nz,3\n",
             [None, 2.0, None], "Null where there is none, and said; no clip is measured again."),
        ]
    ],
)  # fmt: skip
def test_other_labels(joined, text, labels):
    extracted = joined(scores=text)
    assert extracted.code == 0, extracted.err
    assert [extracted.rows[name]["mos"] for name in CLIPS] == labels
    missing = labels.count(None)
    assert extracted.manifest["labels"]["clips_without_label"] == missing
    assert (f"{missing} of 3 clips have no label; their mos is null" in extracted.err) == bool(
        missing
    )
    assert measured_nothing(extracted)


def line(clip, **values):
    return {"src": f"x/{clip}", **{f"chug_{key}": value for key, value in values.items()}}


REFERENCES = [
    line("a.mp4", content_name="c", ref=1),
    line("b.mp4", content_name="c", ref=0),
    line("dir c.mp4", content_name="c", ref=0),
]


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        refused("Two lines that disagree", [line("a.mp4", name="x"), line("a.mp4", name="y")],
                "lines 1 and 2 are both about 'a.mp4' and disagree on chug_name"),
        refused("Values without a common type", [line("a.mp4", bit_depth=8), line("b.mp4",
                bit_depth="ten")], "the values of 'chug_bit_depth' have no common type",
                "integer on line 1, text on line 2"),
        refused("A corpus that has references", REFERENCES,
                "1 contents have a reference of their own (1 reference rows, 2 others)",
                "'c': reference 'a.mp4', other 'b.mp4'", "--allow-fr-from-nr"),
    ],
)  # fmt: skip
def test_metadata_that_cannot_be_meant(joined, metadata, said):
    extracted = joined(metadata=metadata)
    assert extracted.code == 2
    assert all(one in extracted.err for one in said), extracted.err


@pytest.mark.outcome("Goes on; the manifest says that it was allowed.")
def test_a_corpus_that_has_references_with_allow_fr_from_nr(joined):
    extracted = joined("--allow-fr-from-nr", metadata=REFERENCES)
    assert extracted.code == 0
    assert [row["chug_ref"] for row in extracted.rows.values()] == [1, 0, 0]
    assert extracted.manifest["fr_from_nr_adapter"]["allow_fr_from_nr"] is True
    assert measured_nothing(extracted)


@pytest.mark.outcome("No columns are added; all clips are said to have no metadata.")
def test_empty_metadata(joined):
    extracted = joined(metadata=[])
    assert extracted.code == 0
    assert "3 of 3 clips have no metadata" in extracted.err
    assert not [name for name in extracted.rows["a.mp4"] if name.startswith("chug")]


@pytest.mark.outcome("Left out, said with their numbers, counted; no clip is measured again.")
def test_malformed_lines_of_metadata(joined):
    lines = [line("a.mp4", name="x"), "{", "[1]", '{"chug_name": "no src"}', '{"src": NaN}']
    extracted = joined(metadata=lines)
    assert extracted.code == 0
    assert "4 malformed lines left out: line 2: not JSON" in extracted.err
    assert "line 4: no clip_name, src or filename" in extracted.err
    assert [one["line"] for one in extracted.manifest["metadata"]["malformed"]] == [2, 3, 4, 5]
    assert [row["chug_name"] for row in extracted.rows.values()] == ["x", None, None]
    assert measured_nothing(extracted)


@pytest.mark.outcome("One row; a correction changes the column and measures no clip again.")
def test_metadata_that_is_corrected(joined):
    joined(metadata=[line("a.mp4", name="x"), line("a.mp4", name="x")])
    extracted = joined(metadata=[line("a.mp4", name="y")])
    assert extracted.code == 0
    assert extracted.rows["a.mp4"]["chug_name"] == "y"
    assert measured_nothing(extracted)


@pytest.mark.outcome("Exit 2, nothing touched: all problems of all files at once.")
def test_clips_labels_and_metadata_that_are_wrong_together(joined):
    lines = [line("a.mp4", name="x"), line("a.mp4", name="y")]
    extracted = joined("--glob", "*.mov", scores=f"{HEADER}a,x\n", metadata=lines)
    assert extracted.code == 2
    for said in ("no clip in clips", "'x'", "disagree on chug_name"):
        assert said in extracted.err


@pytest.mark.parametrize(
    ("least", "code"),
    [
        pytest.param(0.33, 0, id="Labels for a third of the clips, a third is enough",
                     marks=pytest.mark.outcome("Goes on.")),
        pytest.param(0.34, 2, id="Labels for a third of the clips, more are wanted",
                     marks=pytest.mark.outcome("Exit 2, nothing touched: only 1 of 3 clips.")),
    ],
)  # fmt: skip
def test_coverage(joined, least, code):
    extracted = joined("--min-label-coverage", least, scores=f"{HEADER}a,1\n")
    assert extracted.code == code
    said = f"only 1 of 3 clips have a label (33.3%), less than --min-label-coverage {least}"
    assert (said in extracted.err) == bool(code)


@pytest.mark.outcome("Exit 2; with --overwrite only they are in the table, the others `left_out`.")
def test_fewer_clips_by_limit_than_the_table_has(joined):
    refused = joined("--limit", 1)
    assert refused.code == 2
    assert "has the rows of 2 items that are left out, such as 'b.mp4'; give" in refused.err
    extracted = joined("--limit", 1, "--overwrite")
    assert list(extracted.rows) == ["a.mp4"]
    items = extracted.manifest["run"]["items"]
    assert (items["removed"], items["left_out"]) == (0, 2)
    assert joined("--limit", 2).code == 0
    assert tuple(joined().rows) == CLIPS


@pytest.mark.outcome(
    "Exit 2; with --overwrite only they are in the table, the others `left_out`, and come back for "
    "nothing."
)
def test_fewer_clips_by_glob_and_then_all(joined):
    fewer = ("--glob", "d*.mp4", "--glob", "b.*")
    refused = joined(*fewer)
    assert refused.code == 2
    assert "has the rows of 1 items that are left out, such as 'a.mp4'; give" in refused.err
    extracted = joined(*fewer, "--overwrite")
    assert list(extracted.rows) == ["b.mp4", "dir c.mp4"]
    items = extracted.manifest["run"]["items"]
    assert (items["removed"], items["left_out"]) == (0, 1)
    extracted = joined()
    assert tuple(extracted.rows) == CLIPS
    assert measured_nothing(extracted)
