"""The teacher model of each input, and the check that all inputs have the same one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from tablehost import Refused
from tablehost_combine.columns import LONGEST_NAME, TEACHER

if TYPE_CHECKING:
    from tablehost_combine.fields import TeacherFrom
    from tablehost_combine.shards import Shard


@frozen(kw_only=True)
class Teacher:
    """The teacher of one input.

    Args:
        name: None where it is unknown.
        known_from: how it is known.
        assumed: whether it was assumed of some of its rows or of all.
    """

    name: str | None
    known_from: TeacherFrom
    assumed: bool = False


def agree(shards: Sequence[Shard], assumed: str | None) -> list[Teacher]:
    """Return the teacher of every input; all known ones are the same.

    Args:
        shards: the inputs.
        assumed: the teacher of those without a record of theirs.

    Raises:
        Refused: an input has several, two differ, or only some are known.
    """
    problems = list(_within(shards, assumed))
    if problems:
        raise Refused(problems)
    own = [_own_teacher(shard) for shard in shards]
    first: dict[str, str] = {}
    unknown = []
    for shard, teacher in zip(shards, own, strict=True):
        if teacher.name is None:
            unknown.append(shard)
        else:
            first.setdefault(teacher.name, f"{shard}, by its {teacher.known_from}")
    if assumed is not None:
        first.setdefault(assumed, f"{_listed(unknown) or 'every input'}, by --assume-teacher")
    for name, where in first.items():
        if len(name) > LONGEST_NAME:
            problem = (
                f"the teacher {name[:20]!r}... of {where} has {len(name)} letters; give it a name "
                f"of {LONGEST_NAME} at most"
            )
            raise Refused([problem])
    if len(first) > 1:
        listed = "; ".join(f"{name!r} of {where}" for name, where in first.items())
        problem = f"inputs of different teachers: {listed}; combine those of one teacher only"
        raise Refused([problem])
    if first and unknown and assumed is None:
        (name,) = first
        problem = (
            f"the teacher of {_listed(unknown)} is unknown, that of others is {name!r}; "
            f"if you know it to be the same, --assume-teacher {name}"
        )
        raise Refused([problem])
    known_from: TeacherFrom = "assumed" if assumed else "unknown"
    fallback = Teacher(name=assumed, known_from=known_from, assumed=assumed is not None)
    return [teacher if teacher.name is not None else fallback for teacher in own]


def _within(shards: Iterable[Shard], assumed: str | None) -> Iterable[str]:
    """Yield a problem for every input whose own rows do not have one teacher."""
    for shard in shards:
        column = shard.teacher_column
        if column is None or not column.names:
            continue
        if len(column.names) > 1:
            names = ", ".join(map(repr, column.names))
            yield f"{shard}: rows of different teachers ({names}); split it by {TEACHER}"
        elif column.missing and assumed is None:
            (name,) = column.names
            yield (
                f"{shard}: {column.missing} rows without {TEACHER} beside those of {name!r}; "
                f"if you know it to be the same, --assume-teacher {name}"
            )
        elif column.missing and assumed != column.names[0]:
            yield (
                f"{shard}: rows of the teacher {column.names[0]!r}, and {column.missing} without "
                f"one, which --assume-teacher would make {assumed!r}; split it by {TEACHER}"
            )


def _own_teacher(shard: Shard) -> Teacher:
    if shard.teacher_column is not None and shard.teacher_column.names:
        column = shard.teacher_column
        return Teacher(name=column.names[0], known_from="column", assumed=column.missing > 0)
    if shard.recorded_teacher is not None:
        return Teacher(name=shard.recorded_teacher, known_from="manifest")
    return Teacher(name=None, known_from="unknown")


def _listed(shards: Sequence[Shard]) -> str:
    return ", ".join(map(str, shards))
