from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.evaluation.corruptions import CORRUPTIONS, corrupt
from omniseg_backend.images.image import Image


def picture(dtype) -> Image:
    pixels = np.random.default_rng(0).integers(0, 200, (40, 30)).astype(dtype)
    return Image.from_picture(pixels)


@pytest.mark.parametrize("kind", sorted(CORRUPTIONS))
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_a_corrupted_image_keeps_type_and_geometry_and_changes(kind, dtype):
    image = picture(dtype)
    altered = corrupt(image, kind, seed=3)
    assert altered.array.dtype == dtype
    assert altered.array.shape == image.array.shape
    assert altered.geometry.is_close(image.geometry)
    assert not np.array_equal(altered.array, image.array)
    assert np.isfinite(altered.array.astype(float)).all()


@pytest.mark.parametrize("kind", sorted(CORRUPTIONS))
def test_the_seed_decides(kind):
    image = picture(np.uint8)
    same = [corrupt(image, kind, seed=1).array for _ in range(2)]
    other = corrupt(image, kind, seed=2).array
    assert np.array_equal(*same)
    assert not np.array_equal(same[0], other)


def test_blur_lowers_the_spread_and_noise_raises_it():
    image = picture(np.float32)
    spread = image.array.std()
    assert corrupt(image, "blur", seed=0).array.std() < 0.5 * spread
    assert corrupt(image, "noise", seed=0).array.std() > spread
