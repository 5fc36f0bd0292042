"""What extract and enrich make of one metadata file: the same, with the same sentence."""

import pytest

GOOD = b'{"src": "x/b.mp4", "chug_name": "n"}'


def line(values):
    return b'{"src": "x/a.mp4", ' + values + b"}"


PROBES = {
    "an integer beyond 2**53 beside a fraction": [
        line(b'"chug_ref": 9007199254740993'),
        b'{"src": "b.mp4", "chug_ref": 0.5}',
    ],
    "types that are mixed over lines": [
        line(b'"chug_ref": 1'),
        b'{"src": "b.mp4", "chug_ref": "1"}',
    ],
    "truth values beside integers": [
        line(b'"chug_ref": true'),
        b'{"src": "b.mp4", "chug_ref": 1}',
    ],
    "types mixed over two lines of one clip": [line(b'"chug_ref": true'), line(b'"chug_ref": 1')],
    "an integer for a name": [b'{"clip_name": 7, "chug_name": "x"}'],
    "a name of its own": [b'{"clip_name": "a.mp4", "chug_name": "x"}'],
    "a name of its own and a file": [b'{"clip_name": "a.mp4", "src": "b.mp4", "chug_ref": 1}'],
    "a fraction for a name": [b'{"clip_name": 7.5, "src": "a.mp4", "chug_name": "x"}'],
    "src is not text, filename is": [b'{"src": 5, "filename": "a.mp4", "chug_name": "x"}'],
    "src ends in a slash, filename does not": [b'{"src": "x/", "filename": "a.mp4"}'],
    "src and filename": [b'{"src": "a.mp4", "filename": "c.mp4", "chug_name": "x"}'],
    "a name with a path": [b'{"src": "https://x/y/a.mp4", "chug_name": "x"}'],
    "a name with backslashes": [b'{"filename": "C:\\\\x\\\\a.mp4", "chug_name": "x"}'],
    "an unpaired surrogate in a name": [b'{"src": "\\ud800.mp4", "chug_name": "x"}'],
    "an unpaired surrogate in a wanted value": [line(b'"chug_content_name": "\\ud800"')],
    "an unpaired surrogate in another value": [line(b'"chug_name": "x", "note": "\\ud800"')],
    "an empty name": [b'{"src": "", "chug_name": "x"}'],
    "no name": [b'{"chug_name": "x"}'],
    "lines of one clip that agree": [line(b'"chug_name": "x"'), line(b'"chug_name": "x", "y": 1')],
    "lines of one clip that agree up to the type": [
        line(b'"chug_ref": 1'),
        line(b'"chug_ref": 1.0'),
    ],
    "lines of one clip that disagree": [line(b'"chug_name": "x"'), line(b'"chug_name": "y"')],
    "lines of one clip of which one says more": [line(b'"chug_name": "x"'), line(b'"chug_ref": 1')],
    "a BOM": [b"\xef\xbb\xbf" + line(b'"chug_name": "x"')],
    "a BOM on another line": [line(b'"chug_ref": 1'), b"\xef\xbb\xbf" + line(b'"chug_ref": 1')],
    "blank lines": [b"", line(b'"chug_name": "x"'), b" \t\r", b""],
    "CRLF": [line(b'"chug_name": "x"') + b"\r", b"\r"],
    "NaN": [line(b'"chug_ref": NaN')],
    "NaN in what is not wanted": [line(b'"note": -Infinity')],
    "a number too large for a float": [line(b'"chug_ref": 1e999')],
    "a line that is no object": [b"[1]", b'"x"', b"null"],
    "more after the object": [line(b'"chug_name": "x"') + b' {"src": "c.mp4"}'],
    "a line that is cut off": [b'{"src": "a.mp4", "chug_na'],
    "a key twice in a line": [line(b'"chug_name": "x", "chug_name": "y"')],
    "a name twice in a line": [b'{"src": "c.mp4", "src": "a.mp4", "chug_name": "y"}'],
    "an object for a value": [line(b'"chug_name": {"a": 1}')],
    "a list for a value": [line(b'"chug_name": [1]')],
    "an object in what is not wanted": [line(b'"note": {"a": [1, {}]}')],
    "lists and objects without end": [line(b'"note": ' + b"[" * 9999 + b"]" * 9999)],
    "an integer beyond 64 bits": [line(b'"chug_ref": 9223372036854775808')],
    "the largest integer": [line(b'"chug_ref": 9223372036854775807')],
    "an integer of 5000 digits in what is not wanted": [line(b'"note": ' + b"9" * 5000)],
    "a line that is not UTF-8": [line(b'"note": "\xff"')],
    "nulls": [line(b'"chug_name": null, "chug_ref": null, "split": null')],
    "an own split": [line(b'"split": "val", "chug_content_name": "c"')],
    "a split that is none": [line(b'"split": "dev", "chug_content_name": "c"')],
    "an integer for a split": [line(b'"split": 1, "chug_content_name": "c"')],
    "an integer for a content": [line(b'"chug_content_name": 7')],
    "a fraction for a content": [line(b'"chug_content_name": 7.5')],
    "an empty content": [line(b'"chug_content_name": ""')],
    "numbers of both types": [
        line(b'"mos_raw_0_100": 1'),
        b'{"src": "b.mp4", "mos_raw_0_100": 1.5}',
    ],
}


@pytest.mark.parametrize("lines", PROBES.values(), ids=PROBES)
def test_extract_and_enrich_read_lines_alike(both, lines):
    both.write("m.jsonl", b"\n".join([*lines, GOOD]))
    assert both.extract("m.jsonl") == both.enrich("m.jsonl")
