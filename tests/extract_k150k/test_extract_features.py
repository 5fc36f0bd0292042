import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost.records import Records
from tablehost_extract_k150k.features import (
    FEATURES,
    KNOWN,
    aggregate,
    identity_value,
    mean_and_std,
    table_schema,
)
from tablehost_extract_k150k.rows import record_batches
from tablehost_extract_k150k.score import ClipRow

METADATA = Records(names=pa.array(["a"]), columns={"chug_name": pa.array(["x"])})

# Word by word as the decision record has it.
LOCKED = (
    "adm2 adm_scale0 adm_scale1 adm_scale2 adm_scale3 vif_scale0 vif_scale1 vif_scale2 vif_scale3 "
    "motion motion2 motion3 psnr_y psnr_cb psnr_cr float_ssim float_ms_ssim cambi ciede2000 "
    "psnr_hvs vmaf speed_temporal speed_chroma_u speed_chroma_v speed_chroma_uv adm3"
).split()


def test_the_order_of_the_columns_is_locked():
    names = table_schema(METADATA.columns).names
    fixed = ["clip_name", "mos", "width", "height", "fps", "is_hdr", "motion_fps_weight"]
    features = [f"{name}_{part}" for name in LOCKED for part in ("mean", "std")]
    assert names == [*fixed, *features, "chug_name"]


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf))))
def test_mean_and_std_are_numpys_over_the_finite_frames(values):
    finite = [value for value in values if value is not None and math.isfinite(value)]
    mean, std = mean_and_std(values)
    if not finite:
        assert (mean, std) == (None, None)
        return
    assert mean == pytest.approx(np.mean(finite), rel=1e-9, abs=1e-9)
    assert std == pytest.approx(np.std(finite), rel=1e-9, abs=1e-6)


@given(st.floats(-1e3, 1e3), st.integers(1, 500))
def test_a_constant_feature_has_its_value_and_no_deviation(value, count):
    assert mean_and_std([value] * count) == (value, 0.0)


@pytest.mark.parametrize(("bits", "psnr"), [(8, 60.0), (10, 72.0)])
def test_what_is_filled_in_is_what_the_domain_knows(bits, psnr):
    values = {feature.name: identity_value(feature, bits) for feature in KNOWN}
    assert values == {
        **dict.fromkeys(("psnr_y", "psnr_cb", "psnr_cr"), psnr),
        **dict.fromkeys(("float_ssim", "float_ms_ssim"), 1.0),
        **dict.fromkeys(("ciede2000", "psnr_hvs")),
        **dict.fromkeys(("speed_temporal", "speed_chroma_u"), 0.0),
        **dict.fromkeys(("speed_chroma_v", "speed_chroma_uv"), 0.0),
    }


def test_cambi_is_looked_up_by_the_key_of_its_transfer_function():
    frame = dict.fromkeys([feature.key for feature in FEATURES], 0.0) | {"cambi_eotf_pq": 5.0}
    means = {
        is_hdr: aggregate([frame], measure="all", is_hdr=is_hdr, scored_bits=10)[17][0]
        for is_hdr in (True, False)
    }
    assert means == {True: 5.0, False: 0.0}


def row(name):
    none = [None] * len(FEATURES)
    return ClipRow(
        clip_name=name,
        width=2,
        height=1,
        fps=None,
        is_hdr=False,
        motion_fps_weight=1.0,
        bit_depth=8,
        frames=1,
        means=[1.0, *none[1:]],
        stds=none,
    )


def test_rows_are_joined_with_label_and_metadata():
    schema = table_schema(METADATA.columns)
    batches = record_batches(
        map(row, "abc"), schema, labels={"b": 3.0}, metadata=METADATA, leave_out={"c"}
    )
    first, second = pa.Table.from_batches(batches, schema).to_pylist()
    assert (first["clip_name"], first["mos"], first["chug_name"]) == ("a", None, "x")
    assert (second["clip_name"], second["mos"], second["chug_name"]) == ("b", 3.0, None)
    assert first["adm2_mean"] == 1.0
    assert math.isnan(first["adm2_std"])
    assert first["fps"] is None


def test_rows_come_in_blocks_and_are_read_as_they_are_wanted():
    read = []

    def rows():
        for number in range(10_000):
            read.append(number)
            yield row(str(number))

    batches = record_batches(rows(), table_schema({}), labels={}, metadata=Records())
    assert next(batches).num_rows == 4096
    assert len(read) == 4096
    assert [batch.num_rows for batch in batches] == [4096, 1808]
