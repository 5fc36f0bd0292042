"""Manifests of every release, and those of upstream's scripts, are still read.

`stored/<version>` holds, of each builder, a manifest that this version wrote, and its schema as
`tablehost schema BUILDER` printed it. Nothing in it changes once the version is released.
"""

import json
from importlib.metadata import version
from pathlib import Path

import jsonschema
import pytest

from tablehost.cli import execute
from tablehost.manifest import read as manifest
from tablehost.manifest.write import to_json

STORED = Path(__file__).parent / "stored"
RELEASED = sorted(STORED.glob("[0-9]*/*.manifest.json"))
SCHEMAS = sorted(STORED.glob("[0-9]*/*.schema.json"))
UPSTREAM = sorted(STORED.glob("upstream/*.manifest.json"))


def builder_of(stored):
    return stored.name.partition(".")[0]


def over(paths):
    names = [f"{path.parent.name}-{builder_of(path)}" for path in paths]
    return pytest.mark.parametrize("stored", paths, ids=names)


@pytest.fixture(scope="module")
def schemas(tmp_path_factory, new_project, word_count):
    """Print the schema of every builder, and of one of a file, as it is today."""
    project = new_project(tmp_path_factory.mktemp("schemas"))
    project.write("words.py", word_count)
    names = [one["name"] for one in project.run("plugins", "--json").json]
    own = {name: project.run("schema", name).json for name in names}
    return own | {"words": project.run("schema", "./words.py").json}


@pytest.fixture
def show(tmp_path, capsys):
    """Show a table that has a manifest of this content and name."""

    def show(content, name="t.parquet.manifest.json"):
        (tmp_path / name).write_text(content)
        return execute(["show", str(tmp_path / "t.parquet")]), capsys.readouterr()

    return show


@over(RELEASED)
def test_a_manifest_of_every_release_fits_the_schema_of_today(stored, schemas):
    jsonschema.validate(json.loads(stored.read_text()), schemas[builder_of(stored)])


@over(RELEASED)
def test_a_manifest_of_every_release_is_shown(stored, show):
    found = json.loads(stored.read_text())
    code, said = show(stored.read_text())
    assert code == 0
    assert f"schema   {found['schema']}\n" in said.out
    assert f"rows     {found['table']['rows']}\n" in said.out
    assert f"status   {found['run']['status']}\n" in said.out


@pytest.mark.parametrize("name", ["t.parquet.manifest.json", "t.manifest.json"])
@over(UPSTREAM)
def test_what_upstream_wrote_is_shown_under_either_name(stored, name, show):
    found = json.loads(stored.read_text())
    code, said = show(stored.read_text(), name)
    assert code == 0
    assert f"schema   {found['schema']}\n" in said.out
    for option in found["run_provenance"]["inputs"]:
        assert f"input    {option}: " in said.out


@over([*RELEASED, *UPSTREAM])
def test_unknown_keys_survive_a_read_and_a_write(stored, tmp_path):
    found = json.loads(stored.read_text())
    found["later"] = [{"deep": [None, 0.1, 2**70, "ü"]}]
    found["run_provenance"]["later"] = {"": True}
    path = tmp_path / "t.manifest.json"
    path.write_text(json.dumps(found))
    path.write_text(to_json(manifest.read(path)))
    assert manifest.read(path) == found


@over([*RELEASED, *UPSTREAM])
def test_a_newer_major_is_refused_with_a_sentence(stored, show):
    code, said = show(stored.read_text().replace("ai-run-provenance-v1", "ai-run-provenance-v2"))
    assert code == 2
    assert "has ai-run-provenance-v2, newer than this tablehost reads (v1)" in said.err
    assert said.err.endswith("; update tablehost\n")


def test_the_schemas_of_this_version_are_the_stored_ones(schemas):
    folder = STORED / version("tablehost")
    for name, schema in schemas.items():
        stored = json.loads((folder / f"{name}.schema.json").read_text())
        assert stored == schema, f"if it is meant, store what `tablehost schema {name}` prints"


@over(SCHEMAS)
def test_a_schema_has_lost_nothing_since_any_release(stored, schemas):
    assert not list(losses(json.loads(stored.read_text()), schemas[builder_of(stored)]))


def losses(old, new, where="$"):
    """Yield where a schema refuses what an older one took: additions are free, all else is not."""
    if where.endswith(".required"):
        yield from (f"{where}: {name}" for name in set(new or ()) - set(old))
    elif isinstance(old, dict) and isinstance(new, dict):
        if not where.endswith(".properties"):
            yield from (f"{where}.{key}" for key in new.keys() - old.keys())
        for key, value in old.items():
            yield from losses(value, new.get(key), f"{where}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, value in enumerate(old):
            yield from losses(value, new[at], f"{where}[{at}]")
    elif old != new:
        yield where


RUN = {
    "properties": {
        "status": {"enum": ["complete", "partial"]},
        "rows": {"type": "integer"},
        "parent": {"anyOf": [{"properties": {"id": {"type": "string"}}}, {"type": "null"}]},
    },
    "required": ["rows"],
}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"rows": {"type": "integer"}', '"rows": {"type": "integer"}, "more": {}', []),
        ('["rows"]', "[]", []),
        ('"rows": {"type": "integer"}, ', "", ["$.properties.rows"]),
        ('"integer"', '"string"', ["$.properties.rows.type"]),
        ('["rows"]', '["rows", "status"]', ["$.required: status"]),
        ('["complete", "partial"]', '["complete"]', ["$.properties.status.enum"]),
        ('"integer"', '"integer", "minimum": 1', ["$.properties.rows.minimum"]),
        ('{"id": {"type": "string"}}', "{}", ["$.properties.parent.anyOf[0].properties.id"]),
    ],
)
def test_what_a_schema_loses_is_seen_and_what_it_gains_is_free(old, new, said):
    text = json.dumps(RUN)
    assert old in text
    assert list(losses(RUN, json.loads(text.replace(old, new)))) == said
