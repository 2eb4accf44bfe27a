"""Timing both kinds of arithmetic, with a model and without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from omniseg_backend.common.errors import BundleError
from omniseg_backend.inference.int8_speed import int8_speedup, measure_bundle
from tests.inference.conftest import MakeBundle
from tests.inference.int8_makers import eight_bit_bundle


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNISEG_HOME", str(tmp_path / "home"))


def test_without_a_model_that_has_ranges_a_probe_answers(make_bundle: MakeBundle) -> None:
    assert int8_speedup(None, threads=1, runs=1) > 0
    assert int8_speedup(make_bundle(), threads=1, runs=1) > 0


def test_a_bundle_is_timed_in_pairs(make_bundle: MakeBundle, omnisegnet_model: bytes) -> None:
    bundle = eight_bit_bundle(make_bundle, omnisegnet_model)
    ((floats, integers),) = measure_bundle(bundle, (64,), threads=1, runs=2)
    assert floats.runs == integers.runs == 2


def test_a_bundle_without_ranges_cannot_be_timed(make_bundle: MakeBundle) -> None:
    with pytest.raises(BundleError, match="without activation ranges"):
        measure_bundle(make_bundle(), (64,), threads=1, runs=1)
