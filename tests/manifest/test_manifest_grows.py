"""A field that is added to a section, or to a builder's fields, leaves stored manifests valid."""

import json
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Union, get_args, get_origin, get_type_hints

import attrs
import jsonschema
import pytest

from tablehost.builders.load import load
from tablehost.manifest.sections import HostSections
from tablehost.options.json_schema import fields_schema

STORED = Path(__file__).parent / "stored"
BUILDERS = ("combine", "enrich", "extract_k150k")
MANIFESTS = [
    (name, json.loads(path.read_text()))
    for name in (*BUILDERS, "words")
    for path in sorted(STORED.glob(f"[0-9]*/{name}.manifest.json"))
]
ROOTS = [HostSections, *(load(name).fields_class for name in BUILDERS)]


def instances(kind, value):
    """Yield every attrs class in an annotation with each of its values; None for no value."""
    origin, arguments = get_origin(kind), get_args(kind)
    if attrs.has(kind):
        yield kind, value
        for name, inner in get_type_hints(kind).items():
            yield from instances(inner, value and value.get(name))
    elif origin in (tuple, list):
        for one in value or [None]:
            yield from instances(arguments[0], one)
    elif origin in (dict, Mapping):
        for one in (value or {None: None}).values():
            yield from instances(arguments[1], one)
    elif origin in (Union, types.UnionType):
        for arm in arguments:
            yield from instances(arm, value)


VALUES = {}
for builder, manifest in MANIFESTS:
    for root in (HostSections, load(builder).fields_class if builder in BUILDERS else HostSections):
        for found, content in instances(root, manifest):
            VALUES.setdefault(found, []).extend([content] if content else [])


def grown(cls, **metadata):
    """Add a field to a class, as a later version would."""
    later = attrs.field(type=str | None, default=None, kw_only=True, metadata=metadata)
    return attrs.make_class(cls.__name__, {"later": later}, bases=(cls,), frozen=True)


def later_classes():
    """Yield the classes of fields that no stored manifest can have: they came later."""
    for cls in VALUES:
        kinds = get_type_hints(cls)
        for field in attrs.fields(cls):
            if "since" in field.metadata:
                yield from (found for found, _ in instances(kinds[field.name], None))


def test_the_stored_manifests_have_a_value_of_almost_every_class():
    assert set(ROOTS) < VALUES.keys()
    old = VALUES.keys() - set(later_classes())
    assert sum(bool(VALUES[cls]) for cls in old) > len(old) * 0.9


@pytest.mark.parametrize("cls", VALUES, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_an_optional_field_added_to_a_class_leaves_what_is_stored_valid(cls):
    schema = fields_schema(grown(cls, since="1.1.0"))
    assert "later" in schema["properties"]
    assert schema["required"] == fields_schema(cls)["required"]
    for value in VALUES[cls]:
        jsonschema.validate(value, schema)


def test_a_field_without_a_version_is_required():
    schema = fields_schema(grown(HostSections))
    with pytest.raises(jsonschema.ValidationError, match="'later' is a required property"):
        jsonschema.validate(VALUES[HostSections][0], schema)


def test_a_builder_may_add_an_optional_field_and_its_earlier_manifests_stay_valid(
    project, word_count
):
    run = ("run", "./words.py", "--text", "one.txt", "--out")
    project.write("one.txt", "1 2")
    project.write("words.py", word_count)
    assert project.run(*run, "t.parquet").code == 0
    before = project.manifest("t.parquet")
    later = "letters: int | None = field(default=None, metadata={'since': '1.1.0'})"
    grown = word_count.replace("    lines: int = 0", f"    lines: int = 0\n    {later}")
    project.write("words.py", grown.replace("import frozen", "import field, frozen"))
    schema = project.run("schema", "./words.py").json
    assert "letters" in schema["properties"]
    jsonschema.validate(before, schema)
    assert project.run(*run, "u.parquet").code == 0
    assert project.manifest("u.parquet")["letters"] is None
