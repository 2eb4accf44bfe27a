from __future__ import annotations

import math

import numpy as np
import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.metrics.volume import volume_error


def test_signed_and_relative():
    truth = np.arange(20) < 8
    prediction = np.arange(20) < 6
    error = volume_error(truth, prediction, 0.5)
    assert (error.truth, error.prediction) == (4.0, 3.0)
    assert error.signed == -1.0
    assert error.relative == -0.25
    assert volume_error(prediction, truth, 0.5).relative == pytest.approx(1 / 3)


def test_relative_needs_a_truth():
    empty, full = np.zeros(5, bool), np.ones(5, bool)
    assert volume_error(empty, full, 2.0).signed == 10.0
    assert volume_error(empty, full, 2.0).relative is None
    assert volume_error(empty, empty, 2.0).relative is None
    assert volume_error(full, empty, 2.0).relative == -1.0


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 0.7, 1.9)])
def test_sphere_has_its_volume(spacing):
    radius = 18.0
    shape = tuple(math.ceil(40.0 / step) for step in spacing)
    grid = np.ogrid[tuple(slice(0, n) for n in shape)]
    squares = sum(
        ((axis - (n - 1) / 2) * step) ** 2
        for axis, n, step in zip(grid, shape, spacing, strict=True)
    )
    sphere = squares <= radius**2
    error = volume_error(sphere, np.zeros_like(sphere), math.prod(spacing))
    assert error.truth == pytest.approx(4 / 3 * math.pi * radius**3, rel=0.02)


def test_refuses_a_voxel_without_size():
    mask = np.ones(3, bool)
    for size in (0.0, -1.0, math.nan):
        with pytest.raises(DataError, match="voxel size"):
            volume_error(mask, mask, size)
