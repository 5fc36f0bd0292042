"""Of which table is a manifest, if its rows are not those of the table beside it?"""

from __future__ import annotations

from pathlib import Path

from tablehost.console.text import shown
from tablehost.files.digests import file_digest
from tablehost.trust.evidence.places import locate
from tablehost.trust.evidence.rows import Facts
from tablehost.trust.evidence.subject import Subject


def owner(subject: Subject, told: Facts, found: Facts) -> str | None:
    """Tell whether a manifest is another table's, and not merely of other rows.

    It is where one of these holds:

    - the path that it gives its table leads to another one, which is as the manifest says;
    - no column has a name that it tells, nor a digest;
    - the path is of a table with another name, and no column has a digest that it tells.

    A manifest that was moved with its table, or whose table was renamed and changed in some
    columns, is none of these.

    Args:
        subject: the table, whose rows or columns are not as the manifest says.
        told: by the manifest.
        found: in the table.

    Returns:
        A sentence, or None.
    """
    path = subject.told.get("path")
    if isinstance(path, str):
        other = locate(subject, path)
        if _is_as_told(other, subject):
            return f"it is the manifest of {shown(other)}, which is as it says"
    if told.columns is None or found.columns is None:
        return None
    if not told.share("name", found) and not told.share("digest", found):
        return "no column of the table is one of the manifest's"
    renamed = isinstance(path, str) and Path(path).name != subject.table.name
    if renamed and told.digested and found.digested and not told.share("digest", found):
        return f"it tells of {path}, and no column of this table has values that it tells"
    return None


def _is_as_told(other: Path, subject: Subject) -> bool:
    """Tell whether another table is the one that the manifest speaks of."""
    sha256, size = subject.sha256, subject.says("table", "bytes")
    if sha256 is None or not other.is_file() or other.samefile(subject.table):
        return False
    if isinstance(size, int) and size != other.stat().st_size:
        return False  # spares reading it
    return file_digest(other).sha256 == sha256
