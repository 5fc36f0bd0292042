import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost import Refused
from tablehost_extract_k150k.scores import Scores, check_coverage, join, read_scores


@pytest.fixture
def scores_of(tmp_path):
    def read(text):
        path = tmp_path / "scores.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_scores(path)

    return read


def refusal(call, *args):
    with pytest.raises(Refused) as caught:
        call(*args)
    return "\n".join(caught.value.problems)


def test_bom_crlf_and_quotes_are_fine(scores_of):
    text = '\ufeffvideo_name,video_score\r\n"a,b.mp4",3.5\r\n\r\nc.mp4,"4"\r\n'
    assert scores_of(text).labels == {"a,b.mp4": 3.5, "c.mp4": 4.0}


def test_video_score_is_the_label_and_mos_only_where_there_is_none(scores_of):
    scores = scores_of("video_name,mos,video_score\na,1,2\nb,1,\n")
    assert scores == Scores({"a": 2.0, "b": 1.0}, from_mos=1)


def test_a_file_with_only_mos_is_read(scores_of):
    assert scores_of("video_name,mos\na,1.5\n").labels == {"a": 1.5}


def test_every_problem_is_reported_with_its_line(scores_of):
    text = 'video_name,video_score\na,1\n"b\nb",x\na,2\nc,nan\nd\n,3\ne,1_0\n'
    said = refusal(scores_of, text)
    assert "'a' is there 2 times, on lines 2, 5" in said
    assert "line 3: video_score is not a finite number: 'x'" in said
    assert "line 6: video_score is not a finite number: 'nan'" in said
    assert "line 7: 1 fields, the header has 2" in said
    assert "line 8: no video_name" in said
    assert "line 9: video_score is not a finite number: '1_0'" in said


def test_missing_columns_are_reported_with_those_there(scores_of):
    said = refusal(scores_of, "name,score\na,1\n")
    assert "no column video_name; the columns are name, score" in said
    assert "no column video_score or mos" in said


@pytest.mark.parametrize(
    "text", ["", "video_name,video_score\n", b"\xff\xfe", 'video_name,mos\n"a']
)
def test_a_file_without_labels_is_refused(scores_of, text):
    assert "scores.csv" in refusal(scores_of, text)


def test_labels_join_by_name_then_by_stem():
    scores = Scores({"a": 1.0, "b.mp4": 2.0, "c.avi": 3.0, "1.5": 4.0, "unused": 5.0})
    joined = join(scores, ["a.mp4", "b.mp4", "c.mp4", "1.5.mp4", "1.mp4"])
    assert joined.labels == {"a.mp4": 1.0, "b.mp4": 2.0, "c.mp4": 3.0, "1.5.mp4": 4.0}
    assert joined.unused == 1


def test_a_label_of_one_clip_is_not_lent_to_another():
    assert join(Scores({"a.mp4": 1.0}), ["a.mkv", "a.mp4"]).labels == {"a.mp4": 1.0}


def test_ambiguous_labels_are_refused():
    said = refusal(join, Scores({"a.avi": 1.0, "a.mov": 2.0}), ["a.mp4"])
    assert "clip 'a.mp4' fits the labels a.avi, a.mov" in said
    assert "label 'a' fits the clips a.mkv, a.mp4" in refusal(
        join, Scores({"a": 1.0}), ["a.mkv", "a.mp4"]
    )


def test_labels_that_fit_no_clip_are_refused_with_an_example_of_both():
    said = refusal(join, Scores({"x.mp4": 1.0}), ["y.mp4"])
    assert "'x.mp4'" in said
    assert "'y.mp4'" in said


def test_too_few_labels_are_refused():
    check_coverage(1, 2, 0.5)
    assert "only 1 of 2 clips" in refusal(check_coverage, 1, 2, 0.51)


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), min_size=1
)


@given(st.dictionaries(NAMES, st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_all_that_csv_writes_is_read_back(tmp_path_factory, labels):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["video_name", "video_score"])
    writer.writerows((name, repr(score)) for name, score in labels.items())
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    path.write_bytes(text.getvalue().encode())
    assert read_scores(path).labels == labels
