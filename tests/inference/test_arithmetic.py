"""When a network runs in 8 bits: on request, or by what was measured; never at a loss."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.errors import BundleError, UsageError
from omniseg_backend.inference.arithmetic import chosen_arithmetic
from omniseg_backend.inference.arithmetic_choice import ArithmeticChoice
from omniseg_backend.inference.estimate import estimate
from omniseg_backend.inference.host_speed import (
    host_speed_path,
    int8_is_known_faster,
    keep_host_speed,
    kept_host_speed,
)
from omniseg_backend.inference.segment import segment
from omniseg_backend.inference.session_cache import SESSIONS, SessionCache
from tests.inference.conftest import MakeBundle, MakeVolume
from tests.inference.int8_makers import eight_bit_bundle

AUTO, FP32, INT8 = ArithmeticChoice.AUTO, ArithmeticChoice.FP32, ArithmeticChoice.INT8


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMNISEG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def bundle(make_bundle: MakeBundle, omnisegnet_model: bytes) -> Bundle:
    return eight_bit_bundle(make_bundle, omnisegnet_model)


@pytest.mark.parametrize(("speedup", "expected"), [(1.4, "int8"), (0.9, "fp32"), (1.0, "fp32")])
def test_auto_goes_by_what_doctor_kept(bundle: Bundle, speedup: float, expected: str) -> None:
    assert chosen_arithmetic(bundle, AUTO) == "fp32"
    keep_host_speed(speedup)
    assert chosen_arithmetic(bundle, AUTO) == expected
    assert chosen_arithmetic(bundle, FP32) == "fp32"
    assert chosen_arithmetic(bundle, INT8) == "int8"


@pytest.mark.parametrize(("field", "other"), [("cpu", "x"), ("runtime", "x"), ("forms", 1)])
def test_a_figure_of_another_machine_or_software_does_not_count(field: str, other: object) -> None:
    keep_host_speed(2.0)
    assert int8_is_known_faster()
    content = json.loads(host_speed_path().read_text())
    host_speed_path().write_text(json.dumps({**content, field: other}))
    assert kept_host_speed() is None
    assert not int8_is_known_faster()


@pytest.mark.parametrize("content", ["", "{}", "[1", '{"int8_speedup": -1}'])
def test_a_damaged_figure_does_not_count(content: str) -> None:
    keep_host_speed(2.0)
    host_speed_path().write_text(content)
    assert not int8_is_known_faster()


def test_a_model_without_ranges_runs_in_32_bits_or_is_refused(make_bundle: MakeBundle) -> None:
    keep_host_speed(2.0)
    old = make_bundle()
    assert chosen_arithmetic(old, AUTO) == "fp32"
    with pytest.raises(BundleError, match=r"without activation ranges.*--arithmetic fp32"):
        chosen_arithmetic(old, INT8)


@pytest.mark.parametrize(("dice", "refused"), [(0.894, True), (0.8951, False), (0.95, False)])
def test_more_than_half_a_point_of_dice_is_refused(
    make_bundle: MakeBundle, omnisegnet_model: bytes, dice: float, refused: bool
) -> None:
    keep_host_speed(2.0)
    losing = eight_bit_bundle(make_bundle, omnisegnet_model, dice_fp32=0.9, dice_int8=dice)
    assert chosen_arithmetic(losing, AUTO) == ("fp32" if refused else "int8")
    if refused:
        with pytest.raises(BundleError, match=r"falls by 0\.60 points.*at most 0\.5 points"):
            chosen_arithmetic(losing, INT8)


def test_8_bits_are_for_the_cpu(bundle: Bundle) -> None:
    keep_host_speed(2.0)
    assert chosen_arithmetic(bundle, AUTO, "gpu") == "fp32"
    with pytest.raises(UsageError, match="int8 on a GPU"):
        chosen_arithmetic(bundle, INT8, "gpu")


def test_the_output_says_what_ran(bundle: Bundle, make_volume: MakeVolume, home: Path) -> None:
    image = make_volume(np.random.default_rng(0).standard_normal((64, 64, 1)))
    floats, eight = (segment(image, bundle, arithmetic=one) for one in (FP32, INT8))
    plain = segment(image, bundle)
    origins = [one.segmentation.provenance for one in (floats, eight, plain)]
    assert [one.arithmetic for one in origins if one] == ["fp32", "int8", "fp32"]
    assert origins[1] is not None
    assert ", int8)" in origins[1].as_text()
    assert len(list((home / "cache" / "int8").iterdir())) == 1
    assert np.array_equal(floats.segmentation.labels, plain.segmentation.labels)


def test_an_estimate_is_of_the_same_arithmetic(bundle: Bundle, make_volume: MakeVolume) -> None:
    image = make_volume(np.zeros((64, 64, 1)))
    SESSIONS.clear()
    estimate(image, bundle, arithmetic=INT8)
    assert SESSIONS.get(bundle, arithmetic="int8").batch_seconds
    assert not SESSIONS.get(bundle).batch_seconds


def test_a_processor_that_computes_otherwise_is_refused(
    make_bundle: MakeBundle, omnisegnet_model: bytes
) -> None:
    """The ranges are so narrow that everything is clipped, which nobody measured."""
    honest = eight_bit_bundle(make_bundle, omnisegnet_model)
    record = honest.manifest.int8
    assert record is not None
    narrow = dict.fromkeys(record.ranges, (-0.001, 0.001))
    wrong = eight_bit_bundle(make_bundle, omnisegnet_model, ranges=narrow, self_test_mismatch=0.0)
    with pytest.raises(BundleError, match="8-bit arithmetic that puts"):
        SessionCache().get(wrong, arithmetic="int8")
