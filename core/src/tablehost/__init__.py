"""Build derived tables together with the manifest that proves how they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablehost.contract.faces import lazily

if TYPE_CHECKING:
    from tablehost.contract.build import ArrowStream, Build, Failure, Items, Session
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
    )
    from tablehost.contract.run import Results, Run
    from tablehost.files.parts import Parts, parts_of
    from tablehost.hookspecs import hookimpl
    from tablehost.manifest.read import manifest_of

__all__ = [
    "ArrowStream",
    "Build",
    "Failure",
    "Gate",
    "InputDir",
    "InputFile",
    "InputFiles",
    "ItemFailed",
    "Items",
    "Labelled",
    "ManifestError",
    "Parts",
    "Refused",
    "Results",
    "Run",
    "ScratchDir",
    "Secret",
    "Session",
    "Tool",
    "Tuning",
    "hookimpl",
    "manifest_of",
    "parts_of",
]

__getattr__ = lazily(
    __name__,
    {
        "ArrowStream": "contract.build",
        "Build": "contract.build",
        "Failure": "contract.build",
        "Gate": "contract.roles",
        "InputDir": "contract.roles",
        "InputFile": "contract.roles",
        "InputFiles": "contract.roles",
        "ItemFailed": "contract.errors",
        "Items": "contract.build",
        "Labelled": "contract.roles",
        "ManifestError": "contract.errors",
        "Parts": "files.parts",
        "Refused": "contract.errors",
        "Results": "contract.run",
        "Run": "contract.run",
        "ScratchDir": "contract.roles",
        "Secret": "contract.roles",
        "Session": "contract.build",
        "Tool": "contract.roles",
        "Tuning": "contract.roles",
        "hookimpl": "hookspecs",
        "manifest_of": "manifest.read",
        "parts_of": "files.parts",
    },
)
