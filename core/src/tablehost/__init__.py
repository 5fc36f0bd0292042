"""Build derived tables together with the manifest that proves how they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablehost.contract.faces import lazily

if TYPE_CHECKING:
    from tablehost.contract.build import ArrowStream, Build, Failure, Items, Session, View
    from tablehost.contract.checksums import Checksums
    from tablehost.contract.errors import ItemFailed, ManifestError, Refused
    from tablehost.contract.roles import (
        Gate,
        InputDir,
        InputFile,
        InputFiles,
        Labelled,
        ScratchDir,
        Secret,
        Tool,
        Tuning,
        Was,
    )
    from tablehost.contract.run import Results, Run
    from tablehost.files.checksums import read_checksums
    from tablehost.files.parts import Parts, parts_of
    from tablehost.hookspecs import hookimpl
    from tablehost.manifest.read import manifest_of

__all__ = [
    "ArrowStream", "Build", "Checksums", "Failure", "Gate", "InputDir", "InputFile", "InputFiles",
    "ItemFailed", "Items", "Labelled", "ManifestError", "Parts", "Refused", "Results", "Run",
    "ScratchDir", "Secret", "Session", "Tool", "Tuning", "View", "Was", "hookimpl", "manifest_of",
    "parts_of", "read_checksums",
]  # fmt: skip

_HOMES = {
    "contract.build": "ArrowStream Build Failure Items Session View",
    "contract.checksums": "Checksums",
    "contract.errors": "ItemFailed ManifestError Refused",
    "contract.roles": (
        "Gate InputDir InputFile InputFiles Labelled ScratchDir Secret Tool Tuning Was"
    ),
    "contract.run": "Results Run",
    "files.checksums": "read_checksums",
    "files.parts": "Parts parts_of",
    "hookspecs": "hookimpl",
    "manifest.read": "manifest_of",
}
__getattr__ = lazily(
    __name__, {name: home for home, names in _HOMES.items() for name in names.split()}
)
