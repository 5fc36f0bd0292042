"""Any content of a manifest is read or refused, and what is written is strict JSON."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablehost.contract.errors import ManifestError
from tablehost.manifest import read as manifest
from tablehost.manifest.write import to_json

many = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
BLOCKS = st.dictionaries(
    st.sampled_from(["schema", "run", "table", "run_provenance"]),
    JSON | st.fixed_dictionaries({"schema": JSON | st.from_regex(r"[a-z-]*-v\d*")}),
)


@pytest.mark.outcome("No other error than its own.")
@many
@given(st.binary() | (JSON | BLOCKS).map(lambda value: json.dumps(value).encode()))
def test_a_manifest_is_read_or_refused_and_nothing_else(tmp_path, content):
    path = tmp_path / "t.manifest.json"
    path.write_bytes(content)
    with contextlib.suppress(ManifestError):
        found = manifest.read_typed(path)
        assert found.content == manifest.read(path)
        for name, one in vars(manifest.Manifest).items():
            if isinstance(one, manifest.Recorded):
                assert isinstance(getattr(found, name), one.kind | None)
        assert found.sha256 is None or isinstance(found.sha256, str)
        assert all(isinstance(one, dict) for one in found.failures)


@pytest.mark.outcome("No NaN is written.")
@many
@given(JSON)
def test_what_is_written_as_json_is_strict_and_reads_back(tmp_path, value):
    path = tmp_path / "t.manifest.json"
    with contextlib.suppress(ValueError):  # NaN: `merge` has made null of it before
        path.write_text(to_json({"value": value}), encoding="utf-8")
        assert set(manifest.read(path)) == {"value"}
