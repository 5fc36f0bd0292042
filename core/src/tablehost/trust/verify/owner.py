"""Which table a manifest describes, if not the one beside it."""

from __future__ import annotations

from pathlib import Path

from tablehost.console.text import shown
from tablehost.files.digests import file_digest
from tablehost.trust.evidence.places import locate_file
from tablehost.trust.evidence.rows import RowFacts
from tablehost.trust.evidence.subject import Subject


def owner(subject: Subject, recorded: RowFacts, found: RowFacts) -> str | None:
    """Check whether a manifest is another table's, and not merely of other rows.

    It is where one of these holds:

    - another table is at the path that it records, and is as the manifest says;
    - no column has a name or a digest that it records;
    - the path is of a table with another name, and no column has a digest that it records.

    A manifest that was moved with its table, or whose table was renamed and changed in some
    columns, is none of these.

    Returns:
        A sentence, or None.
    """
    path = subject.manifest.table_path
    if path is not None:
        other = locate_file(subject, path)
        if _is_described(other, subject):
            return f"it is the manifest of {shown(other)}, which is as it says"
    if recorded.columns is None or found.columns is None:
        return None
    if not recorded.share("name", found) and not recorded.share("digest", found):
        return "no column of the table is one of the manifest's"
    renamed = path is not None and Path(path).name != subject.table.name
    if renamed and recorded.digested and found.digested and not recorded.share("digest", found):
        return f"it describes {path}, and no column of this table has values that it records"
    return None


def _is_described(other: Path, subject: Subject) -> bool:
    """Return whether another table is the one that the manifest describes."""
    sha256, size = subject.manifest.sha256, subject.manifest.bytes
    if sha256 is None or not other.is_file() or other.samefile(subject.table):
        return False
    if size is not None and size != other.stat().st_size:
        return False  # spares reading it
    return file_digest(other).sha256 == sha256
