"""Remove secrets from all that is written or shown."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from tablehost.options.fields import REDACTED, options_of


@frozen
class Redaction:
    """Removes the secrets of one run from text, in every spelling.

    Args:
        spellings: what to remove, the longest first.
    """

    spellings: tuple[str, ...]

    @classmethod
    def of(cls, options: Any) -> Redaction:
        """Collect the secrets of an options instance."""
        return cls.of_values(one for values in secrets_of(options).values() for one in values)

    @classmethod
    def of_values(cls, values: Iterable[str]) -> Redaction:
        """Remove values in every spelling."""
        found = {spelling for value in values for spelling in _spellings(value)}
        return cls(tuple(sorted(found, key=len, reverse=True)))

    def __call__(self, text: str) -> str:
        """Return text without secrets."""
        for spelling in self.spellings:
            text = text.replace(spelling, REDACTED)
        return text

    @property
    def of_lines(self) -> Redaction:
        """Return what removes the secrets from single lines: each line of a longer one, too."""
        lines = {line for one in self.spellings for line in one.splitlines() if len(line) > 3}  # noqa: PLR2004  # shorter ones are in any text
        return Redaction(tuple(sorted({*self.spellings, *lines}, key=len, reverse=True)))

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the secrets from a log record; a filter of a logging handler."""
        record.msg, record.args = self(record.getMessage()), ()
        return True


def secret_options(options: Any) -> tuple[str, ...]:
    """Return the names of the secret options."""
    return tuple(option.name for option in options_of(type(options)) if option.secret)


def secrets_of(options: Any) -> dict[str, list[str]]:
    """Return the values of each secret option, as text."""
    found = {}
    for name in secret_options(options):
        value = getattr(options, name)
        each = value if isinstance(value, tuple) else (value,)
        found[name] = [str(one) for one in each if one not in (None, "")]
    return found


def _spellings(value: str) -> Iterator[str]:
    import json  # most builders have no secret

    yield value
    yield repr(value)[1:-1]
    yield json.dumps(value)[1:-1]
