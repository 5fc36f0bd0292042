"""Every option of the extractor with values that it does not take, from every source."""

import functools
import json

import pytest

RUN = ("run", "extract_k150k", "--out", "t.parquet")
GOOD = {"clips_dir": '"clips"', "scores": '"scores.csv"'}

# What is looked at in one go, before the next is looked at at all; of each option the values that
# it does not take, as text and as TOML, and what is said. Lists are JSON in the environment.
TYPES = {
    "clips_dir": [("", "3", "is not a path")],
    "scores": [("", "[1]", "is not a path")],
    "metadata_jsonl": [("", "true", "is not a path")],
    "checksums": [("", "3", "is not a path")],
    "require_checksums": [("yes", '"true"', ""), ("1", "1", "")],
    "split_seed": [(None, "3", "is not text")],
    "vmaf_model": [(None, "3", "is not a path or text")],
    "glob": [(None, "[1]", "is not text"), (None, '"*.mp4"', "is not a list")],
    "limit": [("2.5", "2.5", "is not an integer"), ("many", '"3"', "is not an integer")],
    "threads": [("1.5", "1.5", "is not an integer"), ("true", "true", "is not an integer")],
    "scratch_dir": [("", "1", "is not a path")],
    "ffmpeg": [("", "1", "is not a path")],
    "measure": [("some", '"some"', "is not one of informative, all")],
    "audit_clips": [("1e3", "1e3", "is not an integer"), ("one", '"1"', "is not an integer")],
    "allow_fr_from_nr": [("yes", '"true"', ""), ("1", "1", "")],
    "min_label_coverage": [("half", '"half"', "is not a number"), ("nan", "nan", "")],
}
RANGES = {
    "metadata_jsonl": [("scores.txt", '"scores.txt"', "must end in one of .jsonl, .ndjson")],
    "vmaf_model": [
        ("vmaf:path=x", '"vmaf:path=x"', "must be a model's name such as vmaf_v0.6.1"),
    ],
    "glob": [
        ("a/*.mp4", '["a/*.mp4"]', "must be a pattern of file names, without '/', got 'a/*.mp4'"),
        (None, "[]", "must be one pattern or more, got none"),
    ],
    "limit": [("0", "0", "must be 1 or more, got 0"), ("-1", "-1", "must be 1 or more, got -1")],
    "threads": [("0", "0", "must be 1 or more, got 0")],
    "require_checksums": [("true", "true", "needs the list in which the clips must be")],
    "scratch_dir": [("scores.csv", '"scores.csv"', "must be a folder, got scores.csv")],
    "audit_clips": [("-1", "-1", "must be 0 or more, got -1")],
    "min_label_coverage": [
        ("1.5", "1.5", "must be a fraction from 0 to 1, got 1.5"),
        ("-0.1", "-0.1", "must be a fraction from 0 to 1, got -0.1"),
    ],
}
PATHS = {
    "clips_dir": [
        ("gone", '"gone"', "gone does not exist"),
        ("scores.csv", '"scores.csv"', "scores.csv is not a folder"),
    ],
    **{
        name: [
            ("gone", '"gone"', "gone does not exist"),
            ("clips", '"clips"', "clips is a folder; give a file"),
        ]
        for name in ("scores", "ffmpeg", "checksums")
    },
    "metadata_jsonl": [
        ("gone.jsonl", '"gone.jsonl"', "gone.jsonl does not exist"),
        ("folder.jsonl", '"folder.jsonl"', "folder.jsonl is a folder; give a file"),
    ],
    "vmaf_model": [("gone/m.json", '"gone/m.json"', "gone/m.json does not exist")],
}
NO_VALUE = {"allow_fr_from_nr", "require_checksums"}  # the flag itself is the value
STAGES = {"types": TYPES, "ranges": RANGES, "paths": PATHS}


def can_come(name, text, source):
    """Return whether a source can give a value: not everything in TOML is also text."""
    if source == "flag" and name in NO_VALUE:
        return False
    return source == "file" or text is not None


def given(source, values):
    """Return flags, environment and file that give some options: text and TOML by option."""
    texts = {name: text for name, (text, _) in values.items()}
    if source == "env":
        texts |= {"glob": values["glob"][1]} if "glob" in values else {}
        return [], {f"TABLEHOST_EXTRACT_K150K_{k.upper()}": v for k, v in texts.items()}, ""
    if source == "file":
        lines = [f"{name} = {toml}\n" for name, (_, toml) in values.items()]
        return [], {}, f"[extract_k150k]\n{''.join(lines)}"
    return [f"--{name.replace('_', '-')}={text}" for name, text in texts.items()], {}, ""


