"""Build derived tables together with the manifest that proves how they were made."""

from tablehost.build import ArrowStream, Build, Failure, Items, Session
from tablehost.errors import ItemFailed, Refused
from tablehost.hookspecs import hookimpl
from tablehost.parts import Parts, parts_of
from tablehost.roles import (
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
from tablehost.run import Run

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
    "Parts",
    "Refused",
    "Run",
    "ScratchDir",
    "Secret",
    "Session",
    "Tool",
    "Tuning",
    "hookimpl",
    "parts_of",
]
