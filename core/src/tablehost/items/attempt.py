"""One item: check what it reads, work, and look whether that is still the same."""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import socket
import sys
import time
import traceback
from collections.abc import Callable
from functools import cache
from typing import Any

from attrs import define, evolve

from tablehost.contract.build import Failure
from tablehost.contract.errors import Interrupted, ItemFailed
from tablehost.files.digests import ChangedWhileRead
from tablehost.files.folders import Look
from tablehost.items.copies import Copies
from tablehost.items.reading import Reading, has_changed, read, see
from tablehost.items.task import Outcome, Task, Work

_NOTHING = Reading("", ())
_CHANGED = "changed-while-read"
_HOW = "the file changed while it was read"


@define
class LoadedWork:
    """The function of a map with its settings, and what checks and encodes its results.

    Args:
        work: what was loaded.
        function: the item function.
        settings: what it is called with beside the item.
        encode: checks and encodes a result.
        modules: how many modules were imported when the code was last checked.
    """

    work: Work
    function: Callable[[Any, Any], Any]
    settings: Any
    encode: Callable[[Any], bytes]
    modules: int

    def check_imports(self) -> None:
        """Check the code again where an item has imported more of it.

        Raises:
            CodeChanged: it is not what it was when the run began.
        """
        if len(sys.modules) != self.modules:
            self.work.check_code()
            self.modules = len(sys.modules)


def load_work(work: Work) -> LoadedWork:
    """Find the item function, its settings and the type of its results.

    The function's module is imported by name, or from the builder's file.

    Raises:
        CodeChanged: it is not the code under whose digest results are kept.
    """
    from tablehost.items.results import encoder_of  # not for the start of a worker

    try:
        function, settings = _imported(work)
    finally:
        work.check_code()
    return LoadedWork(work, function, settings, encoder_of(function), len(sys.modules))


def _imported(work: Work) -> tuple[Any, Any]:
    if work.folder is not None:
        os.chdir(work.folder)
    if work.file is not None:
        from tablehost.builders.builder import load_module  # only builders of one file

        load_module(work.file)
    found: Any = importlib.import_module(work.module)
    for part in work.qualname.split("."):
        found = getattr(found, part)
    return found, pickle.loads(work.settings)  # noqa: S301  # the host's own


def attempt(work: LoadedWork, task: Task) -> Outcome:
    """Run one item; any exception that it raises is its failure.

    Raises:
        CodeChanged: it has imported other code than that under whose digest results are kept.
    """
    began = time.perf_counter()
    with Copies(task.paths, work.work.scratch) as copies:
        outcome = _attempted(work, task, copies)
    work.check_imports()
    seconds = time.perf_counter() - began
    return evolve(outcome, seconds=seconds, worker=_this_process())


def _attempted(work: LoadedWork, task: Task, copies: Copies) -> Outcome:
    looks: list[Look] = []
    reading = _NOTHING
    result: bytes | None = None
    failure: Failure | None = None
    try:
        looks += map(see, task.paths)
        reading = read(task, looks, copies)
        for one in reading.files:
            if one.checksum is not None:
                one.checksum.check()
        if reading.digest not in task.known:
            result = work.encode(work.function(copies.item(task.item), work.settings))
    except Interrupted:
        raise
    except ItemFailed as error:
        failure = Failure(task.key, error.reason, copies.named(error.detail))
    except ChangedWhileRead:
        failure = Failure(task.key, _CHANGED, _HOW)
    except Exception as error:  # noqa: BLE001  # a builder's item may raise anything
        logging.getLogger("tablehost").debug("%s", traceback.format_exc())
        failure = Failure(task.key, "error", copies.named(f"{type(error).__name__}: {error}"))
    if has_changed(task.paths, looks) and (failure is None or failure.reason != _CHANGED):
        said = f"{failure.reason}: {failure.detail}" if failure else _HOW
        result, failure = None, Failure(task.key, _CHANGED, said)
    return Outcome(
        key=task.key,
        identity=task.identity,
        result=result,
        failure=failure,
        inputs=reading.digest,
        read=reading.files,
    )


@cache
def _this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
