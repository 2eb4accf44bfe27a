from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.evaluation.calibration import (
    LabelledLogits,
    expected_calibration_error,
    fit_temperature,
    joined,
    sample_band,
)


def drawn(temperature: float, pixels: int = 40_000) -> LabelledLogits:
    """Labels drawn from the softmax of logits / temperature: calibrated at that temperature."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 3, (pixels, 3)).astype(np.float32)
    powers = np.exp(logits / temperature)
    share = powers / powers.sum(axis=1, keepdims=True)
    labels = (random.random((pixels, 1)) > share.cumsum(axis=1)).sum(axis=1)
    return LabelledLogits(logits, labels.astype(np.uint8))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(temperature):
    assert fit_temperature(drawn(temperature)) == pytest.approx(temperature, rel=0.05)


def test_calibration_error_falls_to_nothing_at_the_right_temperature():
    samples = drawn(2.5)
    assert expected_calibration_error(samples, 1.0) > 0.1
    assert expected_calibration_error(samples, 2.5) < 0.02


def test_calibration_error_of_certain_and_always_wrong_is_one():
    samples = LabelledLogits(np.tile(np.float32([[50, 0]]), (10, 1)), np.ones(10, np.uint8))
    assert expected_calibration_error(samples, 1.0) == pytest.approx(1.0)


def test_only_pixels_near_a_structure_are_sampled():
    logits = np.zeros((2, 100, 100), np.float32)
    logits[0] = 1.0
    labels = np.zeros((100, 100), np.uint8)
    labels[50, 50] = 1
    samples = sample_band(logits, labels, np.random.default_rng(0))
    assert len(samples.labels) == 17 * 17
    assert samples.labels.sum() == 1


def test_without_any_structure_the_temperature_stays_one():
    nothing = sample_band(
        np.stack([np.ones((8, 8)), np.zeros((8, 8))]).astype(np.float32),
        np.zeros((8, 8), np.uint8),
        np.random.default_rng(0),
    )
    assert fit_temperature(joined([nothing, nothing])) == 1.0
