import json
import os

import pytest
from small_builders import TYPED


@pytest.fixture
def typed(project):
    """Resolve the options of a builder with one option of every type, as a dry run shows them."""
    project.write("typed.py", TYPED)

    def run(*tokens, **kwargs):
        command = ("run", "./typed.py", "--out", "t.parquet", "--dry-run", "--json")
        return project.run(*command, *tokens, **kwargs)

    return run


# option: what it takes, and values as text and as TOML that it does not take
WRONG = {
    "size": (
        "an integer",
        [
            ("2.7", "2.7"),
            ("2.0", "2.0"),
            ("1e3", "1e3"),
            ("true", "true"),
            ("1_0", '"1_0"'),
            ("3 ", '"3"'),
            ("٣", '"٣"'),
            ("9" * 5000, "[3]"),
        ],
    ),
    "ratio": (
        "a number",
        [
            ("half", '"half"'),
            ("true", "true"),
            ("nan", "nan"),
            ("1e999", "9" * 400),
            ("1_0.5", '"1_0.5"'),
            ("٣", '"٣"'),
        ],
    ),
    "mode": ("one of fast, slow", [("medium", '"medium"'), ("Fast", '["fast"]'), ("1", "1")]),
    "depth": ("one of 8, 10", [("9", "9"), ("8.0", "8.0"), ("true", "true")]),
    "sizes": ("an integer", [("1.5", "[1.5]"), ("true", "[true]"), ("x", '["x"]')]),
    "parts": ("LABEL=PATH", [("no", '["no"]'), ("=p", '["=p"]'), ("a=", "[1]")]),
}


@pytest.mark.outcome("Exit 2: option, value, where it came from, and what it takes.")
@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("source", ["flag", "env", "file"])
def test_a_value_of_the_wrong_type_is_named_with_its_source(project, typed, source, number):
    tokens, environment, lines, where = [], {}, ["[typed]"], {}
    rows = [(name, words, values[number]) for name, (words, values) in WRONG.items()
            if number < len(values)]  # fmt: skip
    for name, _, (text, toml) in rows:
        tokens.append(f"--{name}={text}")
        variable = f"TABLEHOST_TYPED_{name.upper()}"
        environment[variable] = toml if name in ("sizes", "parts") else text
        lines.append(f"{name} = {toml}")
        where[name] = {"flag": f"--{name}", "env": variable, "file": "tablehost.toml [typed]"}
    if source == "file":
        project.write("tablehost.toml", "\n".join(lines))
    ended = typed(*tokens if source == "flag" else (), env=environment if source == "env" else {})
    assert ended.code == 2, ended.err
    said = ended.err.splitlines()
    for name, words, _ in rows:
        verb = "must be" if name == "parts" else "is not"
        expected = f"from {where[name][source]} {verb} {words}"
        assert any(f"--{name}: " in line and expected in line for line in said), (name, said)


@pytest.mark.outcome("Exit 2: option, value, and what to do.")
@pytest.mark.parametrize(
    ("option", "variable", "text"),
    [
        ("--out", "TABLEHOST_OUT", b"\xff.parquet"),
        ("--text", "TABLEHOST_TYPED_TEXT", b"no/\xff"),
        ("--parts", "TABLEHOST_TYPED_PARTS", b'["\xff=t"]'),
        ("--parts", "TABLEHOST_TYPED_PARTS", rb'["a=\ud800"]'),
    ],
)
def test_a_value_that_is_not_utf8_is_shown_and_refused(project, option, variable, text):
    project.write("typed.py", TYPED)
    places = [] if option == "--out" else ["--out", "t.parquet"]
    ended = project.run("run", "./typed.py", *places, env={variable: os.fsdecode(text)})
    assert ended.code == 2, ended.err
    assert f"{option}: " in ended.err
    assert f"from {variable} is not UTF-8, as all text in a manifest is; rename it" in ended.err
    assert "\\ud" in ended.err


