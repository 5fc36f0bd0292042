"""What goes wrong with a file: a limit to its size, and damage to a database."""

import os
import resource
import sqlite3
from contextlib import closing


def limited(size):
    """Return what gives a command files of at most a size."""
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}


def zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def text(path):
    path.write_text("this is not a database, and it is longer than a header of one is" * 40)


def newer(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def another(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE other (a)")
