"""Build derived tables together with the manifest that proves how they were made."""

from tablehost.build import ArrowStream, Build, Failure, Items, Session
from tablehost.errors import ItemFailed, Refused
from tablehost.hookspecs import hookimpl
from tablehost.roles import Gate, InputDir, InputFile, Labelled, ScratchDir, Secret, Tool, Tuning
from tablehost.run import Run

__all__ = [
    "ArrowStream",
    "Build",
    "Failure",
    "Gate",
    "InputDir",
    "InputFile",
    "ItemFailed",
    "Items",
    "Labelled",
    "Refused",
    "Run",
    "ScratchDir",
    "Secret",
    "Session",
    "Tool",
    "Tuning",
    "hookimpl",
]