@pytest.fixture(scope="module")
def said(tmp_path_factory, new_project):
    """Give the problems of a run in which the options of a stage have their nth wrong values."""
    project = new_project(tmp_path_factory.mktemp("options"))
    (project.path / "clips").mkdir()
    (project.path / "folder.jsonl").mkdir()
    project.write("scores.csv", "video_name,video_score\na,1\n")
    before = project.files()

    @functools.cache
    def run(stage, source, number):
        wrong = {
            name: (text, toml)
            for name, values in STAGES[stage].items()
            for text, toml, _ in values[number : number + 1]
            if can_come(name, text, source)
        }
        good = {name: (json.loads(toml), toml) for name, toml in GOOD.items() if name not in wrong}
        tokens, environment, text = given(source, wrong | good)
        (project.path / "tablehost.toml").write_text(text)
        ended = project.run(*RUN, *tokens, "--dry-run", env=environment)
        assert ended.code == 2, ended.err
        assert "Traceback" not in ended.err
        assert project.files() == before | {"tablehost.toml"}
        return [line for line in ended.err.splitlines() if "--" in line]

    return run


def sources(name):
    """Name the sources from which some wrong value of an option can come."""
    texts = [text for stage in STAGES.values() for text, _, _ in stage.get(name, [])]
    words = {"flag": "flag", "env": "environment", "file": "TOML"}
    return [words[one] for one in words if any(can_come(name, text, one) for text in texts)]


def options():
    names = dict.fromkeys(name for stage in STAGES.values() for name in stage)
    for name in names:
        words = [one[2] for stage in STAGES.values() for one in stage.get(name, []) if one[2]]
        outcome = "; ".join(dict.fromkeys(words)) or "is not true or false"
        yield pytest.param(
            name, id=f"--{name.replace('_', '-')}, from {' and '.join(sources(name))}",
            marks=pytest.mark.outcome(f"Exit 2, nothing touched: {outcome}."),
        )  # fmt: skip


@pytest.mark.parametrize("name", list(options()))
def test_an_option_with_values_that_it_does_not_take(said, name):
    for stage, table in STAGES.items():
        for number, (text, toml, words) in enumerate(table.get(name, [])):
            for source in ("flag", "env", "file"):
                if not can_come(name, text, source):
                    continue
                flag = f"--{name.replace('_', '-')}"
                lines = [line for line in said(stage, source, number) if f"{flag}: " in line]
                assert len(lines) == 1, (stage, source, toml, said(stage, source, number))
                assert words in lines[0]


@pytest.fixture
def one_clip(project, clips, label):
    """Give a project with a clip, and engines and models that are none."""
    (project.path / "clips").mkdir()
    (project.path / "clips/a.mp4").write_bytes((clips / "carphone_pristine.mp4").read_bytes())
    label(project)
    project.write("text", "not for execution\n")
    project.write("silent", "#!/bin/sh\nexit 0\n").chmod(0o755)
    project.write("model.json", "{}\n")
    return project


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        pytest.param(
            tokens, words, id=case,
            marks=pytest.mark.outcome(f"Exit 2, nothing touched: {words}."),
        )
        for case, tokens, words in [
            ("--ffmpeg is not a program", ("--ffmpeg", "text"), "does not run: Permission denied"),
            ("--ffmpeg is another program", ("--ffmpeg", "silent"), "cannot measure"),
            ("--vmaf-model that libvmaf has not", ("--vmaf-model", "vmaf_v9"),
             "could not load libvmaf model with version: vmaf_v9"),
            ("--vmaf-model is not a model", ("--vmaf-model", "model.json"), "libvmaf ERROR"),
            ("--glob fits nothing", ("--glob", "*.mov"), "no clip in clips"),
            ("A switch with a value", ("--allow-fr-from-nr=yes",),
             "--allow-fr-from-nr takes no value"),
            ("An option twice", ("--limit", 1, "--limit", 2), "--limit specified multiple times"),
        ]
    ],
)  # fmt: skip
def test_options_that_do_not_fit_together_or_the_machine(one_clip, extract, tokens, words):
    before = one_clip.files()
    extracted = extract(one_clip, *tokens)
    assert extracted.code == 2
    assert words in extracted.err
    assert "PosixPath" not in extracted.err
    assert one_clip.files() == before


@pytest.mark.outcome("Exit 1, no table: every item failed (1).")
def test_a_corpus_of_which_no_clip_can_be_measured(one_clip, extract):
    extracted = extract(one_clip, "--audit-clips", 0)
    assert extracted.code == 1
    assert extracted.manifest is None
    assert "every item failed (1)" in extracted.err
    assert "refused-by-engine" in (one_clip.path / "t.parquet.failed.json").read_text()
