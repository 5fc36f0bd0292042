import pytest

KEEPER = '''
from attrs import frozen
from tablehost import Build, ItemFailed, Run, Secret, hookimpl

@frozen
class Options:
    """Keep a secret, or try not to."""
    token: Secret[str]
    """The secret."""
    leak: str = "nothing"
    """How it is given away."""

@frozen
class Settings:
    token: Secret[str]

@frozen
class Row:
    number: int

def work(item: str, settings: Settings) -> Row:
    if item == "fail":
        raise ItemFailed("refused", f"the server took no {settings.token}")
    if item == "raise":
        raise KeyError(settings.token)
    return Row(1)

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    if options.leak == "log":
        run.log.warning("the token is %s", options.token)
    rows = list(run.map(work, ["a", options.leak], key=str, settings=Settings(options.token)))
    if options.leak == "error":
        raise KeyError(options.token)
    return pa.table({"number": [row.number for row in rows]})
'''


@pytest.mark.outcome("In success, failure and traceback, from flag and environment.")
@pytest.mark.parametrize(
    ("leak", "how", "code"),
    [
        ("nothing", "flag", 0),
        ("log", "env", 0),
        ("error", "flag", 3),
        ("fail", "env", 1),
        ("raise", "flag", 1),
    ],
)
def test_a_secret_is_in_no_file_and_in_no_stream(project, leak, how, code):
    secret = 'hun"ter\\2é'  # noqa: S105
    project.write("keeper.py", KEEPER)
    flag = [f"--token={secret}"] if how == "flag" else []
    environment = {"TABLEHOST_KEEPER_TOKEN": secret} if how == "env" else {}
    command = ("run", "./keeper.py", "--out", "t.parquet", "--leak", leak, "--workers", 1)
    ended = project.run(*command, "--verbose", *flag, env=environment)
    spellings = {secret, repr(secret)[1:-1], secret.replace("\\", "\\\\").replace('"', '\\"')}
    texts = [ended.out.encode(), ended.err.encode()]
    texts += [(project.path / name).read_bytes() for name in project.files()]
    assert ended.code == code, ended.err
    assert not [text for text in texts if any(one.encode() in text for one in spellings)]


@pytest.mark.outcome("Exit 3 with `<redacted>`, in the traceback too.")
@pytest.mark.parametrize(
    ("command", "how"),
    [("run", "flag"), ("run", "env"), ("run", "file"), ("schema", "env")],
)
def test_a_secret_in_an_error_of_the_import_is_not_shown(project, command, how):
    secret = "hunter2"  # noqa: S105
    project.write("keeper.py", f'raise ValueError("no access with {secret}")\n')
    if how == "file":
        project.write("tablehost.toml", f'[keeper]\ntoken = "{secret}"\n')
    flag = [f"--token={secret}", "--out", "t.parquet"] if how == "flag" else []
    environment = {"TABLEHOST_KEEPER_TOKEN": secret} if how == "env" else {}
    ended = project.run(command, "./keeper.py", *flag, env=environment)
    shown = project.run(command, "./keeper.py", *flag, "--verbose", env=environment)
    assert ended.code == 3, ended.err
    assert "ValueError: no access with <redacted>. Repair" in ended.err
    assert secret not in ended.out + ended.err + shown.out + shown.err


@pytest.mark.outcome("Exit 2 with `<redacted>`.")
def test_a_secret_of_the_wrong_kind_is_not_shown(project):
    project.write(
        "keeper.py", KEEPER.replace('token: Secret[str]\n    "', 'token: Secret[int]\n    "')
    )
    ended = project.run("run", "./keeper.py", "--out", "t.parquet", "--token=hunter2", "--dry-run")
    assert ended.code == 2
    assert "<redacted> from --token is not an integer" in ended.err
    assert "hunter2" not in ended.out + ended.err


@pytest.mark.outcome("Names only.")
def test_the_manifest_says_what_is_redacted(project):
    project.write("keeper.py", KEEPER)
    project.run("run", "./keeper.py", "--out", "t.parquet", "--token=hunter2")
    block = project.manifest("t.parquet")["run_provenance"]
    assert block["args"] == {"token": "<redacted>", "leak": "nothing"}
    assert block["redacted"] == ["token"]
    assert "--token=<redacted>" in block["argv"]
