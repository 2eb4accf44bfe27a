"""Every modality's scaling: known values, and what must not change it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.modality import Modality
from omniseg_backend.preprocessing.normalisation import fit_scale
from omniseg_backend.preprocessing.settings import (
    Colour,
    ForegroundPercentiles,
    Normalisation,
    Percentiles,
    RobustZScore,
    Window,
    default_normalisation,
)

ALL = (
    Window(low=-160, high=240),
    ForegroundPercentiles(low=-50, high=200, mean=80, deviation=40),
    RobustZScore(),
    Percentiles(),
)


@pytest.fixture
def frame() -> np.ndarray:
    """Two channels of a volume, without a zero voxel."""
    return np.random.default_rng(0).normal(300, 80, (2, 20, 16, 12)).astype(np.float32) + 1000


def test_a_window_maps_its_ends_to_minus_one_and_one() -> None:
    values = np.array([-1000, -160, 40, 240, 3000], np.int16).reshape(1, 5, 1, 1)
    scaled = fit_scale(Window(low=-160, high=240), values).apply(values)
    np.testing.assert_allclose(scaled.ravel(), [-1, -1, 0, 1, 1], atol=1e-6)


def test_foreground_percentiles_clip_then_standardise() -> None:
    values = np.array([-1000, 80, 120, 3000], np.int16).reshape(1, 4, 1, 1)
    settings = ForegroundPercentiles(low=-40, high=200, mean=80, deviation=40)
    scaled = fit_scale(settings, values).apply(values)
    np.testing.assert_allclose(scaled.ravel(), [-3, 0, 1, 3], atol=1e-6)


def test_the_robust_z_score_of_a_normal_image_is_its_z_score() -> None:
    values = np.random.default_rng(1).normal(500, 70, (1, 100, 100, 20)).astype(np.float32)
    scaled = fit_scale(RobustZScore(), values).apply(values)
    assert abs(float(np.median(scaled))) < 1e-3
    middle = np.abs(values - 500) < 100
    np.testing.assert_allclose(scaled[middle], ((values - 500) / 70)[middle], atol=0.03)


@settings(max_examples=40)
@given(gain=st.floats(0.01, 100), offset=st.floats(-5000, 5000))
def test_mri_does_not_depend_on_the_scanners_scale(gain: float, offset: float) -> None:
    values = np.random.default_rng(2).gamma(4.0, 50.0, (1, 12, 12, 12)) + 10
    changed = values * gain + offset
    # Zero voxels are taken as masked air; an offset may move a voxel onto exactly zero.
    changed[changed == 0] = 1e-9
    expected = fit_scale(RobustZScore(), values).apply(values)
    found = fit_scale(RobustZScore(), changed).apply(changed)
    # 32-bit values of about 5000 are known to 0.0005, which a small gain magnifies.
    tolerance = 1e-3 + 4e-3 * abs(offset) / (gain * 1000)
    np.testing.assert_allclose(found, expected, atol=tolerance)


def test_mri_ignores_masked_air() -> None:
    inside = np.random.default_rng(3).normal(400, 50, (1, 20, 20, 20))
    padded = np.zeros((1, 60, 20, 20))
    padded[:, 20:40] = inside
    expected = fit_scale(RobustZScore(), inside)
    found = fit_scale(RobustZScore(), padded)
    np.testing.assert_allclose(found.centre, expected.centre)
    np.testing.assert_allclose(found.width, expected.width)


def test_percentiles_survive_a_burnt_in_caption() -> None:
    values = np.random.default_rng(4).uniform(20, 120, (1, 200, 200, 1)).astype(np.uint8)
    captioned = values.copy()
    captioned[0, :10, :10] = 255
    plain = fit_scale(Percentiles(), values).apply(values)
    found = fit_scale(Percentiles(), captioned).apply(captioned)
    assert np.abs(plain - found)[0, 20:].max() < 0.05
    assert found.max() == 1.0
    assert found.min() == -1.0


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.array([0, 51, 255], np.uint8), [-1, -0.6, 1]),
        (np.array([0, 13107, 65535], np.uint16), [-1, -0.6, 1]),
        (np.array([0, 0.2, 1.0], np.float32), [-1, -0.6, 1]),
    ],
)
def test_colour_takes_the_types_full_range(pixels: np.ndarray, expected: list[float]) -> None:
    frame = np.broadcast_to(pixels.reshape(1, 3, 1, 1), (3, 3, 1, 1))
    scaled = fit_scale(Colour(), frame).apply(frame)
    np.testing.assert_allclose(scaled[1].ravel(), expected, atol=1e-6)


def test_a_dark_picture_stays_dark() -> None:
    dark = np.full((3, 4, 4, 1), 51, np.uint8)
    np.testing.assert_allclose(fit_scale(Colour(), dark).apply(dark), -0.6, atol=1e-6)


def test_colour_of_unbounded_real_values_is_refused() -> None:
    with pytest.raises(DataError, match="from 0 to 1"):
        fit_scale(Colour(), np.full((3, 2, 2, 1), 200.0))


@pytest.mark.parametrize("normalisation", ALL, ids=lambda n: n.kind)
def test_a_slab_is_scaled_as_the_whole(normalisation: Normalisation, frame: np.ndarray) -> None:
    scale = fit_scale(normalisation, frame)
    whole = scale.apply(frame)
    np.testing.assert_array_equal(scale.apply(frame[:, :, :, 3:5]), whole[:, :, :, 3:5])


@pytest.mark.parametrize("normalisation", ALL, ids=lambda n: n.kind)
def test_channels_are_scaled_alone(normalisation: Normalisation, frame: np.ndarray) -> None:
    together = fit_scale(normalisation, frame).apply(frame)
    alone = fit_scale(normalisation, frame[1:]).apply(frame[1:])
    np.testing.assert_array_equal(together[1:], alone)


@pytest.mark.parametrize("normalisation", ALL, ids=lambda n: n.kind)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_a_constant_image_gives_finite_values(
    normalisation: Normalisation, dtype: type[np.generic]
) -> None:
    constant = np.full((1, 4, 4, 4), 7, dtype)
    scaled = fit_scale(normalisation, constant).apply(constant)
    assert scaled.dtype == np.float32
    assert np.isfinite(scaled).all()
    assert np.ptp(scaled) == 0


@pytest.mark.parametrize("normalisation", ALL, ids=lambda n: n.kind)
def test_the_floor_is_what_the_darkest_value_becomes(
    normalisation: Normalisation, frame: np.ndarray
) -> None:
    scale = fit_scale(normalisation, frame)
    darkest = scale.apply(np.full((2, 1, 1, 1), -1e6, np.float32))
    np.testing.assert_allclose(scale.floor, darkest.ravel(), rtol=1e-5)


def test_percentiles_of_a_large_volume_are_those_of_its_sample() -> None:
    ramp = np.broadcast_to(
        np.linspace(0, 1000, 400, dtype=np.float32), (1, 150, 150, 400)
    )  # nine million voxels, so every other one is looked at
    scale = fit_scale(Percentiles(low=10, high=90), ramp)
    np.testing.assert_allclose([scale.low[0], scale.high[0]], [100, 900], atol=5)


def test_each_modality_has_its_usual_normalisation() -> None:
    usual = {modality: default_normalisation(modality, 1).kind for modality in Modality}
    assert usual == {
        Modality.CT: "window",
        Modality.MRI: "robust_zscore",
        Modality.ULTRASOUND: "percentiles",
        Modality.OCT: "percentiles",
        Modality.MICROSCOPY: "percentiles",
        Modality.DERMOSCOPY: "percentiles",
        Modality.ENDOSCOPY: "percentiles",
    }
    assert default_normalisation(Modality.DERMOSCOPY, 3).kind == "colour"
    assert default_normalisation(Modality.ENDOSCOPY, 3).kind == "colour"
