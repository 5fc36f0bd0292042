"""A batch of items on another host: what is sent there, checked there, and how it is worked on.

Only bytes go through the engine. They are opened here, and items in the processes beneath, so that
neither the scheduler nor a worker needs a class that it does not have.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import multiprocessing
import pickle
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread

from attrs import evolve, frozen

from tablehost.builders.locate import installed_file
from tablehost.contract.errors import TablehostError
from tablehost.files.digests import file_digest
from tablehost.files.own import tablehost_digest
from tablehost.items.task import CodeChanged, Outcome, Task, Work
from tablehost.items.workers import Workers
from tablehost.objects.path import ObjectPath

_MISSING = "missing"
_PAUSE = 1.0  # seconds that a batch waits on a worker that gave one back: others shall have it
_ENDING_SECONDS = 5.0
_UNUSED_SECONDS = 60.0
_LOADED = tablehost_digest()  # by this process, which may be older than what is on the disk
_HOST = socket.gethostname()
_PYTHON, _TABLEHOST, _MODULE, _FILE = "Python", "tablehost", "module ", "file "


@frozen
class Sent:
    """A work on its way to other hosts.

    Args:
        work: whose paths are those of this host.
        sources: the files of a builder of one file, by their names in its folder.
        code: the sha256 of these, where they make the items.
        alike: what must be the same there, by what it is.
    """

    work: Work
    sources: Mapping[str, bytes]
    code: Mapping[str, str]
    alike: Mapping[str, str]

    @classmethod
    def of(cls, work: Work) -> Sent:
        """Pack a work.

        Raises:
            CodeChanged: a source file is not what it was when the run began.
        """
        folder = work.file.parent if work.file else None
        beside = {path: str(path.relative_to(folder)) for path in work.needs.builder if folder}
        code: dict[str, str] = {}
        alike = {_PYTHON: _python(), _TABLEHOST: _tablehost(_LOADED)}
        for name, path in work.needs.modules.items():
            if folder and path == folder / name:
                beside[path], code[name] = name, work.code[path]
            else:
                alike[_MODULE + name] = work.code[path]
        for path, sha256 in work.needs.contents.items():
            if not isinstance(path, ObjectPath):  # which is the same from everywhere
                alike[f"{_FILE}{path.absolute()}"] = sha256
        digests = {**work.needs.builder, **work.code}
        sources = {name: _unchanged(path, digests[path]) for path, name in beside.items()}
        return cls(evolve(work, folder=Path.cwd()), sources, code, alike)


@frozen
class Done:
    """A batch that was worked on.

    Args:
        outcomes: of its items.
        seconds: that it took.
        host: the name of the host.
        versions: of Python, tablehost and the packages there.
    """

    outcomes: list[Outcome]
    seconds: float
    host: str
    versions: Mapping[str, str]


def run_batch(run: str, sent: bytes, batch: bytes) -> bytes | str:
    """Work on a batch of tasks.

    Args:
        run: names the map.
        sent: the work, a `Sent`.
        batch: the tasks.

    Returns:
        A `Done`; or why this worker cannot work on it, and gives it back.
    """
    with _lock:
        if run not in _sites:
            _forget_others()
            _sites[run] = Site()
        site = _sites[run]
    return site.answer(sent, batch)


def end_run(run: str) -> None:
    """Kill what is under way of a map, and let go of all that this worker has of it."""
    with _lock:
        site = _sites.setdefault(run, Site())
    Thread(target=site.end).start()  # at once: the engine needs this thread


class Site:
    """What one worker of an engine has of one map."""

    def __init__(self) -> None:
        self.ended = False
        self.used = time.monotonic()
        self._lock = Lock()
        self._work: Work | None = None
        self._versions: Mapping[str, str] = {}
        self._refusal = ""
        self._gave_back = False
        self._folder: TemporaryDirectory[str] | None = None
        self._idle: list[Workers] = []
        self._busy: list[Workers] = []

    def answer(self, sent: bytes, batch: bytes) -> bytes | str:
        """Return a `Done`, or why the batch is given back."""
        if self._gave_back:
            time.sleep(_PAUSE)
        began = time.perf_counter()
        try:
            with self._lock:
                self.used = time.monotonic()
                if self._work is None and not self._refusal:
                    self._settle(pickle.loads(sent))  # noqa: S301  # the host's own
            if self._work is None:
                self._gave_back = True
                return self._refusal
            outcomes = self._worked_on(self._work, pickle.loads(batch))  # noqa: S301  # likewise
        except Exception as error:  # noqa: BLE001  # another worker may have what is missing here
            said = str(error) if isinstance(error, TablehostError) else repr(error)
            self._refusal, self._work, self._gave_back = f"{_HOST}: {said}", None, True
            return self._refusal
        self._gave_back = bool(outcomes) and all(map(is_unseen, outcomes))
        seconds = time.perf_counter() - began
        return pickle.dumps(Done(outcomes, seconds, _HOST, self._versions))

    def end(self) -> None:
        """Kill what is under way, and remove the folder of the sources."""
        self.ended = True
        until = time.monotonic() + _ENDING_SECONDS
        while self._busy and time.monotonic() < until:
            for crew in [*self._busy]:
                crew.interrupt()
            time.sleep(0.02)
        self.close()

    def close(self) -> bool:
        """Let go of the processes and the folder, unless they are in use."""
        with self._lock:
            if self._busy:
                return False
            while self._idle:
                self._idle.pop().stop()
            if self._folder is not None:
                self._folder.cleanup()
            return True

    def _settle(self, sent: Sent) -> None:
        """Check what must be the same here, and put the sources where they can be imported."""
        importlib.invalidate_caches()
        here = {what: _here(what) for what in sent.alike}
        other = [
            f"{what} is {_short(here[what])} there and {_short(value)} here"
            for what, value in sent.alike.items()
            if value != here[what]
        ]
        if other:
            self._refusal = f"{_HOST}: {'; '.join(other)}"
            return
        self._folder = TemporaryDirectory(prefix="tablehost-")
        folder = Path(self._folder.name)
        for name, source in sent.sources.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(source)
        code = {folder / name: sha256 for name, sha256 in sent.code.items()}
        for what in sent.alike:
            if what.startswith(_MODULE) and (path := installed_file(what.removeprefix(_MODULE))):
                code[path] = sent.alike[what]
        work = sent.work
        file = folder / work.file.name if work.file else None
        cwd = work.folder if work.folder and work.folder.is_dir() else folder
        # The nanny of a worker makes it a daemon, which may start no process; ours end with it.
        multiprocessing.current_process().daemon = False
        self._versions = _versions(work.needs.packages)
        self._work = evolve(work, file=file, code=code, folder=cwd, scratch=folder)

    def _worked_on(self, work: Work, tasks: list[Task]) -> list[Outcome]:
        with self._lock:
            crew = self._idle.pop() if self._idle else Workers(1)
            self._busy.append(crew)
        try:
            return [one for some in crew.run(work, self._until_end(tasks)) for one in some]
        except BaseException:
            crew.stop()
            raise
        finally:
            if self.ended:
                crew.stop()
            with self._lock:
                self._busy.remove(crew)
                self._idle.append(crew)
                self.used = time.monotonic()

    def _until_end(self, tasks: list[Task]) -> Iterator[Task]:
        for task in tasks:
            if self.ended:
                return
            yield task


_sites: dict[str, Site] = {}
_lock = Lock()


def _forget_others() -> None:
    """Let go of what was not used for a while: a host that was killed did not say that it ends."""
    for run, site in [*_sites.items()]:
        if time.monotonic() - site.used > _UNUSED_SECONDS and site.close():
            del _sites[run]


def is_unseen(outcome: Outcome) -> bool:
    """Return whether an item failed since its file is not there, or not on this host."""
    return outcome.failure is not None and outcome.failure.reason in ("vanished", "dangling-link")


def _here(what: str) -> str:
    """Return what something is on this host."""
    if what == _PYTHON:
        return _python()
    if what == _TABLEHOST:
        now = tablehost_digest()
        return _tablehost(now) if now == _LOADED else "another since this worker was started"
    path = Path(what.removeprefix(_FILE)) if what.startswith(_FILE) else None
    path = path or installed_file(what.removeprefix(_MODULE))
    try:
        return file_digest(path).sha256 if path else _MISSING
    except OSError:
        return _MISSING


def _python() -> str:
    return ".".join(map(str, sys.version_info[:2]))


def _tablehost(digest: str) -> str:
    return f"{metadata.version('tablehost')} {digest}"


def _short(value: str) -> str:
    """Shorten the digest at the end of a value."""
    *before, last = value.split(" ")
    return " ".join([*before, last[:12] if len(last) > 60 else last])  # noqa: PLR2004


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    found = {"python": sys.version.partition(" ")[0]}
    for name in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _unchanged(path: Path, sha256: str) -> bytes:
    source = path.read_bytes()
    if hashlib.sha256(source).hexdigest() != sha256:
        msg = f"{path} has changed"
        raise CodeChanged(msg)
    return source
