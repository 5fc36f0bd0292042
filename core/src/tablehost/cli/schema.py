"""`tablehost schema`: the JSON Schema of a builder's options or manifest."""

from __future__ import annotations

import json
from typing import Annotated

from cyclopts import Parameter

from tablehost.builders.load import load
from tablehost.contract.errors import UsageError


def schema(
    builder: str,
    /,
    *,
    options: Annotated[bool, Parameter(negative=())] = False,
    manifest: Annotated[bool, Parameter(negative=())] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Print the JSON Schema (2020-12) of a builder's manifest, or of its options.

    Args:
        builder: The builder's name, or the path of its file.
        options: The schema of its options.
        manifest: The schema of its manifest; this is what is printed if neither is asked for.
        as_json: Accepted everywhere; a schema is JSON anyway.
    """
    from tablehost.manifest.write import manifest_schema  # cattrs
    from tablehost.options.json_schema import options_schema

    del as_json
    if options and manifest:
        msg = "--options and --manifest are two schemas; ask for one"
        raise UsageError(msg)
    loaded = load(builder)
    found = (
        options_schema(loaded.options_class) if options else manifest_schema(loaded.fields_class)
    )
    print(json.dumps(found, indent=2, sort_keys=True))
    return 0
