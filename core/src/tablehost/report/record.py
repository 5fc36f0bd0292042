"""What a manifest records of how its table was made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from tablehost.console.text import counted, shell_line
from tablehost.contract.names import flag_of
from tablehost.manifest.read import Manifest, dig, folder_digest
from tablehost.report.words import LONGEST_VALUE, clipped, moment, size

_MOST_INPUTS: Final = 200
_OWN: Final = ("run", "table", "run_provenance")


@frozen(kw_only=True)
class Input:
    """An input as it is recorded."""

    option: str
    label: str
    path: str
    kind: str
    size: str
    digest: str


@frozen(kw_only=True)
class Option:
    """An option, its value, and where that came from."""

    name: str
    value: str
    origin: str


@frozen(kw_only=True)
class Record:
    """What a manifest records; what it lacks is left out.

    Args:
        inputs: in the order of the options.
        more_inputs: how many others there are.
        identity: digests, by what they are of; these can be copied.
        facts: what else there is to say of the table.
        place: the code and the machine.
        host: the version of tablehost, and the digest of its code.
        command: that made it.
        options: all of them.
        packages: with their versions.
        fields: what the builder itself records, as JSON.
    """

    inputs: tuple[Input, ...]
    more_inputs: int
    identity: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    place: tuple[tuple[str, str], ...]
    command: str
    options: tuple[Option, ...]
    packages: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]


def record_of(manifest: Manifest) -> Record:
    """Return what a manifest records."""
    inputs = list(_inputs(manifest))
    args, origins = manifest.args or {}, manifest.args_from or {}
    own = {name: one for name, one in manifest.content.items() if name not in _OWN}
    return Record(
        inputs=tuple(inputs[:_MOST_INPUTS]),
        more_inputs=max(0, len(inputs) - _MOST_INPUTS),
        identity=tuple((name, one) for name, one in _identity(manifest) if one),
        facts=tuple((name, one) for name, one in _facts(manifest) if one),
        place=tuple((name, one) for name, one in _place(manifest) if one),
        command=_command(manifest),
        options=tuple(
            Option(name=flag_of(str(name)), value=_json(value), origin=_origin(origins, name))
            for name, value in args.items()
        ),
        packages=tuple(
            f"{clipped(name)} {clipped(version)}"
            for name, version in (manifest.packages or {}).items()
        ),
        fields=tuple((clipped(name), _json(value)) for name, value in own.items()),
    )


def _origin(origins: Mapping[str, Any], name: str) -> str:
    return str(origins.get(name, ""))


def _inputs(manifest: Manifest) -> Iterator[Input]:
    for name, described in (manifest.inputs or {}).items():
        for one in described if isinstance(described, list) else [described]:
            if isinstance(one, dict):
                yield _input(name, one)


def _input(name: str, one: dict[str, Any]) -> Input:
    kind = str(one.get("kind") or "")
    files = one.get("files")
    if kind == "observed":
        digest, path = str(one.get("version") or ""), one.get("uri")
    else:
        digest, path = folder_digest(one) or "", one.get("path")
    return Input(
        option=flag_of(str(name)),
        label=clipped(one.get("label") or ""),
        path=clipped(path or "", 300),
        kind=f"{kind}, {counted(files, 'file')}" if isinstance(files, int) else kind,
        size=size(one.get("bytes")),
        digest=digest,
    )


def _identity(manifest: Manifest) -> Iterator[tuple[str, str | None]]:
    yield "file sha256", manifest.sha256
    yield "rows digest", manifest.rows_digest
    yield "recipe", manifest.table_recipe
    yield "run", manifest.run_id


def _facts(manifest: Manifest) -> Iterator[tuple[str, str]]:
    yield "key", ", ".join(map(clipped, manifest.key or ()))
    yield "written by", clipped(dig(manifest.table, "writer") or "", LONGEST_VALUE)
    invariants = dig(manifest.table, "invariants")
    known = [one for one in invariants or () if isinstance(one, dict)]
    if known and all(one.get("ok") is True for one in known):
        yield "invariants", f"{len(known)} hold: {', '.join(_name(one) for one in known)}"
    elif known:
        broken = [_name(one) for one in known if one.get("ok") is not True]
        yield "invariants", f"broken: {', '.join(broken)}"


def _name(invariant: Mapping[str, Any]) -> str:
    return clipped(invariant.get("name") or "", 120)


def _place(manifest: Manifest) -> Iterator[tuple[str, str]]:
    named = manifest.distribution or dig(manifest.entrypoint, "path") or manifest.builder or ""
    yield "builder", clipped(f"{named} {manifest.version or ''}".strip(), 200)
    yield "host", clipped(f"tablehost {dig(manifest.host, 'version') or ''}".strip())
    yield "python", clipped(manifest.python or "")
    machine = (dig(manifest.environment, name) for name in ("platform", "cpu"))
    yield "machine", clipped(", ".join(str(one) for one in machine if one), 200)
    yield "started", moment(manifest.started_at)
    yield "finished", moment(manifest.finished_at)


def _command(manifest: Manifest) -> str:
    argv = dig(manifest.content, "run_provenance", "argv")
    if not isinstance(argv, list) or len(argv) < 2:  # noqa: PLR2004  # the program, and more
        return ""
    return clipped(shell_line(["tablehost", *map(str, argv[1:])]), 20 * LONGEST_VALUE)


def _json(value: Any) -> str:
    return clipped(json.dumps(value, ensure_ascii=False), LONGEST_VALUE)
