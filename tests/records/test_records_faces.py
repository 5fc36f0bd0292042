"""The room's public face, and what may be imported with it."""

import tablehost.records


def test_the_public_names():
    assert sorted(tablehost.records.__all__) == [
        "CsvFile",
        "MalformedLine",
        "NamedRows",
        "Records",
        "as_name",
        "first_problems",
        "known_format",
        "listed",
        "malformed_lines",
        "read_csv",
        "read_rows",
        "records_of",
    ]
    assert all(hasattr(tablehost.records, name) for name in tablehost.records.__all__)


def test_the_options_of_a_builder_import_nothing_heavy(project):
    done = project.python("""
        import sys
        from tablehost.records import MalformedLine, known_format
        import tablehost.split
        sys.exit(sum(name in sys.modules for name in ("msgspec", "numpy", "pandas", "pyarrow")))
    """)
    assert done.code == 0, done.err
