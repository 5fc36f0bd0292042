"""`tablehost schema`: the JSON Schema of a builder's options or manifest."""

from __future__ import annotations

from json import dumps

from tablehost.builders.load import check, load
from tablehost.contract.errors import UsageError


def schema(
    builder: str, /, *, options: bool = False, manifest: bool = False, json: bool = False
) -> int:
    """Print the JSON Schema (2020-12) of a builder's manifest, or of its options.

    Args:
        builder: The builder's name, or the path of its file.
        options: The schema of its options.
        manifest: The schema of its manifest; the default.
        json: Accepted by every command; a schema is always JSON.
    """
    from tablehost.manifest.write import manifest_schema  # cattrs
    from tablehost.options.json_schema import options_schema

    del json
    if options and manifest:
        msg = "--options and --manifest cannot be combined; give one of them"
        raise UsageError(msg)
    loaded = load(builder)
    if options:
        found = options_schema(loaded.options_class)
    else:
        check(loaded)
        found = manifest_schema(loaded.fields_class)
    print(dumps(found, indent=2, sort_keys=True))
    return 0
