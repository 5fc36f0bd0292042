"""Every option of the extractor with values that it does not take, from every source."""

import re

import pytest

RUN = ("run", "extract_k150k", "--out", "t.parquet")
# option: values that it does not take, as text and as TOML, and what is said
WRONG = {
    "clips_dir": [
        ("gone", '"gone"', "gone does not exist"),
        ("scores.csv", '"scores.csv"', "scores.csv is no folder"),
        ("", "3", ""),
    ],
    "scores": [
        ("gone.csv", '"gone.csv"', "gone.csv does not exist"),
        ("clips", '"clips"', "clips is a folder"),
        ("", "[1]", ""),
    ],
    "metadata_jsonl": [
        ("gone.jsonl", '"gone.jsonl"', "gone.jsonl does not exist"),
        ("clips", '"clips"', "clips is a folder"),
    ],
    "vmaf_model": [
        ("vmaf:path=x", '"vmaf:path=x"', "must be a model's name such as vmaf_v0.6.1"),
        ("", '""', "must be a model's name"),
        ("gone/model.json", '"gone/model.json"', "gone/model.json does not exist"),
    ],
    "glob": [
        ('["a/*.mp4"]', '["a/*.mp4"]', "must be a pattern of file names, without '/'"),
        ("[]", "[]", "must be one pattern or more, got none"),
        ("[1]", "[1]", "is not a list, each text"),
        ('[""]', '[""]', "must be a pattern"),
    ],
    "limit": [
        ("0", "0", "must be 1 or more, got 0"),
        ("-1", "-1", "must be 1 or more, got -1"),
        ("2.5", "2.5", "is not an integer"),
        ("many", '"many"', "is not an integer"),
    ],
    "threads": [
        ("0", "0", "must be 1 or more, got 0"),
        ("1.5", "1.5", "is not an integer"),
        ("two", '"2"', "is not an integer"),
    ],
    "scratch_dir": [
        ("gone", '"gone"', "gone"),
        ("scores.csv", '"scores.csv"', "scores.csv"),
    ],
    "ffmpeg": [
        ("gone", '"gone"', "gone does not exist"),
        ("clips", '"clips"', "clips is a folder"),
        ("scores.csv", '"scores.csv"', "scores.csv"),
    ],
    "measure": [
        ("some", '"some"', "is not one of informative, all"),
        ("", "true", "is not one of informative, all"),
    ],
    "audit_clips": [
        ("-1", "-1", "must be 0 or more, got -1"),
        ("1e3", "1e3", "is not an integer"),
        ("true", "true", "is not an integer"),
    ],
    "allow_fr_from_nr": [
        ("yes", '"true"', "is not true or false"),
        ("1", "1", "is not true or false"),
    ],
    "min_label_coverage": [
        ("1.5", "1.5", "must be a fraction from 0 to 1, got 1.5"),
        ("-0.1", "-0.1", "must be a fraction from 0 to 1, got -0.1"),
        ("half", '"half"', "is not a number"),
        ("nan", "nan", "is not a number"),
        ("95%", '"95%"', "is not a number"),
    ],
}
CASES = [(name, number) for name, values in WRONG.items() for number in range(len(values))]
