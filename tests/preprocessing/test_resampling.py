"""Resizing planes: exact where nothing changes, centred where something does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omniseg_backend.preprocessing.resampling import resize_channels, resize_labels, resize_plane


def test_the_same_shape_is_the_same_array() -> None:
    plane = np.random.default_rng(0).normal(size=(9, 7)).astype(np.float32)
    assert resize_plane(plane, (9, 7)) is plane


def test_halving_averages_instead_of_skipping() -> None:
    stripes = np.tile(np.array([0.0, 1.0], np.float32), (16, 8))
    inner = resize_plane(stripes, (8, 8))[:, 1:-1]
    np.testing.assert_allclose(inner, 0.5, atol=1e-6)


@settings(max_examples=30)
@given(rows=st.integers(8, 90), columns=st.integers(8, 90))
def test_pixel_centres_stay_aligned(rows: int, columns: int) -> None:
    """A ramp over space is the same ramp on any grid, away from the repeated edges."""
    down = (np.arange(40, dtype=np.float32) + 0.5) / 40
    ramp = np.tile(down[:, np.newaxis], (1, 40))
    resized = resize_plane(ramp, (rows, columns))[:, 0]
    expected = (np.arange(rows) + 0.5) / rows
    inside = slice(math.ceil(rows / 20), -math.ceil(rows / 20))
    # The filter's samples fall between pixels: a third of a source pixel at most.
    assert np.abs(resized - expected)[inside].max() < 0.34 / 40
    np.testing.assert_allclose(
        resize_plane(ramp[::-1], (rows, columns))[::-1, 0], resized, atol=1e-6
    )


def test_channels_are_resized_alone() -> None:
    channels = np.random.default_rng(1).normal(size=(3, 20, 30)).astype(np.float32)
    resized = resize_channels(channels, (13, 11))
    for channel, expected in zip(resized, channels, strict=True):
        np.testing.assert_array_equal(channel, resize_plane(expected, (13, 11)))


def test_probabilities_still_add_up_to_one() -> None:
    logits = np.random.default_rng(2).normal(size=(4, 32, 32)).astype(np.float32)
    soft = np.exp(logits) / np.exp(logits).sum(axis=0)
    np.testing.assert_allclose(resize_channels(soft, (77, 51)).sum(axis=0), 1.0, atol=1e-5)


@pytest.mark.parametrize("shape", [(64, 64), (20, 28), (31, 17)])
def test_labels_never_mix_into_new_classes(shape: tuple[int, int]) -> None:
    # Averaging the values 1 and 3 would invent a class 2 along their border.
    labels = np.repeat(np.array([[1, 3]], np.uint8), 20, axis=1).repeat(28, axis=0)
    resized = resize_labels(labels, shape, 4)
    assert set(np.unique(resized)) == {1, 3}
    assert (resized == 1).mean() == pytest.approx(0.5, abs=0.04)
