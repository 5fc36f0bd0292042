"""A folder of any size is listed in bounded memory."""

import os

from hypothesis import given
from hypothesis import strategies as st

from tablehost.files.states_on_disk import StatesOnDisk

NAMES = st.binary(min_size=1).map(os.fsdecode)
STATES = st.tuples(*[st.integers(-(2**63), 2**64 - 1)] * 5)


@given(st.dictionaries(NAMES, STATES))
def test_states_on_disk_are_those_in_memory_in_the_order_of_the_names_bytes(states):
    on_disk = StatesOnDisk(states.items())
    assert on_disk == states
    assert list(on_disk) == sorted(states, key=os.fsencode)
    assert [on_disk[name] for name in on_disk] == [state for _, state in on_disk.items()]


LIST_MANY = """
from pathlib import Path
from tablehost.files.folder_listing import digest_of, listing_lines, read_listing, write_listing
from tablehost.files.states_on_disk import StatesOnDisk

def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

def names(count):
    return (f"{7919 * number % 100_003:06d}/a-clip-with-a-name.mp4" for number in range(count))

def listed(count):
    states = StatesOnDisk((name, (1, 2, 3, 2**60, 2**60)) for name in names(count))
    entries = ((name, "0" * 64) for name, _ in states.items())
    listing = write_listing(Path("clips"), listing_lines(entries))
    assert digest_of(listing_lines(read_listing(listing.path))) == listing.digest

listed(1000)
before = peak()
listed(40_000)
print((peak() - before) / 1000)
"""


def test_the_listing_of_many_files_takes_no_memory_for_each(project):
    ended = project.python(LIST_MANY)
    assert ended.code == 0, ended.err
    assert float(ended.out) < 8  # as a dict their states take 18 MB
