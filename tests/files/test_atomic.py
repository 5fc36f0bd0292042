"""Files that the host makes and reads through no link."""

import os
import stat

from tablehost.files import atomic


def test_a_file_is_made_through_no_link_and_read_through_none(tmp_path):
    target = tmp_path / "target"
    target.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(target)
    assert atomic.own_digest(link) is None
    with atomic.create(link) as file:
        file.write(b"new")
    assert target.read_text() == "mine"
    assert stat.S_ISREG(link.lstat().st_mode)
    os.mkfifo(tmp_path / "fifo")
    assert atomic.own_digest(tmp_path / "fifo") is None
    assert atomic.own_digest(tmp_path) is None
