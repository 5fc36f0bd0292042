"""The fields that a builder describes its table with, and those that no manifest can have."""

import pytest

DESCRIBE = """
@frozen
class Fields:
    schema: str = "some-manifest-v1"
    number: float = 0.0
FIELDS

@hookimpl
def describe_manifest(options: Something, build: Something) -> Fields:
    return FIELDS_RETURNED
"""


def test_the_fields_of_a_builder_stand_beside_those_of_the_host(project, build):
    returned = "Fields(number=float('nan'))"
    ended = build("return table", describe=DESCRIBE, returned=returned)
    found = project.manifest("t.parquet")
    assert ended.code == 0, ended.err
    assert found["schema"] == "some-manifest-v1"
    assert found["number"] is None
    assert {"run", "table", "run_provenance"} < set(found)


@pytest.mark.outcome("Exit 3, no table.")
@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("3", "describe_manifest returned 3"),
        ("None", "describe_manifest returned None"),
        ("options", "it announces Fields, return one"),
        ("Fields(schema='other')", "its manifest at $.schema is wrong"),
        ("Fields(number='many')", "its manifest at $.number is wrong"),
        ("1 / 0", "failed in describe_manifest: ZeroDivisionError"),
    ],
)
def test_fields_that_do_not_fit_are_named_in_a_line(project, build, returned, said):
    ended = build("return table", describe=DESCRIBE, returned=returned)
    assert ended.code == 3, ended.err
    assert said in ended.err
    assert "b (" in ended.err
    assert "Traceback" not in ended.err
    assert "t.parquet" not in project.files()


@pytest.mark.outcome("Exit 3: the field.")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("    run: int = 3", "its manifest field 'run' is tablehost's own"),
        ("    table: int = 3", "its manifest field 'table' is tablehost's own"),
        ("    odd: bytes = b''", "has the type <class 'bytes'>, which JSON cannot"),
    ],
)
def test_fields_that_no_manifest_can_have_are_refused_before_any_work(build, fields, said):
    ended = build("raise ValueError('days of work')", describe=DESCRIBE, fields=fields)
    assert ended.code == 3
    assert said in ended.err
    assert "days of work" not in ended.err


@pytest.mark.outcome("Exit 2: all its problems.")
def test_a_refusal_instead_of_a_description_says_that_no_table_was_written(project, build):
    refuses = "(_ for _ in ()).throw(Refused(['this']))"
    ended = build("return table", describe=DESCRIBE, returned=refuses)
    assert ended.code == 2, ended.err
    assert ended.err.endswith("): this; no table was written\n")
    assert "t.parquet" not in project.files()