@pytest.mark.outcome("Exit 2: neither yes nor 1 is a truth value.")
@pytest.mark.parametrize(
    ("source", "value"),
    [("flag", "yes"), ("env", "yes"), ("env", "1"), ("file", '"true"'), ("file", "1")],
)
def test_only_true_and_false_are_truth_values(project, typed, source, value):
    if source == "file":
        project.write("tablehost.toml", f"[typed]\nexact = {value}\n")
    flag = [f"--exact={value}"] if source == "flag" else []
    ended = typed(*flag, env={"TABLEHOST_TYPED_EXACT": value} if source == "env" else {})
    assert ended.code == 2
    assert "--exact" in ended.err


@pytest.mark.outcome("Exit 2 for anything else.")
@pytest.mark.parametrize("text", ["1,2", "1", '{"1": 2}', "[1", "[" * 9999, '["1"]', "NaN"])
def test_a_list_in_the_environment_is_a_json_list(typed, text):
    ended = typed(env={"TABLEHOST_TYPED_SIZES": text})
    assert ended.code == 2
    assert "from TABLEHOST_TYPED_SIZES is not a" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.outcome("Exit 2: a line for each.")
def test_all_problems_are_reported_at_once(project, typed):
    project.write("tablehost.toml", '[typed]\nsize = "x"\n')
    ended = typed("--mode=medium", env={"TABLEHOST_TYPED_RATIO": "half"})
    flags = [problem.split(": ")[1] for problem in ended.json["problems"]]
    assert ended.code == 2
    assert flags == ["--size", "--ratio", "--mode"]


@pytest.mark.outcome("Exit 2: unknown keys and sections with a guess, no TOML, wrong values.")
@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[typed]\nsice = 3", "unknown key 'sice' in [typed]; did you mean size?"),
        ("[tipped]\nsize = 3", "unknown section [tipped]; did you mean typed?"),
        ("[tablehost]\nworker = 3", "unknown key 'worker' in [tablehost]; did you mean workers?"),
        ("[tablehost]\nworkers = 2.5", "2.5 from tablehost.toml [tablehost] is not an integer"),
        ("[tablehost]\nworkers = -1", "must be at least 0, got -1"),
        ("size = 3", "key 'size' is outside a section"),
        ("[typed", "tablehost.toml is not TOML"),
        (f"[typed]\nsize = {'9' * 5000}", "tablehost.toml"),
        ("typed = 3", "is outside a section"),
    ],
)
def test_a_configuration_that_says_nonsense_is_refused(project, typed, toml, said):
    project.write("tablehost.toml", toml)
    ended = typed()
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.outcome("Exit 2: what is wrong with it.")
@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (["--sice=3"], "--sice"),
        (["--size"], "--size"),
        (["stray"], "stray"),
        (["--size=3", "--size=4"], "--size"),
        (["--config=nowhere.toml"], "--config: nowhere.toml: file not found"),
        (["--workers=-1"], "must be at least 0, got -1"),
        (["--workers=many"], "'many' from --workers is not an integer"),
    ],
)
def test_a_wrong_command_line_is_refused_in_one_line(typed, tokens, said):
    ended = typed(*tokens)
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1
    assert said in ended.err


@pytest.mark.outcome("The manifest says which it was.")
def test_the_flag_wins_over_the_environment_over_the_file_over_the_default(project, typed):
    project.write("tablehost.toml", '[typed]\nsize = 1\nratio = 1\nmode = "slow"\n')
    environment = {"TABLEHOST_TYPED_SIZE": "2", "TABLEHOST_TYPED_RATIO": "2"}
    options = typed("--size", 4, env=environment).json["options"]
    assert options["size"] == {"value": 4, "from": "flag"}
    assert options["ratio"] == {"value": 2.0, "from": "env"}
    assert options["mode"] == {"value": "slow", "from": "file"}
    assert options["exact"] == {"value": False, "from": "default"}


def test_the_manifest_says_each_value_and_where_it_came_from(project, typed):
    project.write("tablehost.toml", '[typed]\nmode = "slow"\n[tablehost]\nworkers = 1\n')
    run = ("run", "typed.py", "--out", "t.parquet", "--size=4")
    ended = project.run(*run, env={"TABLEHOST_TYPED_SIZES": "[1, 2]"})
    block = project.manifest("t.parquet")["run_provenance"]
    origins = {name: block["args_from"][name] for name in ("size", "sizes", "mode", "ratio")}
    assert ended.code == 0, ended.err
    assert origins == {"size": "flag", "sizes": "env", "mode": "file", "ratio": "default"}
    assert block["args"] | {"size": 4, "sizes": [1, 2], "mode": "slow"} == block["args"]


