"""What a disk may hold after a power cut: a run's operations, replayed onto a model of a disk.

The model is as strict as POSIX allows: content is on the disk once its file was synced, and a name
(made, renamed or removed) once its folder was.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from attrs import define, field, frozen

_WRITING = ("write", "pwrite64", "ftruncate", "rename", "unlink", "rmdir", "mkdir")
_KNOWN = ("open", "openat", *_WRITING, "fsync", "fdatasync")
_UNKNOWN = (
    *("creat", "writev", "pwritev", "pwritev2", "truncate", "fallocate", "copy_file_range"),
    *("sendfile", "splice", "renameat", "renameat2", "unlinkat", "mkdirat", "link", "linkat"),
    *("symlink", "symlinkat", "sync_file_range"),
)
_LINE = re.compile(r"(\d+) +([\d.]+) (\w+)\((.*)\) += (\d+)(?:<(.*)>)?")
_PART = re.compile(r"(\d+) +[\d.]+ (<\.\.\. \w+ resumed>)?(.*?)( <unfinished \.\.\.>)?")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')

State = Mapping[str, bytes | None]
"""The files of a folder with their content, and folders in it with None."""
OUTCOMES = ("only what was synced", "everything", "names without unsynced content")


@frozen
class Operation:
    """A call that changes a folder, or syncs what is in it.

    Args:
        at: when it was made, in seconds.
        name: of the call.
        paths: in the folder; of a descriptor, that which it had at the call.
        number: the descriptor, if any.
        data: what was written, or the flags of an open.
        size: the offset of a write, or the new length.
    """

    at: float
    name: str
    paths: tuple[str, ...]
    number: int | None = None
    data: bytes = b""
    size: int | None = None


def recorded(project, tokens: list[str], **environment: str) -> list[Operation]:
    """Run `tablehost` under strace, and return what it did in the project's folder."""
    log = project.path.with_name(f"{project.path.name}.strace")
    calls = ",".join((*_KNOWN, *_UNKNOWN))
    command = ["strace", "-f", "-qq", "-ttt", "-y", "-xx", "-s", "100000000", "--seccomp-bpf"]
    subprocess.run(
        [*command, "-e", f"trace={calls}", "-o", log, sys.executable, "-m", "tablehost", *tokens],
        cwd=project.path,
        env=project.environment | project.without_pandas | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=True,
    )
    return list(_operations(log.read_text(), project.path))


def _operations(log: str, folder: Path) -> Iterator[Operation]:
    for line in _whole_lines(log):
        match = _LINE.fullmatch(line)
        if match is None:  # it failed, or is no call
            continue
        at, name, arguments, returned, opened = match.groups()[1:]
        number, texts = None, [_bytes(one) for one in _STRING.findall(arguments)]
        if name in ("open", "openat"):
            number, paths, data = int(returned), [opened], arguments.encode()
        elif descriptor := re.match(r"(\d+)<([^>]*)>", arguments):
            number, paths, data = int(descriptor[1]), [descriptor[2]], b"".join(texts)
        else:
            paths, data = [os.fsdecode(folder / os.fsdecode(one)) for one in texts], b""
        inside = [_inside(os.fsdecode(_bytes(one)), folder) for one in paths]
        if any(one is None or one.startswith(".cache") for one in inside):
            continue
        assert name not in _UNKNOWN, f"the model does not know {line[:200]}"
        size = re.search(r", (\d+)$", arguments)
        last = int(size[1]) if size and name in ("pwrite64", "ftruncate") else None
        yield Operation(float(at), name, tuple(inside), number, data, last)