def test_paths_in_a_configuration_start_from_its_folder(project, typed):
    project.write("deep/part.txt", "a")
    project.write("deep/my.toml", '[typed]\ntext = "part.txt"\nparts = ["a=part.txt"]\n')
    found = typed("--config", "deep/my.toml")
    assert found.code == 0, found.err
    assert found.json["options"]["text"]["value"] == "deep/part.txt"
    assert found.json["options"]["parts"]["value"] == ["a=deep/part.txt"]


def test_every_way_of_giving_a_list_gives_the_same_list(project, typed):
    flags = typed("--sizes=1", "--sizes=-2", "--depth=10").json["options"]
    env = typed(env={"TABLEHOST_TYPED_SIZES": "[1, -2]", "TABLEHOST_TYPED_DEPTH": "10"})
    project.write("tablehost.toml", "[typed]\nsizes = [1, -2]\ndepth = 10\n")
    file = typed().json["options"]
    for name, value in (("sizes", [1, -2]), ("depth", 10)):
        found = [given[name]["value"] for given in (flags, env.json["options"], file)]
        assert found == [value] * 3


@pytest.mark.outcome("Exit 2: what the value must be.")
def test_validators_speak_in_a_dry_run_and_name_the_source(typed):
    ended = typed(env={"TABLEHOST_TYPED_SIZE": "-1"})
    assert ended.code == 2
    assert "--size: 'size' must be >= 0: -1 (from TABLEHOST_TYPED_SIZE)" in ended.err


@pytest.mark.outcome("Exit 2 or 3, no traceback.")
@pytest.mark.parametrize(
    "raises", ['raise ValueError("too odd")', "raise ValueError", 'raise KeyError("odd")']
)
@pytest.mark.parametrize("place", ["__attrs_post_init__(self)", "_odd(self, field, value)"])
def test_an_error_of_any_kind_in_an_options_class_is_reported_in_a_line(project, place, raises):
    mark = "@size.validator\n    " if "_odd" in place else ""
    source = TYPED.replace(
        '"""A size."""', f'"""A size."""\n    {mark}def {place}:\n        {raises}'
    )
    project.write("b.py", source)
    ended = project.run("run", "./b.py", "--out", "t.parquet", "--dry-run")
    assert ended.code in (2, 3)
    assert "Traceback" not in ended.err
    assert "b.py" in ended.err


@pytest.mark.outcome("Exit 0; no file is made.")
def test_a_dry_run_leaves_nothing_and_runs_no_builder(project, typed):
    project.write("part.txt", "a")
    before = project.files()
    ended = typed("--text", "part.txt")
    assert ended.code == 0
    assert project.files() == before
    assert "the builder ran" not in ended.err
    assert ended.json["inputs"] == [
        {"option": "text", "path": "part.txt", "found": "file, 1 bytes"}
    ]
    assert ended.json["would"] == "make t.parquet"


@pytest.mark.outcome("Exit 2: the missing input and the output in the way.")
def test_a_dry_run_says_what_stands_in_the_way(project):
    project.write("typed.py", TYPED)
    project.write("t.parquet", "not mine")
    ended = project.run("run", "typed.py", "--out", "t.parquet", "--text=gone", "--dry-run")
    assert ended.code == 2
    assert "--text: gone does not exist" in ended.err
    assert "option   size = 3 (from default)" in ended.out


def test_a_builder_whose_options_all_have_defaults_runs_without_flags(project):
    project.write("typed.py", TYPED)
    assert project.run("run", "typed.py", "--out", "t.parquet").code == 0


def test_the_host_options_may_come_from_everywhere(project):
    project.write("typed.py", TYPED)
    project.write("conf/tablehost.toml", '[tablehost]\nout = "t.parquet"\n')
    environment = {"TABLEHOST_CONFIG": "conf/tablehost.toml", "TABLEHOST_QUIET": "true"}
    ended = project.run("run", "typed.py", env=environment)
    assert (ended.code, ended.out) == (0, "")
    assert json.loads((project.path / "conf/t.parquet.manifest.json").read_text())