def _whole_lines(log: str) -> Iterator[str]:
    """Yield each call in one piece, where it has returned."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        thread, resumed, text, unfinished = _PART.fullmatch(line).groups()
        if unfinished:
            begun[thread] = line.removesuffix(unfinished)
        else:
            yield begun.pop(thread) + text if resumed else line


def _bytes(text: str) -> bytes:
    return re.sub(rb"\\x(..)", lambda one: bytes.fromhex(one[1].decode()), text.encode())


def _inside(path: str, folder: Path) -> str | None:
    if path == str(folder):
        return "."
    return path.removeprefix(f"{folder}/") if path.startswith(f"{folder}/") else None


@define(eq=False)
class _File:
    now: bytes
    synced: bytes = b""


@define
class Disk:
    """A folder of which names and content may be in the system's cache or on the disk.

    Args:
        names: as every process sees them; None is a folder.
        synced: those that are on the disk.
        offsets: how far each open file was written.
    """

    names: dict[str, _File | None]
    synced: dict[str, _File | None]
    offsets: dict[tuple[int, int], int] = field(factory=dict)

    @classmethod
    def of(cls, state: State) -> Disk:
        """Return a disk that has a folder's files."""
        names = {path: None if data is None else _File(data, data) for path, data in state.items()}
        return cls(names, dict(names))

    def states(self) -> tuple[State, State, State]:
        """Return what may be found after a power cut, by `OUTCOMES`."""
        return (
            _reachable({path: one and one.synced for path, one in self.synced.items()}),
            {path: one and one.now for path, one in self.names.items()},
            {path: one and one.synced for path, one in self.names.items()},
        )

    def do(self, one: Operation) -> None:
        """Do what a process did."""
        path = one.paths[0]
        match one.name:
            case "open" | "openat":
                self._open(one, path)
            case "write" | "pwrite64":
                self._write(one, self.names[path])
            case "ftruncate":
                file = self.names[path]
                file.now = file.now[: one.size].ljust(one.size, b"\0")
            case "rename":
                self.names[one.paths[1]] = self.names.pop(path)
            case "unlink" | "rmdir":
                del self.names[path]
            case "mkdir":
                self.names[path] = None
            case "fsync" | "fdatasync":
                self._sync(path)

    def _open(self, one: Operation, path: str) -> None:
        if b"O_CREAT" in one.data and path not in self.names:
            self.names[path] = _File(b"")
        file = self.names.get(path)
        if file is not None:
            self.offsets[one.number, id(file)] = 0
            if b"O_TRUNC" in one.data:
                file.now = b""

    def _write(self, one: Operation, file: _File) -> None:
        place = (one.number, id(file))
        at = self.offsets[place] if one.size is None else one.size
        if one.size is None:
            self.offsets[place] = at + len(one.data)
        file.now = file.now[:at].ljust(at, b"\0") + one.data + file.now[at + len(one.data) :]

    def _sync(self, path: str) -> None:
        file = self.names.get(path)
        if file is not None:
            file.synced = file.now
            return
        for name in [name for name in self.synced if _parent(name) == path]:
            del self.synced[name]
        self.synced |= {name: one for name, one in self.names.items() if _parent(name) == path}


def _parent(path: str) -> str:
    return str(PurePosixPath(path).parent)


def _reachable(state: State) -> State:
    """Leave out what is in folders whose own name is not there."""
    gone = {path for path in map(_parent, state) if path != "." and path not in state}
    return {path: data for path, data in state.items() if _parent(path) not in gone}


def state_of(folder: Path) -> State:
    """Read a folder, without what needs not survive: caches, and SQLite's shared memory."""
    found = {str(one.relative_to(folder)): one for one in sorted(folder.rglob("*"))}
    return {
        name: None if path.is_dir() else path.read_bytes()
        for name, path in found.items()
        if ".cache" not in name and "__pycache__" not in name and not name.endswith("-shm")
    }


def put(state: State, folder: Path) -> None:
    """Make a folder what a state is."""
    for path in folder.iterdir():
        if path.is_dir() and path.name != ".cache":
            shutil.rmtree(path)
        elif path.name != ".cache":
            path.unlink()
    for name, data in sorted(state.items()):
        if data is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(data)
